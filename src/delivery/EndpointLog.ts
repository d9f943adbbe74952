/**
 * What is said of an endpoint, in the log and in the health of its component: what changes, once.
 *
 * - The first failure and the first loss of each kind, with an example, and then sums.
 * - That the endpoint fails as a whole, and that it is back. One that fails again within a minute is said to fail on and
 *   off, and then nothing more until it has been up, or down, for a minute.
 */
import { Duration, Effect, type Scope } from "effect"
import * as Health from "../telemetry/Health.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Tally from "../telemetry/Tally.ts"
import type { Attributes } from "./EndpointMetrics.ts"
import * as EndpointState from "./EndpointState.ts"
import type { Observer } from "./Lane.ts"
import type { Outbound } from "./Outbound.ts"
import type { PushError } from "./PushError.ts"
import type { Outcome } from "./Receipt.ts"

/** It keeps no body. */
interface Example {
  readonly path: string
  readonly service: string
  readonly reason: string
  readonly err: string
}

/** One that has been up, or down, for this long is steady. */
const steady = Duration.minutes(1)

/** What is told of the endpoint as a whole may come late: `state` tells how it is at the moment. */
export const make = Effect.fnUntraced(function*(
  attributes: Attributes,
  state: EndpointState.EndpointState
): Effect.fn.Return<Observer, never, Scope.Scope> {
  const reporter = yield* Health.Reporter
  const about = EndpointState.labelOf(state.names)
  const say = (message: string) => (amount: number, { err, path, reason, service }: Example) =>
    Effect.logWarning(message).pipe(Effect.annotateLogs({
      ...attributes,
      reason,
      profiles: amount,
      path,
      service_name: service,
      err
    }))
  const failures = yield* Tally.make(say("pushes failed"))
  const losses = yield* Tally.make(say("profiles lost"))
  const note = (
    tally: Tally.Tally<Example>,
    { path, profiles, service }: Outbound,
    reason: string,
    kind: string,
    err: string
  ) => tally.note(`${reason} ${kind}`, profiles, { path: path.split("?", 1)[0]!, service, reason, err })
  const annotate = Effect.annotateLogs(attributes)

  const scope = yield* Effect.scope
  let hasDelivered = false
  let isDown = false
  let isUnsteady = false
  /** When it went down or came back. */
  let changedAt = -Infinity
  /** Why it failed last. */
  let lastErr: string | undefined

  const sayDown = (message: string, err: string) =>
    Effect.logWarning(message).pipe(Effect.annotateLogs({ err }), annotate)
  const sayBack = (failedFor: number) =>
    Effect.logInfo("endpoint is back").pipe(
      Effect.annotateLogs({ failed_for: inMillis(failedFor) }),
      annotate
    )
  /** Waits until nothing has changed for a while, and says how it is then. */
  const untilSteady = Effect.gen(function*() {
    const since = changedAt
    for (;;) {
      const left = changedAt + Duration.toMillis(steady) - (yield* Monotonic.now)
      if (left <= 0) break
      yield* Effect.sleep(Duration.millis(left))
    }
    isUnsteady = false
    yield* isDown ? sayDown("endpoint is failing", lastErr ?? "") : sayBack(changedAt - since)
  })

  return {
    opened: Effect.fnUntraced(function*(error) {
      const problem = state.problem()
      if (isDown || problem === undefined) return
      isDown = true
      const now = yield* Monotonic.now
      const isSoon = now - changedAt < Duration.toMillis(steady)
      changedAt = now
      const err = error.reason.message
      yield* reporter.problem(about, problem)
      if (isUnsteady) return
      if (!isSoon) return yield* sayDown("endpoint is failing", err)
      isUnsteady = true
      yield* Effect.forkIn(untilSteady, scope)
      yield* sayDown("endpoint fails on and off", err)
    }),
    closed: Effect.fnUntraced(function*() {
      if (!isDown || state.problem() !== undefined) return
      isDown = false
      const now = yield* Monotonic.now
      const failedFor = now - changedAt
      changedAt = now
      yield* reporter.problem(about, undefined)
      if (!isUnsteady) yield* sayBack(failedFor)
    }),
    retried: Effect.fnUntraced(function*(outbound, error, delay) {
      lastErr = error.reason.message
      yield* note(failures, outbound, error.reason._tag, kindOf(error), error.reason.message)
      yield* Effect.logDebug("push failed, will retry").pipe(
        Effect.annotateLogs({
          err: error.reason.message,
          delay: inMillis(Duration.toMillis(delay))
        }),
        annotate
      )
    }),
    settled: (outbound, outcome) => {
      if (outcome._tag !== "Delivered") return lost(outbound, outcome)
      lastErr = undefined
      if (hasDelivered) return Effect.void
      hasDelivered = true
      return Effect.logInfo("first profile delivered").pipe(
        Effect.annotateLogs({ bytes: outbound.profileBytes }),
        annotate
      )
    }
  }

  function lost(outbound: Outbound, outcome: Exclude<Outcome, { readonly _tag: "Delivered" }>): Effect.Effect<void> {
    return outcome._tag === "Dropped"
      // At a shutdown it is lost for what kept it from being delivered.
      ? note(losses, outbound, outcome.reason, "", outcome.reason === "shutdown" && lastErr || outcome.reason)
      : note(losses, outbound, outcome.error.reason._tag, kindOf(outcome.error), outcome.error.reason.message)
  }
})

/** A text without the fractions that nobody reads. */
const inMillis = (millis: number): string => Duration.format(Duration.millis(Math.round(millis)))

/** Of one reason, what is different to an operator. */
const kindOf = ({ reason }: PushError): string => {
  if ("status" in reason && reason.status !== undefined) return String(reason.status)
  return "code" in reason ? reason.code : ""
}
