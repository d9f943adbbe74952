/**
 * What names mean where an expression stands.
 */
import type { Value } from "./Value.ts"

export interface Scope {
  readonly lookup: (name: string) => Value | undefined
}

/** A name belongs to the first of `layers` that has it: a controller's variables go before the standard library. */
export const make = (...layers: ReadonlyArray<ReadonlyMap<string, Value>>): Scope => ({
  lookup: (name) => layers.find((layer) => layer.has(name))?.get(name)
})
