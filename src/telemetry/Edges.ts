/**
 * How many profiles go from which block to which.
 */
import { Context, Effect, type Scope } from "effect"
import * as Monotonic from "./Monotonic.ts"
import * as Rates from "./Rates.ts"

/** The counters of one edge of the graph: whoever hands a profile over adds to them. */
export interface Edge {
  profiles: number
  bytes: number
}

/** Where edges are counted. */
export interface Edges {
  /**
   * The counters of the edge between two blocks, until the scope closes. They are the same for as long as anyone has
   * them, so that they go on where a block is built anew beside the old one.
   */
  readonly edge: (from: string, to: string) => Effect.Effect<Edge, never, Scope.Scope>
}

/** Without an engine nobody looks. */
export const Edges = Context.Reference<Edges>("pyroduct/telemetry/Edges", {
  defaultValue: () => ({ edge: () => Effect.sync(zero) })
})

const zero = (): Edge => ({ profiles: 0, bytes: 0 })

/** An edge, as it is seen. */
export interface Traffic extends Rates.Amount {
  /** The ids of the two blocks. */
  readonly from: string
  readonly to: string
  /** Per second, where it is known. */
  readonly rate: Rates.Amount | undefined
}

/** The edges of an engine, for its components and for whoever looks. */
export interface Counted extends Edges {
  readonly read: Effect.Effect<ReadonlyArray<Traffic>>
}

interface Entry {
  readonly from: string
  readonly to: string
  readonly edge: Edge
  holders: number
}

export const make = (): Counted => {
  const entries = new Map<string, Entry>()
  const rates = Rates.make()
  return {
    edge: (from, to) => {
      const key = JSON.stringify([from, to])
      return Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => {
            const entry = entries.get(key) ?? { from, to, edge: zero(), holders: 0 }
            entries.set(key, entry)
            entry.holders++
            return entry
          }),
          (entry) =>
            Effect.sync(() => {
              if (--entry.holders === 0) entries.delete(key)
            })
        ),
        ({ edge }) => edge
      )
    },
    read: Effect.map(
      Monotonic.now,
      (now) =>
        Array.from(
          entries,
          ([key, { edge, from, to }]) => ({ from, to, ...edge, rate: rates.of(key, { ...edge }, now) })
        )
    )
  }
}
