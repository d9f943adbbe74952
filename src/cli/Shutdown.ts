/**
 * What a run says about its end: that it begins, what it waits for, and what was lost.
 *
 * A log that fails costs its lines, and nothing else.
 */
import { Cause, Clock, DateTime, Duration, Effect, Exit, Fiber } from "effect"
import type * as Drain from "../delivery/Drain.ts"
import * as GoDuration from "../evaluation/GoDuration.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"

/** Begins it. */
export const begin = (drain: Drain.Shutdown, timeout: Duration.Duration): Effect.Effect<void> =>
  Effect.andThen(drain.begin, say(Effect.logInfo("shutting down"), { drain_timeout: GoDuration.format(timeout) }))

/**
 * Runs what a shutdown interrupts, says how that goes, and passes the exit code to `ended`: 0 when nothing was lost since
 * it has begun. Of a run that ends by itself it says nothing.
 */
export const told =
  (drain: Drain.Shutdown, ended: (code: number) => void) =>
  <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A | void, E, R> =>
    Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
      const progress = yield* Effect.forkChild(sayProgress(drain), { startImmediately: true })
      // Not a child, which would be waited for.
      const fiber = yield* Effect.forkDetach(run, { startImmediately: true })
      const own = yield* Effect.exit(restore(Fiber.await(fiber)))
      if (Exit.isSuccess(own)) return yield* own.value
      fiber.interruptUnsafe()
      const exit = yield* Effect.raceFirst(Fiber.await(fiber), lastMoment(drain))
      yield* Fiber.interrupt(progress)
      if (drain.hasBegun()) ended(yield* sayEnd(drain, exit))
    }))

/**
 * For what has nothing to do with queues and does not end: a file system that gives no answer, perhaps. With the default
 * drain timeout it is still within half a minute, after which Kubernetes kills.
 */
export const grace = Duration.seconds(8)

const lastMoment = Effect.fnUntraced(function*(drain: Drain.Shutdown) {
  const deadline = yield* drain.begun
  yield* Effect.sleep(Duration.sum(Duration.millis(deadline - (yield* Monotonic.now)), grace))
})

/** Says how it went, `exit` if it has ended at all, and gives the exit code. */
const sayEnd = Effect.fnUntraced(function*(drain: Drain.Shutdown, exit: Exit.Exit<unknown, unknown> | void) {
  const { before, since } = drain.losses()
  const profiles = since + summary(drain.waiting()).profiles
  const earlier = before === 0 ? {} : { lost_earlier: before }
  const isWell = exit !== undefined && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
  if (exit === undefined) yield* say(Effect.logError("not everything has stopped in time"))
  else if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) {
    yield* say(Effect.logError("not everything has stopped well", exit.cause))
  }
  if (profiles > 0) yield* say(Effect.logError("shut down with losses"), { profiles, ...earlier })
  else if (isWell) yield* say(Effect.logInfo("shut down cleanly"), earlier)
  else yield* say(Effect.logError("shut down with errors"), earlier)
  return isWell && profiles === 0 ? 0 : 1
})

/** Long enough for what only has to be sent. */
const firstAfter = Duration.seconds(1)
const interval = Duration.seconds(5)

const sayProgress = Effect.fnUntraced(function*(drain: Drain.Shutdown) {
  const deadline = yield* drain.begun
  yield* Effect.sleep(firstAfter)
  for (;;) {
    const left = deadline - (yield* Monotonic.now)
    const queues = drain.waiting()
    if (queues.length > 0 && left > 0) {
      yield* say(Effect.logInfo("waiting for endpoints, a second signal exits at once"), {
        ...summary(queues),
        until: DateTime.formatIso(DateTime.makeUnsafe((yield* Clock.currentTimeMillis) + left))
      })
    }
    yield* Effect.sleep(interval)
  }
})

/** How many profiles wait, and for which endpoints: those that most wait for first. */
const summary = (queues: ReadonlyArray<Drain.Waiting>) => {
  const byEndpoint = new Map<string, number>()
  for (const { endpoint, profiles } of queues) byEndpoint.set(endpoint, (byEndpoint.get(endpoint) ?? 0) + profiles())
  const counts = [...byEndpoint].sort(([, a], [, b]) => b - a)
  return {
    profiles: counts.reduce((sum, [, count]) => sum + count, 0),
    endpoints: counts.map(([endpoint, count]) => `${endpoint} (${count})`).join(", ")
  }
}

const say = (line: Effect.Effect<void>, annotations: Readonly<Record<string, unknown>> = {}): Effect.Effect<void> =>
  line.pipe(Effect.annotateLogs(annotations), Effect.ignoreCause)
