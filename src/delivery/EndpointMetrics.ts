/**
 * What is counted of an endpoint. Updates are direct: a metric costs no effect on the way of a profile.
 */
import { Duration, Effect, type Scope } from "effect"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Series from "../telemetry/Series.ts"
import type { Lane } from "./Lane.ts"
import type { Outbound } from "./Outbound.ts"
import * as PushError from "./PushError.ts"
import { DropReason, type Outcome } from "./Receipt.ts"

/** `endpoint`, and `name` where two have one URL. */
export type Attributes = Readonly<Record<string, string>>

export interface EndpointMetrics {
  readonly attempted: (outbound: Outbound, millis: number) => void
  /** An attempt has failed. */
  readonly failed: (reason: Exclude<PushError.Reason["_tag"], "Expired">) => void
  readonly retried: () => void
  readonly settled: (outbound: Outbound, outcome: Outcome, latency: Duration.Duration) => void
}

/** All of it is there from the beginning, until the scope closes. */
export const make = Effect.fnUntraced(function*(
  attributes: Attributes
): Effect.fn.Return<EndpointMetrics, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const hold = yield* Series.holder
  const sentBytes = hold(Metrics.sentBytes(attributes))
  const sentProfiles = hold(Metrics.sentProfiles(attributes))
  const retries = hold(Metrics.retries(attributes))
  const failures = by(failing, (reason) => hold(Metrics.pushFailures({ ...attributes, reason })))
  const droppedBytes = by(losing, (reason) => hold(Metrics.droppedBytes({ ...attributes, reason })))
  const droppedProfiles = by(losing, (reason) => hold(Metrics.droppedProfiles({ ...attributes, reason })))
  const latency = (type: string) => hold(Metrics.latency({ ...attributes, type }))
  const perAttempt = { push: latency("push_downstream"), ingest: latency("ingest_downstream") }
  const perProfile = { push: latency("push_endpoint"), ingest: latency("ingest_endpoint") }
  return {
    attempted: (outbound, millis) => perAttempt[outbound.kind].updateUnsafe(millis / 1000, context),
    failed: (reason) => failures[reason].updateUnsafe(1, context),
    retried: () => retries.updateUnsafe(1, context),
    settled: (outbound, outcome, time) => {
      if (outcome._tag === "Delivered") {
        sentBytes.updateUnsafe(outbound.profileBytes, context)
        sentProfiles.updateUnsafe(outbound.profiles, context)
        perProfile[outbound.kind].updateUnsafe(Duration.toSeconds(time), context)
      } else {
        const reason = outcome._tag === "Failed" ? outcome.error.reason._tag : outcome.reason
        droppedBytes[reason].updateUnsafe(outbound.profileBytes, context)
        droppedProfiles[reason].updateUnsafe(outbound.profiles, context)
      }
    }
  }
})

/** Why a push fails. */
const failing = PushError.tags.filter((tag) => tag !== "Expired")
/** Why a profile is given up. */
const losing = [...PushError.tags, ...DropReason.literals]

const by = <Reason extends string, A>(reasons: ReadonlyArray<Reason>, of: (reason: Reason) => A) =>
  Object.fromEntries(reasons.map((reason) => [reason, of(reason)])) as Record<Reason, A>

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
  yield* Gauge.observe(Metrics.queueMaxBytes(attributes), () => lane()?.status().maxBytes ?? 0)
  yield* Gauge.observe(Metrics.inFlightProfiles(attributes), () => lane()?.status().inFlight ?? 0)
  yield* Gauge.observe(
    Metrics.queueOldestSeconds(attributes),
    () => since(lane()?.status().oldest),
    Gauge.largest
  )
  yield* Gauge.observe(
    Metrics.endpointUp(attributes),
    () => lane()?.status().isOpen === true ? 0 : 1,
    Gauge.smallest
  )
  yield* Gauge.observe(
    Metrics.endpointPauseSeconds(attributes),
    () => Math.max(0, -since(lane()?.status().pausedUntil)),
    Gauge.largest
  )
})
