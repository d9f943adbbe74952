/**
 * What is counted of an endpoint. Updates are direct: a metric costs no effect on the way of a profile.
 */
import { type Context, Duration, Effect, type Scope } from "effect"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import type { Lane } from "./Lane.ts"
import type { Outbound } from "./Outbound.ts"
import type { Outcome } from "./Receipt.ts"

/** `endpoint`, and `name` where two have one URL. */
export type Attributes = Readonly<Record<string, string>>

export interface EndpointMetrics {
  readonly attempted: (outbound: Outbound, millis: number) => void
  readonly retried: () => void
  readonly settled: (outbound: Outbound, outcome: Outcome, latency: Duration.Duration) => void
}

export const make = (attributes: Attributes, context: Context.Context<never>): EndpointMetrics => {
  const sentBytes = Metrics.sentBytes(attributes)
  const sentProfiles = Metrics.sentProfiles(attributes)
  const retries = Metrics.retries(attributes)
  const latency = (type: string) => Metrics.latency({ ...attributes, type })
  const perAttempt = { push: latency("push_downstream"), ingest: latency("ingest_downstream") }
  const perProfile = { push: latency("push_endpoint"), ingest: latency("ingest_endpoint") }
  return {
    attempted: (outbound, millis) => perAttempt[outbound.kind].updateUnsafe(millis / 1000, context),
    retried: () => retries.updateUnsafe(1, context),
    settled: (outbound, outcome, time) => {
      if (outcome._tag === "Delivered") {
        sentBytes.updateUnsafe(outbound.profileBytes, context)
        sentProfiles.updateUnsafe(outbound.profiles, context)
        perProfile[outbound.kind].updateUnsafe(Duration.toSeconds(time), context)
      } else {
        const reason = outcome._tag === "Failed" ? outcome.error.reason._tag : outcome.reason
        Metrics.droppedBytes({ ...attributes, reason }).updateUnsafe(outbound.profileBytes, context)
        Metrics.droppedProfiles({ ...attributes, reason }).updateUnsafe(outbound.profiles, context)
      }
    }
  }
}

/** Shows the state of a lane, once there is one, until the scope closes. */
export const observe = Effect.fnUntraced(function*(
  attributes: Attributes,
  lane: () => Lane | undefined
): Effect.fn.Return<void, never, Scope.Scope> {
  const clock = yield* Effect.clockWith(Effect.succeed)
  const since = (time: number | undefined): number =>
    time === undefined || !Number.isFinite(time) ? 0 : (Monotonic.read(clock) - time) / 1000
  yield* Gauge.observe(Metrics.queueProfiles(attributes), () => lane()?.size() ?? 0)
  yield* Gauge.observe(Metrics.queueBytes(attributes), () => lane()?.bytes() ?? 0)
  yield* Gauge.observe(
    Metrics.queueOldestSeconds(attributes),
    () => since(lane()?.status().oldest),
    Gauge.largest
  )
  yield* Gauge.observe(
    Metrics.endpointFailing(attributes),
    () => lane()?.status().isOpen === true ? 1 : 0,
    Gauge.largest
  )
  yield* Gauge.observe(
    Metrics.endpointPauseSeconds(attributes),
    () => Math.max(0, -since(lane()?.status().pausedUntil)),
    Gauge.largest
  )
})
