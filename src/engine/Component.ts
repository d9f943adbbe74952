/**
 * A kind of block: its name, its arguments, and the Layer that such arguments make. The engine builds the Layer from a
 * configuration, an application from arguments of its own.
 */
import { Context, type Layer, type Stream } from "effect"
import type { Value } from "../evaluation/Value.ts"
import type { Arguments } from "./Arguments.ts"

export type { Arguments } from "./Arguments.ts"

/** A kind of block. */
export interface Component<A, Provides = never, E = never, R = never> {
  /** `pyroscope.write` */
  readonly name: string
  /** Its blocks have no label, so there is one at most: `logging`. False by default. */
  readonly isSingleton?: boolean
  /** What its block may say. */
  readonly arguments: Arguments<A>
  /** What other blocks may refer to, as `<name>.<label>.<export>`. */
  readonly exports: Readonly<Record<string, Export<Provides>>>
  /** Built anew, beside the old one, when the arguments have changed. */
  readonly layer: (args: A) => Layer.Layer<Provides, E, R>
}

/** A value of a component for other blocks. */
export interface Export<Provides> {
  /** Stands for the export while a configuration is only checked; `Value.unknown` where its type does not say enough. */
  readonly placeholder: Value
  /** For the block of that id, for as long as there is one. */
  // Methods, so that components with different services fit into one registry.
  make(id: string): Exported<Provides>
}

/** The export of a block. */
export interface Exported<Provides> {
  /** What it is before the block's component has been built; nothing where only the component knows. */
  readonly initial: Value | undefined
  /** What it is with this component: the first value comes at once. Run once for each component that is built. */
  values(context: Context.Context<Provides>): Stream.Stream<Value>
}

/** An export that follows what the component gives; equal values in a row are one. */
export const changing = <Provides>(
  placeholder: Value,
  values: (context: Context.Context<Provides>) => Stream.Stream<Value>
): Export<Provides> => ({ placeholder, make: () => ({ initial: undefined, values }) })

/** Any component, with what its Layer needs. */
// What its arguments are is its own business: whoever keeps several components cannot name them all.
// oxlint-disable-next-line typescript/no-explicit-any
export type Any<R = any> = Component<any, never, { readonly message: string }, R>

/** The block id of the component that is being built; empty outside an engine. */
export const ComponentId = Context.Reference<string>("pyroduct/engine/ComponentId", { defaultValue: () => "" })
