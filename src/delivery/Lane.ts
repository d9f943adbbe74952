/**
 * The way to one endpoint: so many workers, each of which runs the Stream of what is due, out of the lane's queue, and
 * pushes one profile at a time.
 *
 * - When: each profile has its own retry schedule, and the lane a `Breaker`. The time of an attempt is that of the
 *   profile's schedule, or that of the breaker if it is later, and nothing else but a worker: `concurrency` of them.
 * - Order: oldest first; while the breaker is open, a profile that has not failed before one that has.
 * - Overflow: as the queue is set. What it drops is settled as `queue_full`.
 * - Age: what is older than `maxAge` is settled as `Expired`, waiting or not.
 * - Interruption: pushing into a lane cannot be interrupted between the reservation and the commit.
 * - Shutdown: when the `Drain` begins, everything that waits is tried at once, whatever the back-off says, and then as
 *   ever. When the scope closes, nothing new is accepted, and the lane goes on until it is empty, until nothing can be
 *   due before the deadline any more, or until the deadline. What is in flight then is interrupted; what is left is
 *   settled as `shutdown`.
 * - Defects: of a push, an observer or an application's logger each costs at most its own profile. No count is
 *   kept that could go wrong: a worker is a fiber, which has ended one push before it takes the next. (`Stream.mapEffect`
 *   with a concurrency would fork a fiber for each profile, and hand on results that nobody wants.)
 */
import {
  Cause,
  Clock,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Latch,
  Random,
  Result,
  type Scope,
  Semaphore,
  Stream
} from "effect"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Breaker from "./Breaker.ts"
import { Drain } from "./Drain.ts"
import type * as Flow from "./Flow.ts"
import type { Outbound } from "./Outbound.ts"
import { Expired, PushError } from "./PushError.ts"
import * as Queue from "./Queue.ts"
import type { DropReason, Outcome } from "./Receipt.ts"
import * as RetrySchedule from "./RetrySchedule.ts"

export interface Settings {
  /** In outcomes, metrics and logs: the URL without credentials. */
  readonly endpoint: string
  /** What tells it from another with that URL; empty where that is not needed. */
  readonly name: string
  readonly queue: Queue.Settings
  /** Pushes in flight at once. */
  readonly concurrency: number
  readonly retry: RetrySchedule.Settings
  /** What is older is not sent any more. */
  readonly maxAge: Duration.Duration
}

/** Told about everything that happens, after it has. */
export interface Observer {
  /** The breaker has opened, or has stayed open for another pause. */
  readonly opened: (error: PushError) => Effect.Effect<void>
  /** The breaker has closed. */
  readonly closed: () => Effect.Effect<void>
  /** There will be another attempt after `delay`, that of the profile's schedule or of the breaker. */
  readonly retried: (outbound: Outbound, error: PushError, delay: Duration.Duration) => Effect.Effect<void>
  /** A profile is through, once each. */
  readonly settled: (outbound: Outbound, outcome: Outcome, latency: Duration.Duration) => Effect.Effect<void>
}

/** How an endpoint is doing; times are by the monotonic clock. */
export interface Status {
  readonly isOpen: boolean
  /** Before this nothing is sent; it may be past. */
  readonly pausedUntil: number
  /** When the oldest profile that waits was accepted, `Infinity` where none does. */
  readonly oldest: number
}

/** Room for one profile. */
export interface Reservation {
  /** Queues the profile, once. */
  readonly commit: Effect.Effect<void>
  /** Waits until the endpoint is done with it. */
  readonly outcome: Effect.Effect<Outcome>
}

export interface Lane {
  readonly endpoint: string
  /**
   * Whether there is room: `full` is for a queue that would lose something, `refuse` for one that is set not to,
   * `never` for what is larger than any room.
   */
  readonly room: (bytes: number) => "yes" | "full" | "refuse" | "never"
  /** Makes room, there and then. Where there can be none the profile is dropped when it is committed. */
  readonly reserve: (outbound: Outbound, now: number) => Reservation
  readonly flow: Flow.Flow
  readonly isClosing: () => boolean
  readonly status: () => Status
  readonly size: () => number
  readonly bytes: () => number
}

/** In milliseconds: for so long a delivery tells that an endpoint delivers. */
const recently = 5_000

/** A profile in the lane. */
interface Delivery {
  readonly outbound: Outbound
  readonly bytes: number
  readonly since: number
  readonly outcome: Deferred.Deferred<Outcome>
  retries: number
  nextDelay: RetrySchedule.Step<PushError> | undefined
  /** Whether it was last taken after the flush. */
  isFlushed: boolean
  /** Of the breaker, when it was last taken and when it last failed. */
  openings: number
  failedAt: number | undefined
}

export const make = Effect.fnUntraced(function*(
  settings: Settings,
  push: (outbound: Outbound) => Effect.Effect<void, PushError>,
  observer: Observer
): Effect.fn.Return<Lane, never, Scope.Scope> {
  const { concurrency, endpoint } = settings
  const pace: Breaker.Settings = { ...settings.retry, concurrency }
  const schedule = RetrySchedule.make(settings.retry)
  const maxAge = Duration.toMillis(settings.maxAge)
  const drain = yield* Drain
  const clock = yield* Clock.Clock
  const now = (): number => Monotonic.read(clock)
  const queue = Queue.make<Delivery>(settings.queue)
  const changed = Latch.makeUnsafe(false)
  /** What `take` waits for may be different now. At once: a profile that could be sent waits for no other turn. */
  const wake = (): void => {
    changed.openUnsafe()
  }
  /** There may be more room. */
  const freed = Latch.makeUnsafe(false)
  let breaker = Breaker.closed
  let deliveredAt = -Infinity
  let isFlushed = false
  let deadline = Infinity
  let phase: "open" | "closing" | "abandoning" = "open"

  const isDelivering = (): boolean =>
    !breaker.isOpen && Breaker.pausedUntil(breaker) <= now() && now() - deliveredAt < recently
  const logDefect = (message: string, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
    Effect.ignoreCause(Effect.annotateLogs(Effect.logError(message, cause), { endpoint }))
  /** A defect of whoever is told is logged, if that can be done, and costs nothing else. */
  const tell = (event: () => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.catchCause(Effect.suspend(event), (cause) => logDefect("an observer died", cause))

  /** The outcome is known last, for whoever waits for it may end everything. */
  const finish = (delivery: Delivery, outcome: Outcome): Effect.Effect<void> => {
    const { outbound, since } = delivery
    const told = tell(() => {
      if (outcome._tag !== "Delivered") drain.lost(endpoint, outbound.profiles)
      return observer.settled(outbound, outcome, Duration.millis(now() - since))
    })
    return Effect.flatMap(told, () => {
      Deferred.doneUnsafe(delivery.outcome, Effect.succeed(outcome))
      return freed.release
    })
  }
  const delivered: Outcome = { _tag: "Delivered", endpoint }
  const dropped = (reason: DropReason): Outcome => ({ _tag: "Dropped", endpoint, reason })
  const failed = (error: PushError, retries: number): Outcome => ({ _tag: "Failed", endpoint, error, retries })
  const finishAll = (deliveries: ReadonlyArray<Delivery>, outcome: (delivery: Delivery) => Outcome) =>
    Effect.forEach(deliveries, (delivery) => finish(delivery, outcome(delivery)), { discard: true })

  // ---- What comes next ----

  const isOver = (next: number): boolean =>
    phase !== "open" && (queue.size() === 0 || (queue.leased() === 0 && next > deadline))

  const expire = ({ retries, since }: Delivery): Outcome =>
    failed(new PushError({ endpoint, reason: new Expired({ age: Duration.millis(now() - since) }) }), retries)

  /** They are in no queue any more: each has its outcome, though the lane may end meanwhile. */
  const finishExpired = (expired: ReadonlyArray<Delivery>): Effect.Effect<void> =>
    Effect.uninterruptible(finishAll(expired, expire))

  /** Leases the next profile as soon as it is due and the breaker lets it through. Ends with the lane. */
  const take: Effect.Effect<Delivery, Cause.Done> = Effect.suspend(() => {
    const time = now()
    const expired = queue.expire(time - maxAge)
    if (expired.length > 0) return Effect.andThen(finishExpired(expired), take)
    const opensAt = Breaker.opensAt(breaker, pace)
    const delivery = opensAt <= time ? queue.take(time, breaker.isOpen) : undefined
    if (delivery !== undefined) {
      breaker = Breaker.begin(breaker)
      delivery.openings = breaker.openings
      delivery.isFlushed = isFlushed
      return Effect.succeed(delivery)
    }
    const next = Math.max(opensAt, queue.nextDue())
    if (isOver(next)) return Cause.done()
    changed.closeUnsafe()
    // An age that is just the allowed one is allowed.
    const wait = Math.min(next, queue.oldest() + maxAge + 1) - time
    const event = wait === Infinity ? changed.await : Effect.timeoutOption(changed.await, Duration.millis(wait))
    return Effect.andThen(event, take)
  })

  // ---- What becomes of it ----

  /** There and then; the effect tells about it. */
  const move = (next: Breaker.Breaker, error?: PushError): Effect.Effect<void> => {
    const before = breaker
    breaker = next
    if (error !== undefined && next.openings !== before.openings) return tell(() => observer.opened(error))
    return before.isOpen && !next.isOpen ? tell(() => observer.closed()) : Effect.void
  }

  /** There is an answer: it is through. */
  const answered = (delivery: Delivery, outcome: Outcome): Effect.Effect<void> => {
    const moved = move(Breaker.succeeded(breaker, delivery, now()))
    queue.settle(delivery)
    return Effect.andThen(moved, finish(delivery, outcome))
  }

  /** It is through, or waits for its next attempt. */
  const postponed = Effect.fnUntraced(function*(delivery: Delivery, error: PushError) {
    // Before anything is read that others may change meanwhile.
    const random = yield* Random.next
    const time = now()
    const { retryAfter } = error
    const moved = move(Breaker.failed(breaker, delivery, { now: time, retryAfter, random }, pace), error)
    delivery.failedAt = breaker.successes
    yield* moved
    delivery.nextDelay ??= yield* RetrySchedule.start(schedule)
    const delay = yield* delivery.nextDelay(time, error)
    if (delay === undefined) {
      queue.settle(delivery)
      return yield* finish(delivery, failed(error, delivery.retries))
    }
    delivery.retries += 1
    // What was on its way at the flush has its try at once, too. A clock knows no parts of milliseconds.
    const dueAt = isFlushed && !delivery.isFlushed ? time : Math.ceil(time + Duration.toMillis(delay))
    queue.postpone(delivery, dueAt)
    const next = Math.max(dueAt, Breaker.pausedUntil(breaker))
    yield* tell(() => observer.retried(delivery.outbound, error, Duration.millis(next - time)))
  })

  const died = (delivery: Delivery, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
    breaker = Breaker.ended(breaker, delivery)
    queue.settle(delivery)
    return Effect.andThen(logDefect("a push died", cause), finish(delivery, dropped("defect")))
  }

  const conclude = (delivery: Delivery, exit: Exit.Exit<void, PushError>): Effect.Effect<void> => {
    if (Exit.isSuccess(exit)) {
      deliveredAt = now()
      return answered(delivery, delivered)
    }
    const error = Result.getOrUndefined(Cause.findError(exit.cause))
    if (error === undefined) {
      // What is interrupted at the end is among what is left, and settled with that.
      return phase === "abandoning" && Cause.hasInterruptsOnly(exit.cause) ? Effect.void : died(delivery, exit.cause)
    }
    const { reason } = error
    if (reason.concerns === "endpoint") return postponed(delivery, error)
    if (reason._tag === "RateLimited" && reason.retryAfter) breaker = Breaker.hold(breaker, now(), reason.retryAfter)
    return answered(delivery, failed(error, delivery.retries))
  }

  const deliver = (delivery: Delivery): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.exit(restore(Effect.suspend(() => push(delivery.outbound)))).pipe(
        Effect.flatMap((exit) => conclude(delivery, exit)),
        Effect.catchCause((cause) => died(delivery, cause)),
        Effect.map(wake)
      )
    )

  /** One worker at a time looks for what comes next; the others push, or wait for their turn. */
  const turn = Semaphore.makeUnsafe(1)
  const work = Stream.runForEach(Stream.fromEffectRepeat(turn.withPermits(1)(take)), deliver)
  const workers = yield* Effect.forkScoped(
    Effect.all(Array.from({ length: concurrency }, () => work), { concurrency: "unbounded", discard: true })
  )

  /** Every worker may be waiting for an answer, and nobody in `take`. */
  const expireMeanwhile = Effect.suspend(() => {
    const time = now()
    const expired = queue.expire(time - maxAge)
    const next = Math.min(queue.oldest(), time) + maxAge + 1
    return Effect.andThen(finishExpired(expired), Effect.sleep(Duration.millis(next - time)))
  })
  yield* Effect.forkScoped(Effect.forever(expireMeanwhile))

  // ---- The end ----

  /** There may be no later: everything is tried at once, whatever the back-off says. */
  const flush = Effect.sync(() => {
    isFlushed = true
    breaker = Breaker.flush(breaker)
    queue.flush(now())
    wake()
  })
  yield* Effect.forkScoped(Effect.andThen(drain.begun, flush))
  yield* drain.enter({ endpoint: `${endpoint} ${settings.name}`.trim(), profiles: queue.size })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      deadline = yield* drain.deadline
      phase = "closing"
      yield* freed.release
      yield* isFlushed ? Effect.sync(wake) : flush
      yield* Effect.timeoutOption(Fiber.await(workers), Duration.millis(deadline - now()))
      phase = "abandoning"
      yield* Fiber.interrupt(workers)
      yield* finishAll(queue.clear(), () => dropped("shutdown"))
    })
  )

  return {
    endpoint,
    room: (bytes) => {
      if (bytes > settings.queue.maxBytes) return "never"
      if (queue.fits(bytes)) return "yes"
      return settings.queue.whenFull === "reject" ? "refuse" : "full"
    },
    reserve: (outbound, time) => {
      const reservation = queue.reserve(outbound.size)
      const delivery: Delivery = {
        outbound,
        bytes: outbound.size,
        since: time,
        outcome: Deferred.makeUnsafe<Outcome>(),
        retries: 0,
        nextDelay: undefined,
        isFlushed: false,
        openings: 0,
        failedAt: undefined
      }
      const lost = () => dropped("queue_full")
      return {
        outcome: Deferred.await(delivery.outcome),
        commit: Effect.suspend(() => {
          if (reservation === undefined) return finish(delivery, lost())
          const { length } = reservation.dropped
          const made = length === 0 ? Effect.void : finishAll(reservation.dropped, lost)
          // Nobody would look there any more.
          if (phase === "abandoning") return Effect.andThen(made, finish(delivery, dropped("shutdown")))
          reservation.commit(delivery)
          wake()
          return made
        })
      }
    },
    flow: {
      isBehind: () => phase === "open" && isDelivering() && !queue.fits(settings.queue.maxBytes / 8),
      keepsUp: () => isDelivering() && queue.waitingBytes() < settings.queue.maxBytes / 8,
      freed: freed.await
    },
    isClosing: () => phase !== "open",
    status: () => ({ isOpen: breaker.isOpen, pausedUntil: Breaker.pausedUntil(breaker), oldest: queue.oldest() }),
    size: queue.size,
    bytes: queue.bytes
  }
})
