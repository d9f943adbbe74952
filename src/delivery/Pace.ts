/**
 * How fast an endpoint may be pushed to, for all profiles together.
 *
 * Each failure that may pass begins a pause, twice as long as the one before, until a success or a final refusal ends the
 * series. Attempts that were under way when a pause began failed for the same reason and do not lengthen it. A
 * Retry-After comes on top of that and outlasts a success.
 */
import { Duration, Effect } from "effect"
import type { PushError } from "./PushError.ts"
import * as RetrySchedule from "./RetrySchedule.ts"

export interface Pace {
  /** While it is, one attempt at a time is enough. */
  readonly isFailing: () => boolean
  /** Nothing is to be sent before, in milliseconds since the epoch. */
  readonly pausedUntil: () => number
  /** Tells attempts from before a pause and after it. */
  readonly generation: () => number
  /** The endpoint took a profile: the series of failures is over. */
  readonly answered: () => void
  /** Ends a pause, but for a Retry-After. */
  readonly hurry: () => void
  /** An attempt of that generation failed; gives whether a pause has begun. */
  readonly failed: (error: PushError, generation: number, now: number) => Effect.Effect<boolean>
}

export const make = (settings: RetrySchedule.Settings): Pace => {
  const pauses = RetrySchedule.backoff(settings)
  let next: RetrySchedule.Step<unknown> | undefined
  let backOffUntil = 0
  let retryAfter = 0
  let generation = 0

  return {
    isFailing: () => next !== undefined,
    pausedUntil: () => Math.max(backOffUntil, retryAfter),
    generation: () => generation,
    answered: () => {
      next = undefined
    },
    hurry: () => {
      backOffUntil = 0
    },
    failed: Effect.fnUntraced(function*(error, begun, now) {
      if (!error.isRetryable) {
        next = undefined
        return false
      }
      if (error.retryAfter !== undefined) retryAfter = Math.max(retryAfter, end(now, error.retryAfter))
      if (begun !== generation) return false
      generation += 1
      next ??= yield* RetrySchedule.start(pauses)
      backOffUntil = end(now, (yield* next(now, error)) ?? Duration.zero) // the pauses have no end
      return true
    })
  }
}

/** A clock knows no parts of milliseconds. */
const end = (now: number, pause: Duration.Duration): number => Math.ceil(now + Duration.toMillis(pause))
