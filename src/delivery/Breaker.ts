/**
 * When an endpoint may be pushed to, for all its profiles together.
 *
 * A pure state machine: each event makes a new state of an old one, and a reading of the monotonic clock (milliseconds)
 * comes with those that need it. Nothing waits here; `opensAt` says how long others have to.
 *
 * - Closed. A failure that counts adds one to the `pressure`, a success takes two off. So it stays near nothing while an
 *   endpoint fails in part, however long that lasts, and reaches `threshold` when more than two thirds of what is sent
 *   fail: eight in a row at the soonest. Then the breaker opens. As the pressure grows fewer attempts may be in flight, so
 *   that those that are can tell before others follow.
 * - What counts. The failure of a profile that has failed before says nothing about the endpoint if something was
 *   delivered in between: it is that profile that will not do.
 * - Open. Nothing is sent before the pause is over, then one attempt is, the probe. The pauses are those of the retry
 *   schedule. A probe that fails begins the next pause. What was in flight when the breaker opened failed for the same
 *   reason and changes nothing; but a success, whenever it was begun, is an answer and closes the breaker.
 * - Recovery. A success takes its two off the pressure, so that a few attempts may be in flight, and more with each
 *   further success; but two failures in a row open the breaker again. The next pause is then as much longer as if there
 *   had been no recovery: only a success without any pressure takes one doubling back.
 * - Retry-After. Opens the breaker at once, for as long as the server asks and whatever is answered meanwhile; then there is
 *   a probe as ever. It is no pressure by itself and no doubling of a pause.
 */
import { Duration } from "effect"
import * as RetrySchedule from "./RetrySchedule.ts"

export interface Settings extends RetrySchedule.Backoff {
  /** Attempts in flight at most while all is well. */
  readonly concurrency: number
}

/** The pressure at which it opens. */
export const threshold = 8

export interface Breaker {
  readonly isOpen: boolean
  readonly pressure: number
  /** Attempts in flight that were begun since it last opened. */
  readonly inFlight: number
  /** How often it has opened: tells attempts that were begun before from those begun after. */
  readonly openings: number
  /** Which pause comes next, from 0. */
  readonly pauses: number
  /** Until when the pause lasts. */
  readonly pausedUntil: number
  /** Until when the server wants to be left alone. */
  readonly retryAfter: number
  /** Answers so far. */
  readonly successes: number
}

export const closed: Breaker = {
  isOpen: false,
  pressure: 0,
  inFlight: 0,
  openings: 0,
  pauses: 0,
  pausedUntil: -Infinity,
  retryAfter: -Infinity,
  successes: 0
}

/** Before this no attempt is made; it may be past. */
export const pausedUntil = ({ isOpen, pausedUntil, retryAfter }: Breaker): number =>
  isOpen ? Math.max(pausedUntil, retryAfter) : retryAfter

/** How many attempts may be in flight, of those begun since it last opened. */
export const allowed = ({ isOpen, pressure }: Breaker, { concurrency }: Pick<Settings, "concurrency">): number =>
  isOpen ? 1 : Math.ceil(concurrency * (threshold - pressure) / threshold)

/** When the next attempt may be made: `pausedUntil`, or `Infinity` while all that may be are in flight. */
export const opensAt = (breaker: Breaker, settings: Pick<Settings, "concurrency">): number =>
  breaker.inFlight >= allowed(breaker, settings) ? Infinity : pausedUntil(breaker)

/** Told with the end of an attempt: what is known of its beginning. */
export interface Attempt {
  /** `openings` when it was begun. */
  readonly openings: number
  /** `successes` when the same profile last failed, if it has. */
  readonly failedAt: number | undefined
}

/** An attempt is made. */
export const begin = (breaker: Breaker): Breaker => ({ ...breaker, inFlight: breaker.inFlight + 1 })

/** An attempt ended, and says nothing about the endpoint. */
export const ended = (breaker: Breaker, { openings }: Attempt): Breaker =>
  openings === breaker.openings ? { ...breaker, inFlight: Math.max(0, breaker.inFlight - 1) } : breaker

/** The endpoint answered: it took a profile, or found fault with just that one. */
export const succeeded = (before: Breaker, attempt: Attempt, now: number): Breaker => {
  const breaker = ended(before, attempt)
  return {
    ...breaker,
    successes: breaker.successes + 1,
    isOpen: breaker.isOpen && now < breaker.retryAfter,
    pressure: Math.max(0, breaker.pressure - 2),
    pauses: breaker.pressure === 0 ? Math.max(0, breaker.pauses - 1) : breaker.pauses
  }
}

export interface Failure {
  readonly now: number
  readonly retryAfter: Duration.Duration | undefined
  /** From 0 to 1: the jitter of a pause that may begin. */
  readonly random: number
}

/** The endpoint failed. */
export const failed = (
  before: Breaker,
  attempt: Attempt,
  { now, random, ...failure }: Failure,
  settings: Settings
): Breaker => {
  const breaker = ended(before, attempt)
  // One that is over asks for nothing.
  const retryAfter = failure.retryAfter && Duration.isPositive(failure.retryAfter) ? failure.retryAfter : undefined
  const isLate = attempt.openings !== before.openings
  const counts = !isLate && (breaker.isOpen || attempt.failedAt === undefined || attempt.failedAt === breaker.successes)
  const isPause = counts && (breaker.isOpen || breaker.pressure + 1 >= threshold)
  const pressure = isPause ? threshold : breaker.pressure + (counts ? 1 : 0)
  if (!isPause && retryAfter === undefined) return pressure === breaker.pressure ? breaker : { ...breaker, pressure }
  return {
    ...breaker,
    isOpen: true,
    pressure,
    inFlight: isLate && breaker.isOpen ? breaker.inFlight : 0,
    openings: isLate && breaker.isOpen ? breaker.openings : breaker.openings + 1,
    pauses: isPause ? breaker.pauses + 1 : breaker.pauses,
    pausedUntil: isPause ? after(now, RetrySchedule.delay(settings, breaker.pauses, random)) : breaker.pausedUntil,
    retryAfter: retryAfter === undefined ? breaker.retryAfter : Math.max(breaker.retryAfter, after(now, retryAfter))
  }
}

/** The endpoint wants to be left alone, though it has answered. */
export const hold = (breaker: Breaker, now: number, retryAfter: Duration.Duration): Breaker => ({
  ...breaker,
  retryAfter: Math.max(breaker.retryAfter, after(now, retryAfter))
})

/**
 * Ends a pause, but for a Retry-After, and waits for no probe that is in flight: there may be no later.
 */
export const flush = (breaker: Breaker): Breaker =>
  breaker.isOpen
    ? { ...breaker, pausedUntil: -Infinity, inFlight: 0, openings: breaker.openings + 1 }
    : breaker

/** A clock knows no parts of milliseconds. */
const after = (now: number, delay: Duration.Duration): number => Math.ceil(now + Duration.toMillis(delay))
