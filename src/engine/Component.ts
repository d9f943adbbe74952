/**
 * A kind of block: its name, its arguments, and the Layer that such arguments make. The engine builds the Layer from a
 * configuration, an application from arguments of its own.
 */
import { Context, type Layer } from "effect"
import type { Value } from "../evaluation/Value.ts"
import type { Arguments } from "./Arguments.ts"

export interface Component<A, Provides = never, E = never, R = never> {
  /** `pyroscope.write` */
  readonly name: string
  readonly arguments: Arguments<A>
  /** What other blocks may refer to, as `<name>.<label>.<export>`. */
  readonly exports: Readonly<Record<string, Export<Provides>>>
  readonly layer: (args: A) => Layer.Layer<Provides, E, R>
}

export interface Export<Provides> {
  /** Stands for the export while a configuration is only checked. */
  readonly placeholder: Value
  /** The export of a component that runs. */
  // A method, so that components with different services fit into one registry.
  read(context: Context.Context<Provides>): Value
}

/** Any component, with what its Layer needs. */
// What its arguments are is its own business: whoever keeps several components cannot name them all.
// oxlint-disable-next-line typescript/no-explicit-any
export type Any<R = any> = Component<any, never, { readonly message: string }, R>

/** The block id of the component that is being built; empty outside an engine. */
export const ComponentId = Context.Reference<string>("pyroduct/engine/ComponentId", { defaultValue: () => "" })
