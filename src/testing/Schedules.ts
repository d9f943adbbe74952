/**
 * Schedules without a clock: the delays that one gives, and settings to try it with.
 */
import { Arbitrary, Duration, Effect, type Schedule, Schema } from "effect"
import * as RetrySchedule from "../delivery/RetrySchedule.ts"

/**
 * The delays of a schedule that is stepped once with each input, from its beginning. Nothing sleeps: the time it is
 * told is the sum of the delays so far. There are fewer delays than inputs when the schedule is through before them.
 */
export const delays = Effect.fnUntraced(function*<Output, Input, Env>(
  schedule: Schedule.Schedule<Output, Input, never, Env>,
  inputs: Iterable<Input>
): Effect.fn.Return<ReadonlyArray<Duration.Duration>, never, Env> {
  const next = yield* RetrySchedule.start(schedule)
  const delays: Array<Duration.Duration> = []
  let now = 0
  for (const input of inputs) {
    const delay = yield* next(now, input)
    if (delay === undefined) break
    delays.push(delay)
    now += Duration.toMillis(delay)
  }
  return delays
})

const millis = (maximum: number): Arbitrary.Arbitrary<Duration.Duration> =>
  Arbitrary.map(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))), Duration.millis)

/** Durations from a millisecond to ten minutes, of which either may be the longer; up to 20 retries, or 0. */
export const settings: Arbitrary.Arbitrary<RetrySchedule.Settings> = Arbitrary.all({
  minBackoff: millis(600_000),
  maxBackoff: millis(600_000),
  maxRetries: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))),
  retryRateLimited: Arbitrary.schema(Schema.Boolean),
  jitter: Arbitrary.schema(Schema.Boolean)
})
