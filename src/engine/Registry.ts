/**
 * Which components there are.
 */
import type * as Component from "./Component.ts"

/** Components by name; `R` is what their Layers need. */
export interface Registry<out R> {
  /** By their names, such as `pyroscope.write`. */
  readonly components: ReadonlyMap<string, Component.Any<R>>
}

/** Of two components with one name the later counts. */
export const make = <const Components extends ReadonlyArray<Component.Any>>(
  ...components: Components
): Registry<RequirementsOf<Components[number]>> => ({
  components: new Map(components.map((component) => [component.name, component]))
})

/** A registry with further components. */
export const add = <R, const Components extends ReadonlyArray<Component.Any>>(
  registry: Registry<R>,
  ...components: Components
): Registry<R | RequirementsOf<Components[number]>> => ({
  components: new Map([
    ...registry.components,
    ...components.map((component): [string, Component.Any] => [component.name, component])
  ])
})

/** What the Layer of a component needs. */
export type RequirementsOf<C> = C extends Component.Any<infer R> ? R : never
