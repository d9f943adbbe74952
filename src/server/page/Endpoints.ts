/**
 * The endpoints of a component, as far as it shows some: each is an object in the list `endpoints` of its debug info, with
 * a `name` or a `url`, a `state` such as `delivering`, and what it has delivered.
 */
import type { Info, Json } from "../../telemetry/DebugInfo.ts"
import type { Amount } from "../../telemetry/Rates.ts"
import * as Facts from "./Facts.ts"
import type * as HealthMark from "./HealthMark.ts"

export interface Endpoint {
  readonly label: string
  /** Where it is on the page of its component. */
  readonly anchor: string
  readonly state: string | undefined
  /** Nothing, where it does not say. */
  readonly isFailing: boolean | undefined
  /** What it delivers per second, where that is known. */
  readonly rate: Amount | undefined
  /** All that it shows. */
  readonly facts: Readonly<Record<string, Json>>
}

/** Those of one component, with rates as `rateOf` knows them by what has been delivered. */
export const of = (
  info: Info | undefined,
  rateOf: (name: string, delivered: Amount) => Amount | undefined
): ReadonlyArray<Endpoint> => {
  const list = info?.["endpoints"]
  if (!Array.isArray(list)) return []
  return list.filter(Facts.isFields).map((facts, index) => {
    const text = (name: string): string | undefined => {
      const value = facts[name]
      return typeof value === "string" && value !== "" ? value : undefined
    }
    const state = text("state")
    const label = text("name") ?? text("url") ?? `endpoint ${index + 1}`
    const delivered = deliveredOf(facts)
    return {
      label,
      anchor: `endpoint-${index + 1}`,
      state,
      isFailing: state === undefined ? undefined : state !== "delivering" && state !== "idle",
      rate: delivered && rateOf(`${index} ${label}`, delivered),
      facts
    }
  })
}

const deliveredOf = (facts: Endpoint["facts"]): Amount | undefined => {
  const profiles = facts["deliveredProfiles"] ?? facts["delivered_profiles"]
  const bytes = facts["deliveredBytes"] ?? facts["delivered_bytes"]
  return typeof profiles === "number" && typeof bytes === "number" ? { profiles, bytes } : undefined
}

/** In the words of health. */
export const stateOf = ({ isFailing }: Endpoint): HealthMark.State =>
  isFailing === undefined ? "unknown" : isFailing ? "unhealthy" : "healthy"
