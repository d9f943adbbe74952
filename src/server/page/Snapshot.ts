/**
 * What there is of an engine at one moment, for a page.
 */
import type { ComponentStatus } from "../../telemetry/ComponentStatus.ts"
import type { Traffic } from "../../telemetry/Edges.ts"
import type { Amount } from "../../telemetry/Rates.ts"

/** A block of the configuration that does not run, as it is no component of ours. */
export interface Ignored {
  readonly id: string
  readonly name: string
  readonly label: string | undefined
  readonly why: string
}

export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly components: ReadonlyArray<ComponentStatus>
  readonly ignored: ReadonlyArray<Ignored>
  readonly flows: ReadonlyArray<Flow>
}

/** What one component gives to another: profiles, or a value that the other refers to. */
export interface Flow {
  readonly from: string
  readonly to: string
  readonly traffic: Traffic | undefined
}

/** Profiles go from who refers to a receiver, values to who refers to them. */
export const flowsOf = (
  components: ReadonlyArray<ComponentStatus>,
  traffic: ReadonlyArray<Traffic>
): ReadonlyArray<Flow> => {
  const keyOf = (from: string, to: string): string => JSON.stringify([from, to])
  const known = new Set(components.map(({ id }) => id))
  const edges = new Map(traffic.map((edge) => [keyOf(edge.from, edge.to), edge]))
  return components.flatMap(({ id, referencesTo }) =>
    referencesTo.filter((other) => known.has(other) && other !== id).map((other): Flow => {
      const edge = edges.get(keyOf(id, other))
      return edge === undefined ? { from: other, to: id, traffic: undefined } : { from: id, to: other, traffic: edge }
    })
  )
}

/** Profiles into a component, or out of it, all together per second. */
export type Throughput = Amount | "unknown"

/** Nothing for a component that no profiles go that way of. */
export const throughputs = (
  flows: ReadonlyArray<Flow>,
  way: "in" | "out"
): ReadonlyMap<string, Throughput> => {
  const sums = new Map<string, Throughput>()
  for (const { from, to, traffic } of flows) {
    if (traffic === undefined) continue
    const id = way === "in" ? to : from
    const sum = sums.get(id) ?? { profiles: 0, bytes: 0 }
    sums.set(
      id,
      sum === "unknown" || traffic.rate === undefined
        ? "unknown"
        : { profiles: sum.profiles + traffic.rate.profiles, bytes: sum.bytes + traffic.rate.bytes }
    )
  }
  return sums
}

export const hrefOf = (id: string): string => `/component/${pathOf(id)}`

/** An id as part of a path. */
export const pathOf = (id: string): string => id.split("/").map(encodeURIComponent).join("/")
