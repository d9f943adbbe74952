/**
 * How fast an endpoint may be pushed to, for all profiles together.
 *
 * Each failure that may pass begins a pause, twice as long as the one before until an answer ends the series. Attempts
 * that were under way when a pause began failed for the same reason and do not lengthen it. A Retry-After is added to
 * that and outlasts an answer.
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
  /** The endpoint took a profile, or refused it for good. */
  readonly answered: () => void
  /** An attempt of that generation failed; gives whether a pause has begun. */
  readonly failed: (error: PushError, generation: number, now: number) => Effect.Effect<boolean>
}

export const make = (settings: RetrySchedule.Settings): Pace => {
  const pauses = RetrySchedule.backoff({ ...settings, jitter: false })
  let next: RetrySchedule.Step<unknown> | undefined
  let pausedUntil = 0
  let generation = 0

  const pauseFor = (pause: Duration.Duration, now: number): void => {
    pausedUntil = Math.max(pausedUntil, Math.ceil(now + Duration.toMillis(pause)))
  }
  return {
    isFailing: () => next !== undefined,
    pausedUntil: () => pausedUntil,
    generation: () => generation,
    answered: () => {
      next = undefined
    },
    failed: Effect.fnUntraced(function*(error, begun, now) {
      if (!error.isRetryable) {
        next = undefined
        return false
      }
      if (error.retryAfter !== undefined) pauseFor(error.retryAfter, now)
      if (begun !== generation) return false
      generation += 1
      next ??= yield* RetrySchedule.start(pauses)
      pauseFor((yield* next(now, error)) ?? Duration.zero, now) // the pauses have no end
      return true
    })
  }
}
