/**
 * The way to one endpoint: its queue, the fibers that work it off, and when they do.
 *
 * - Concurrency: while the endpoint takes what it is given, up to `concurrency` pushes are under way. Each fiber goes on
 *   with the next profile as long as there is one; another fiber minds the clock.
 * - Back-off: each profile has its own retry schedule, which ends it when it is through. Besides, the lane has a `Pace`:
 *   after a failure that may pass nothing is sent for a while, and then one profile alone is the probe.
 * - Order: oldest first; a profile that has failed is not the probe as long as there is one that has not.
 * - Interruption: closing the scope refuses new profiles, tries at once what was waiting for a retry, and goes on until
 *   the queue is empty or the `Drain`'s deadline has come (or nothing could be due before it). Then it interrupts what is
 *   under way and reports what is left.
 * - A defect in a push costs that profile alone, and is logged.
 */
import { Cause, Deferred, Duration, Effect, Exit, Fiber, FiberSet, Latch, Result, type Scope } from "effect"
import * as Monotonic from "../telemetry/Monotonic.ts"
import { Drain } from "./Drain.ts"
import type { Outbound } from "./Outbound.ts"
import * as Pace from "./Pace.ts"
import { Expired, PushError } from "./PushError.ts"
import * as Queue from "./Queue.ts"
import type { DropReason, Outcome } from "./Receipt.ts"
import * as RetrySchedule from "./RetrySchedule.ts"

export interface Settings {
  /** The name in outcomes, metrics and logs: the URL without credentials. */
  readonly endpoint: string
  readonly queue: Queue.Settings
  /** Pushes under way at once. */
  readonly concurrency: number
  readonly retry: RetrySchedule.Settings
  /** What is older is not sent any more. */
  readonly maxAge: Duration.Duration
}

/** Told about everything that happens. */
export interface Observer {
  /** The lane backs off, or again for longer. */
  readonly paused: (error: PushError) => Effect.Effect<void>
  /** An attempt will be made again after `delay`. */
  readonly retried: (error: PushError, delay: Duration.Duration) => Effect.Effect<void>
  /** A profile is through, once each. */
  readonly settled: (outbound: Outbound, outcome: Outcome, latency: Duration.Duration) => Effect.Effect<void>
}

export interface Lane {
  readonly endpoint: string
  /** Whether there is room: `full` is for a queue that is set to refuse, `never` for what is larger than any room. */
  readonly room: (bytes: number) => "yes" | "full" | "never"
  /** Queues a profile, there and then; the effect waits for the outcome. */
  readonly offer: (outbound: Outbound, now: number) => Effect.Effect<Outcome>
  readonly isClosing: () => boolean
  readonly size: () => number
  readonly bytes: () => number
}

/** A profile in the lane. */
interface Delivery {
  readonly outbound: Outbound
  readonly bytes: number
  readonly since: number
  readonly outcome: Deferred.Deferred<Outcome>
  retries: number
  nextDelay: RetrySchedule.Step<PushError> | undefined
}

export const make = Effect.fnUntraced(function*<R>(
  settings: Settings,
  push: (outbound: Outbound) => Effect.Effect<void, PushError, R>,
  observer: Observer
): Effect.fn.Return<Lane, never, R | Scope.Scope> {
  const { endpoint } = settings
  const drain = yield* Drain
  const queue = Queue.make<Delivery>(settings.queue)
  const pace = Pace.make(settings.retry)
  const schedule = RetrySchedule.make(settings.retry)
  const maxAge = Duration.toMillis(settings.maxAge)
  const wake = Latch.makeUnsafe(false)
  let underWay = 0
  let deadline: number | undefined

  /** The outcome is known last, for whoever waits for it may end everything. */
  const finish = (delivery: Delivery, outcome: Outcome, now: number): Effect.Effect<void> =>
    Effect.map(observer.settled(delivery.outbound, outcome, Duration.millis(now - delivery.since)), () => {
      if (outcome._tag !== "Delivered") drain.lost(endpoint, delivery.outbound.profiles)
      Deferred.doneUnsafe(delivery.outcome, Effect.succeed(outcome))
    })
  const drop = (delivery: Delivery, reason: DropReason, now: number): Effect.Effect<void> =>
    finish(delivery, { _tag: "Dropped", endpoint, reason }, now)
  const fail = (delivery: Delivery, error: PushError, now: number): Effect.Effect<void> =>
    finish(delivery, { _tag: "Failed", endpoint, error, retries: delivery.retries }, now)

  const failed = Effect.fnUntraced(function*(delivery: Delivery, error: PushError, generation: number, now: number) {
    if (yield* pace.failed(error, generation, now)) yield* observer.paused(error)
    delivery.nextDelay ??= yield* RetrySchedule.start(schedule)
    const delay = yield* delivery.nextDelay(now, error)
    if (delay === undefined) {
      queue.settle(delivery)
      return yield* fail(delivery, error, now)
    }
    delivery.retries += 1
    queue.postpone(delivery, Math.ceil(now + Duration.toMillis(delay))) // a clock knows no parts of milliseconds
    yield* observer.retried(error, delay)
  })

  const conclude = Effect.fnUntraced(
    function*(delivery: Delivery, exit: Exit.Exit<void, PushError>, generation: number) {
      const now = yield* Monotonic.now
      if (Exit.isSuccess(exit)) {
        pace.answered()
        queue.settle(delivery)
        return yield* finish(delivery, { _tag: "Delivered", endpoint }, now)
      }
      const error = Cause.findError(exit.cause)
      if (Result.isSuccess(error)) return yield* failed(delivery, error.success, generation, now)
      yield* Effect.logError("a push died", exit.cause).pipe(Effect.annotateLogs({ endpoint }))
      queue.settle(delivery)
      yield* drop(delivery, "defect", now)
    },
    Effect.uninterruptible
  )

  const expire = Effect.fnUntraced(function*(delivery: Delivery, now: number) {
    queue.settle(delivery)
    const reason = new Expired({ age: Duration.millis(now - delivery.since) })
    yield* fail(delivery, new PushError({ endpoint, reason }), now)
  }, Effect.uninterruptible)

  const attempt = Effect.fnUntraced(function*(delivery: Delivery) {
    const now = yield* Monotonic.now
    if (now - delivery.since > maxAge) return yield* expire(delivery, now)
    const generation = pace.generation()
    const exit = yield* Effect.exit(push(delivery.outbound))
    yield* conclude(delivery, exit, generation)
  })

  const limit = (): number => pace.isFailing() ? 1 : settings.concurrency

  /** The next profile that may be sent now. */
  const take = (now: number): Delivery | undefined => {
    if (underWay >= limit() || now < pace.pausedUntil()) return undefined
    const delivery = queue.take(now, pace.isFailing())
    if (delivery !== undefined) underWay += 1
    return delivery
  }

  const deliver = Effect.fnUntraced(function*(first: Delivery) {
    let delivery: Delivery | undefined = first
    while (delivery !== undefined) {
      yield* attempt(delivery)
      underWay -= 1
      const now = yield* Monotonic.now
      delivery = take(now)
      fill(now) // after a failure that is over, more may be under way again
    }
    wake.openUnsafe()
  })

  const attempts = yield* FiberSet.make<void, never>()
  const start = yield* FiberSet.runtime(attempts)<R>()

  /** Starts whatever may be sent now. */
  const fill = (now: number): void => {
    for (let delivery = take(now); delivery !== undefined; delivery = take(now)) start(deliver(delivery))
  }

  /** When something may be sent that may not be sent now; `undefined` where only an event can tell. */
  const nextTime = (now: number): number | undefined => {
    if (underWay >= limit() || queue.size() === 0) return undefined
    return now < pace.pausedUntil() ? pace.pausedUntil() : queue.nextDue()
  }

  /** Minds the clock; ends when the lane is closing and nothing more can be done. */
  const mind = Effect.gen(function*() {
    for (;;) {
      wake.closeUnsafe()
      const now = yield* Monotonic.now
      fill(now)
      let next = nextTime(now)
      if (deadline !== undefined) {
        if (queue.size() === 0 || now >= deadline) return
        if (underWay === 0 && (next === undefined || next > deadline)) return
        next = Math.min(next ?? deadline, deadline)
      }
      yield* next === undefined ? wake.await : Effect.timeoutOption(wake.await, Duration.millis(next - now))
    }
  })
  const minder = yield* Effect.forkScoped(mind)

  const abandon = Effect.fnUntraced(function*() {
    const left = queue.clear()
    if (left.length === 0) return
    const now = yield* Monotonic.now
    for (const delivery of left) yield* drop(delivery, "shutdown", now)
  })
  yield* drain.enter({ endpoint, profiles: queue.size })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      deadline = yield* drain.deadline
      // There may be no later: one probe at once, whatever the back-off says.
      pace.hurry()
      queue.hurry(yield* Monotonic.now)
      wake.openUnsafe()
      yield* Fiber.await(minder)
      yield* FiberSet.clear(attempts)
      yield* abandon()
    })
  )

  return {
    endpoint,
    room: (bytes) => {
      if (bytes > settings.queue.maxBytes) return "never"
      return settings.queue.whenFull !== "reject" || queue.fits(bytes) ? "yes" : "full"
    },
    offer: (outbound, now) => {
      const outcome = Deferred.makeUnsafe<Outcome>()
      const dropped = queue.offer({
        outbound,
        bytes: outbound.size,
        since: now,
        outcome,
        retries: 0,
        nextDelay: undefined
      })
      for (const delivery of dropped) start(drop(delivery, "queue_full", now))
      fill(now)
      if (underWay < limit()) wake.openUnsafe()
      return Deferred.await(outcome)
    },
    isClosing: () => deadline !== undefined,
    size: queue.size,
    bytes: queue.bytes
  }
})
