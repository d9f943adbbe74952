/**
 * The way to one endpoint: a Stream of what is due, out of its queue, pushed by so many at a time.
 *
 * - When: each profile has its own retry schedule, and the lane a `Breaker`. The time of an attempt is that of the
 *   profile's schedule, or that of the breaker if it is later, and nothing else but a place: `concurrency` of them.
 * - Order: oldest first; while the breaker is open, a profile that has not failed before one that has.
 * - Overflow: as the queue is set. What it drops is settled as `queue_full`.
 * - Age: what is older than `maxAge` is settled as `Expired`, waiting or not.
 * - Interruption: pushing into a lane cannot be interrupted between the reservation and the commit.
 * - Shutdown: when the `Drain` begins, everything that waits is tried at once, whatever the back-off says, and then as
 *   ever. When the scope closes, nothing new is accepted, and the lane goes on until it is empty, until nothing can be
 *   due before the deadline any more, or until the deadline. What is in flight then is interrupted; what is left is
 *   settled as `shutdown`.
 * - Defects: of a push, an observer or an application's logger each costs at most its own profile. A place is given back
 *   by the Stream, whatever happens in it.
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
  Stream
} from "effect"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Breaker from "./Breaker.ts"
import { Drain } from "./Drain.ts"
import type { Outbound } from "./Outbound.ts"
import { Expired, PushError } from "./PushError.ts"
import * as Queue from "./Queue.ts"
import type { DropReason, Outcome } from "./Receipt.ts"
import * as RetrySchedule from "./RetrySchedule.ts"

export interface Settings {
  /** The name in outcomes, metrics and logs: the URL without credentials. */
  readonly endpoint: string
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
  /** Waits until something has left the queue, or nothing is accepted any more. */
  readonly left: Effect.Effect<void>
  /** Whether the endpoint takes what it is sent, and has lately. */
  readonly isDelivering: () => boolean
  /** Whether what waits is little of what may. */
  readonly keepsUp: () => boolean
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
  /** What `take` waits for may be different now. */
  const changed = Latch.makeUnsafe(false)
  /** Something has left the queue. */
  const left = Latch.makeUnsafe(false)
  let breaker = Breaker.closed
  let deliveredAt = -Infinity
  let isDraining = false
  let deadline = Infinity
  let phase: "open" | "closing" | "abandoning" = "open"

  const logDefect = (message: string, cause: Cause.Cause<unknown>): Effect.Effect<void> =>
    Effect.ignoreCause(Effect.annotateLogs(Effect.logError(message, cause), { endpoint }))
  /** A defect of whoever is told is logged, if that can be done, and costs nothing else. */
  const tell = (event: () => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.catchCause(Effect.suspend(event), (cause) => logDefect("an observer died", cause))

  /** The outcome is known last, for whoever waits for it may end everything. */
  const finish = Effect.fnUntraced(function*(delivery: Delivery, outcome: Outcome) {
    const { outbound, since } = delivery
    if (outcome._tag !== "Delivered") drain.lost(endpoint, outbound.profiles)
    yield* tell(() => observer.settled(outbound, outcome, Duration.millis(now() - since)))
    Deferred.doneUnsafe(delivery.outcome, Effect.succeed(outcome))
    yield* left.release
  })
  const dropped = (reason: DropReason): Outcome => ({ _tag: "Dropped", endpoint, reason })
  const failed = (error: PushError, retries: number): Outcome => ({ _tag: "Failed", endpoint, error, retries })
  const finishAll = (deliveries: ReadonlyArray<Delivery>, outcome: (delivery: Delivery) => Outcome) =>
    Effect.forEach(deliveries, (delivery) => finish(delivery, outcome(delivery)), { discard: true })

  // ---- What comes next ----

  const isOver = (next: number): boolean =>
    phase !== "open" && (queue.size() === 0 || (queue.leased() === 0 && next > deadline))

  const expire = ({ retries, since }: Delivery): Outcome =>
    failed(new PushError({ endpoint, reason: new Expired({ age: Duration.millis(now() - since) }) }), retries)

  /** Leases the next profile as soon as it is due and the breaker lets it through. Ends with the lane. */
  const take: Effect.Effect<Delivery, Cause.Done> = Effect.suspend(() => {
    const time = now()
    const expired = queue.expire(time - maxAge)
    // They are in no queue any more: each has its outcome, though the lane may end meanwhile.
    if (expired.length > 0) return Effect.andThen(Effect.uninterruptible(finishAll(expired, expire)), take)
    const opensAt = Breaker.opensAt(breaker, pace)
    const delivery = opensAt <= time ? queue.take(time, breaker.isOpen) : undefined
    if (delivery !== undefined) {
      breaker = Breaker.begin(breaker)
      delivery.openings = breaker.openings
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

  /** The outcome of a profile with the end of an attempt, if it is through. */
  const judge = Effect.fnUntraced(function*(delivery: Delivery, exit: Exit.Exit<void, PushError>) {
    if (Exit.isSuccess(exit)) {
      deliveredAt = now()
      yield* move(Breaker.succeeded(breaker, delivery))
      return { _tag: "Delivered", endpoint } satisfies Outcome
    }
    const error = Result.getOrUndefined(Cause.findError(exit.cause))
    if (error === undefined) {
      breaker = Breaker.ended(breaker, delivery)
      yield* logDefect("a push died", exit.cause)
      return dropped("defect")
    }
    // Before anything is read that others may change meanwhile.
    const random = yield* Random.next
    const time = now()
    if (error.concerns === "profile") {
      yield* move(Breaker.succeeded(breaker, delivery))
      const { reason } = error
      if (reason._tag === "RateLimited" && reason.retryAfter) breaker = Breaker.hold(breaker, time, reason.retryAfter)
      return failed(error, delivery.retries)
    }
    const { retryAfter } = error
    const moved = move(Breaker.failed(breaker, delivery, { now: time, retryAfter, random }, pace), error)
    delivery.failedAt = breaker.successes
    yield* moved
    delivery.nextDelay ??= yield* RetrySchedule.start(schedule)
    const delay = yield* delivery.nextDelay(time, error)
    if (delay === undefined) return failed(error, delivery.retries)
    delivery.retries += 1
    const dueAt = Math.ceil(time + Duration.toMillis(delay)) // a clock knows no parts of milliseconds
    queue.postpone(delivery, dueAt)
    const next = Math.max(dueAt, Breaker.pausedUntil(breaker))
    yield* tell(() => observer.retried(delivery.outbound, error, Duration.millis(next - time)))
  })

  const deliver = (delivery: Delivery): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.exit(restore(Effect.suspend(() => push(delivery.outbound)))), (exit) => {
        // It is among what is left, and settled with that.
        if (phase === "abandoning" && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return Effect.void
        return judge(delivery, exit).pipe(
          Effect.catchCause((cause) => Effect.as(logDefect("a push died", cause), dropped("defect"))),
          Effect.flatMap((outcome) => {
            if (outcome === undefined) return Effect.void
            queue.settle(delivery)
            return finish(delivery, outcome)
          }),
          Effect.ensuring(changed.open)
        )
      })
    )

  const worker = yield* Stream.fromEffectRepeat(take).pipe(
    Stream.mapEffect(deliver, { concurrency, unordered: true }),
    Stream.runDrain,
    Effect.forkScoped
  )

  // ---- The end ----

  /** There may be no later: everything is tried at once, whatever the back-off says. */
  const hurry = Effect.suspend(() => {
    isDraining = true
    breaker = Breaker.hurry(breaker)
    queue.hurry(now())
    return changed.open
  })
  yield* Effect.forkScoped(Effect.andThen(drain.begun, hurry))
  yield* drain.enter({ endpoint, profiles: queue.size })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      deadline = yield* drain.deadline
      phase = "closing"
      yield* left.release
      yield* isDraining ? changed.open : hurry
      yield* Effect.timeoutOption(Fiber.await(worker), Duration.millis(deadline - now()))
      phase = "abandoning"
      yield* Fiber.interrupt(worker)
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
        openings: 0,
        failedAt: undefined
      }
      const lost = () => dropped("queue_full")
      return {
        outcome: Deferred.await(delivery.outcome),
        commit: Effect.suspend(() => {
          if (reservation === undefined) return finish(delivery, lost())
          const made = finishAll(reservation.dropped, lost)
          // Nobody would look there any more.
          if (phase === "abandoning") return Effect.andThen(made, finish(delivery, dropped("shutdown")))
          reservation.commit(delivery)
          return Effect.andThen(changed.open, made)
        })
      }
    },
    left: left.await,
    isDelivering: () => !breaker.isOpen && now() - deliveredAt < recently,
    keepsUp: () => queue.bytes() < settings.queue.maxBytes / 8,
    isClosing: () => phase !== "open",
    status: () => ({ isOpen: breaker.isOpen, pausedUntil: Breaker.pausedUntil(breaker), oldest: queue.oldest() }),
    size: queue.size,
    bytes: queue.bytes
  }
})
