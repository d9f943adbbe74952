/**
 * The way to one endpoint: so many workers, each of which runs the Stream of what is due, out of the queue that the lane
 * is in charge of, and pushes one profile at a time.
 *
 * - Charge: a `Backlog` may get another lane, with other settings. The new one tries at once what waits, whatever the
 *   old one's back-off says. What the old one has in flight goes on there; if it fails, it is due at once, for the new
 *   one. A profile keeps its age and its number of retries; its delays begin anew.
 * - When: each profile has its own retry schedule, and the lane a `Breaker`. The time of an attempt is that of the
 *   profile's schedule, or that of the breaker if it is later, and nothing else but a worker: `concurrency` of them.
 * - Order: oldest first; while the breaker is open, a profile that has not failed before one that has.
 * - Overflow: as the queue is set. What it drops is settled as `queue_full`.
 * - Age: what is older than `maxAge` is settled as `Expired`, waiting or not.
 * - Interruption: pushing into a lane cannot be interrupted between the reservation and the commit.
 * - Shutdown: when the `Drain` begins, everything that waits is tried at once, whatever the back-off says, and then as
 *   ever. When the scope closes, nothing new is accepted, and a lane in charge goes on until the queue is empty, until
 *   nothing can be due before the deadline any more, or until the deadline. What is in flight then is interrupted; what
 *   is left is settled as `shutdown`. A lane that is not in charge goes on until nothing is in flight, and hurries only
 *   for the `Drain`.
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
import type { Backlog, Delivery, Keeper } from "./Backlog.ts"
import * as Breaker from "./Breaker.ts"
import { Drain } from "./Drain.ts"
import type * as Flow from "./Flow.ts"
import type { Outbound } from "./Outbound.ts"
import { Expired, PushError } from "./PushError.ts"
import type * as Queue from "./Queue.ts"
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

/** How an endpoint is doing, as far as the lane is in charge of it; times are by the monotonic clock. */
export interface Status {
  readonly isOpen: boolean
  /** Before this nothing is sent; it may be past. */
  readonly pausedUntil: number
  /** When the oldest profile that waits was accepted, `Infinity` where none does. */
  readonly oldest: number
  /** What the queue may hold. */
  readonly maxBytes: number
  /** How many profiles of it are being sent. */
  readonly inFlight: number
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
  /** From now on it is this lane that delivers what the queue holds; before, it only takes profiles for it. */
  readonly takeCharge: Effect.Effect<void>
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
  /** Of the queue that it is in charge of. */
  readonly size: () => number
  readonly bytes: () => number
}

const relieved: Status = { isOpen: false, pausedUntil: -Infinity, oldest: Infinity, maxBytes: 0, inFlight: 0 }

/** In milliseconds: for so long a delivery tells that an endpoint delivers. */
const recently = 5_000

export const make = Effect.fnUntraced(function*(
  settings: Settings,
  push: (outbound: Outbound) => Effect.Effect<void, PushError>,
  observer: Observer,
  backlog: Backlog
): Effect.fn.Return<Lane, never, Scope.Scope> {
  const { concurrency, endpoint } = settings
  const pace: Breaker.Settings = { ...settings.retry, concurrency }
  const schedule = RetrySchedule.make(settings.retry)
  const maxAge = Duration.toMillis(settings.maxAge)
  const drain = yield* Drain
  const clock = yield* Clock.Clock
  const now = (): number => Monotonic.read(clock)
  const { freed, queue } = backlog
  const changed = Latch.makeUnsafe(false)
  /** What `take` waits for may be different now. At once: a profile that could be sent waits for no other turn. */
  const wake = (): void => {
    changed.openUnsafe()
  }
  /** Open while the lane is in charge. */
  const charged = Latch.makeUnsafe(false)
  let breaker = Breaker.closed
  let deliveredAt = -Infinity
  let isFlushed = false
  let deadline = Infinity
  let phase: "open" | "closing" | "abandoning" = "open"

  const appointed: Effect.Effect<void> = Effect.suspend(() => {
    const tooMuch = queue.resize(settings.queue)
    queue.flush(now())
    charged.openUnsafe()
    wake()
    return finishAll(tooMuch, () => dropped("queue_full"))
  })
  const self: Keeper = { label: `${endpoint} ${settings.name}`.trim(), wake, appointed }
  const isInCharge = (): boolean => backlog.isKeptBy(self)

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
    phase !== "open" && (queue.size() === 0 || (queue.leased().length === 0 && next > deadline))

  const expire = ({ retries, since }: Delivery): Outcome =>
    failed(new PushError({ endpoint, reason: new Expired({ age: Duration.millis(now() - since) }) }), retries)

  /** They are in no queue any more: each has its outcome, though the lane may end meanwhile. */
  const finishExpired = (expired: ReadonlyArray<Delivery>): Effect.Effect<void> =>
    Effect.uninterruptible(finishAll(expired, expire))

  /** Leases the next profile as soon as it is due and the breaker lets it through. Ends with the lane. */
  const take: Effect.Effect<Delivery, Cause.Done> = Effect.suspend(() => {
    if (!isInCharge()) {
      if (phase !== "open") return Cause.done()
      changed.closeUnsafe()
      return Effect.andThen(changed.await, take)
    }
    const time = now()
    const expired = queue.expire(time - maxAge)
    if (expired.length > 0) return Effect.andThen(finishExpired(expired), take)
    const opensAt = Breaker.opensAt(breaker, pace)
    const delivery = opensAt <= time ? queue.take(time, breaker.isOpen) : undefined
    if (delivery !== undefined) {
      if (delivery.keeper !== self) adopt(delivery)
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

  /** It may have been another lane's. */
  const adopt = (delivery: Delivery): void => {
    delivery.keeper = self
    delivery.nextDelay = undefined
    delivery.failedAt = undefined
  }

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
    delivery.nextDelay ??= yield* RetrySchedule.start(
      delivery.retries === 0 ? schedule : RetrySchedule.make(settings.retry, delivery.retries)
    )
    const delay = yield* delivery.nextDelay(time, error)
    if (backlog.isAbandoned()) return yield* giveBack(delivery)
    const isOurs = isInCharge()
    if (isOurs && delay === undefined) {
      queue.settle(delivery)
      return yield* finish(delivery, failed(error, delivery.retries))
    }
    delivery.retries += 1
    // What was on its way at the flush has its try at once, too, and so has what another lane will try.
    const isDue = !isOurs || delay === undefined || (isFlushed && !delivery.isFlushed)
    // A clock knows no parts of milliseconds.
    const dueAt = isDue ? time : Math.ceil(time + Duration.toMillis(delay))
    queue.postpone(delivery, dueAt)
    const next = isOurs ? Math.max(dueAt, Breaker.pausedUntil(breaker)) : dueAt
    yield* tell(() => observer.retried(delivery.outbound, error, Duration.millis(next - time)))
  })

  /** It is due at once for the lane in charge, if there is one. */
  const giveBack = (delivery: Delivery): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!backlog.isAbandoned()) {
        queue.postpone(delivery, now())
        return Effect.void
      }
      queue.settle(delivery)
      return finish(delivery, dropped("shutdown"))
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
        Effect.map(backlog.wake)
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
    if (!isInCharge()) {
      charged.closeUnsafe()
      return charged.await
    }
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
  /** Another lane's deadline is none for what is in flight here: that has a timeout. */
  const patience = Effect.gen(function*() {
    yield* Effect.sleep(Duration.millis(deadline - now()))
    if (isInCharge()) return
    const last = yield* drain.begun
    yield* Effect.sleep(Duration.millis(last - now()))
  })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      deadline = yield* drain.deadline
      phase = "closing"
      yield* backlog.leave(self)
      yield* freed.release
      yield* isFlushed || !isInCharge() ? Effect.sync(wake) : flush
      yield* Effect.raceFirst(Fiber.await(workers), patience)
      phase = "abandoning"
      yield* Fiber.interrupt(workers)
      yield* Effect.forEach(queue.leased().filter(({ keeper }) => keeper === self), giveBack, { discard: true })
      backlog.wake()
      if (!isInCharge()) return
      backlog.abandon()
      yield* finishAll(queue.clear(), () => dropped("shutdown"))
    })
  )

  return {
    endpoint,
    takeCharge: Effect.uninterruptible(backlog.take(self)),
    room: (bytes) => {
      const { maxBytes, whenFull } = queue.settings()
      if (bytes > maxBytes) return "never"
      if (queue.fits(bytes)) return "yes"
      return whenFull === "reject" ? "refuse" : "full"
    },
    reserve: (outbound, time) => {
      const reservation = queue.reserve(outbound.size)
      const delivery: Delivery = {
        outbound,
        bytes: outbound.size,
        since: time,
        outcome: Deferred.makeUnsafe<Outcome>(),
        retries: 0,
        keeper: undefined,
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
          if (backlog.isAbandoned()) return Effect.andThen(made, finish(delivery, dropped("shutdown")))
          reservation.commit(delivery)
          backlog.wake()
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
    status: () =>
      isInCharge()
        ? {
          isOpen: breaker.isOpen,
          pausedUntil: Breaker.pausedUntil(breaker),
          oldest: queue.oldest(),
          maxBytes: queue.settings().maxBytes,
          inFlight: queue.leased().length
        }
        : relieved,
    size: () => isInCharge() ? queue.size() : 0,
    bytes: () => isInCharge() ? queue.bytes() : 0
  }
})
