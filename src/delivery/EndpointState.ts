/**
 * How an endpoint is doing, for whoever looks: the one source for health and debug info. Its gauges read the same lane.
 */
import { type Clock, DateTime } from "effect"
import type { Json } from "../telemetry/DebugInfo.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import type { Failure, History } from "./History.ts"
import type { Lane } from "./Lane.ts"
import type { PushError } from "./PushError.ts"

/** What tells it from the other endpoints of its component: a URL without credentials and, where that is not enough, a name. */
export interface Names {
  readonly endpoint: string
  readonly name: string
}

export interface EndpointState {
  readonly names: Names
  readonly history: History
  /** The endpoint fails as a whole, and for so long. */
  readonly opened: (error: PushError) => void
  readonly closed: () => void
  /** What is the matter with it, if it fails as a whole. */
  readonly problem: () => string | undefined
  readonly info: () => Json
}

/** Of the lane, once there is one. */
export const make = (
  names: Names,
  history: History,
  lane: () => Lane | undefined,
  clock: Clock.Clock
): EndpointState => {
  let failing: { readonly since: number; readonly message: string } | undefined
  /** What is told of its end may come late. */
  const current = () => lane()?.status().isOpen === true ? failing : undefined
  return {
    names,
    history,
    opened: ({ reason }) => {
      failing = { since: failing?.since ?? clock.currentTimeMillisUnsafe(), message: reason.message }
    },
    closed: () => {
      if (lane()?.status().isOpen !== true) failing = undefined
    },
    problem: () => {
      const problem = current()
      return problem && `${labelOf(names)} has been failing since ${timeOf(problem.since)}: ${problem.message}`
    },
    info: () => {
      const problem = current()
      const now = Monotonic.read(clock)
      const { inFlight = 0, maxBytes = 0, oldest = Infinity, pausedUntil = -Infinity } = lane()?.status() ?? {}
      const pause = pausedUntil - now
      return {
        endpoint: names.endpoint,
        name: names.name,
        state: problem === undefined ? "delivering" : "failing",
        failing_since: problem === undefined ? null : timeOf(problem.since),
        failing_reason: problem?.message ?? null,
        paused_until: pause > 0 ? timeOf(clock.currentTimeMillisUnsafe() + pause) : null,
        queue_profiles: lane()?.size() ?? 0,
        queue_bytes: lane()?.bytes() ?? 0,
        queue_max_bytes: maxBytes,
        in_flight_profiles: inFlight,
        queue_oldest_seconds: oldest === Infinity ? null : Math.max(0, Math.round(now - oldest)) / 1000,
        last_delivery: history.deliveredAt === undefined ? null : timeOf(history.deliveredAt),
        last_refusal: history.refusal === undefined ? null : failureOf(history.refusal),
        sent_profiles: history.sent.profiles,
        sent_bytes: history.sent.bytes,
        retries: history.retries,
        dropped_profiles: Object.fromEntries(history.dropped)
      }
    }
  }
}

export const labelOf = ({ endpoint, name }: Names): string => `endpoint ${endpoint} ${name}`.trimEnd()

/** RFC 3339 */
export const timeOf = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

const failureOf = ({ at, message, path, reason, service, status }: Failure): Json => ({
  time: timeOf(at),
  reason,
  status: status ?? null,
  message,
  service_name: service,
  path
})
