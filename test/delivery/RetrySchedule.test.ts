import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Random, Schema } from "effect"
import type { PushError } from "../../src/delivery/PushError.ts"
import * as RetrySchedule from "../../src/delivery/RetrySchedule.ts"
import * as Schedules from "../../src/testing/Schedules.ts"
import * as errors from "./errors.ts"

type Settings = RetrySchedule.Settings

/** The delays, in milliseconds, of a profile whose attempts fail with these errors. */
const delaysOf = (settings: Settings, failures: Iterable<PushError>) =>
  Effect.map(Schedules.delays(RetrySchedule.make(settings), failures), (delays) => delays.map(Duration.toMillis))

const repeat = <A>(value: A, times: number): Array<A> => Array.from({ length: times }, () => value)

const failing = (times: number) => repeat(errors.serverFailure(), times)

/** What the documentation says: from 0, `min(max, min * 2^k)`. */
const base = ({ maxBackoff, minBackoff }: Settings, k: number): number =>
  Math.min(Duration.toMillis(maxBackoff), Duration.toMillis(minBackoff) * 2 ** k)

const fixedRandom = (fraction: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => fraction, nextIntUnsafe: () => 0 })

const fraction = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 }))),
  (thousandths) => thousandths / 1000
)

/** Milliseconds as exact as a `Duration` that is no whole number of them: to the nanosecond. */
const toNanosecond = (millis: number): number => Math.round(millis * 1e6) / 1e6

describe("RetrySchedule", () => {
  it.effect("doubles from half a second to five minutes, ten times, by default", () =>
    Effect.gen(function*() {
      const seconds = yield* delaysOf({ ...RetrySchedule.defaults, jitter: false }, failing(100))
      assert.deepStrictEqual(seconds.map((millis) => millis / 1000), [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256])
    }))

  it.effect.prop(
    "retries maxRetries times after the first attempt",
    { settings: Schedules.settings, error: errors.ofEndpoint },
    ({ error, settings }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf(settings, repeat(error, 30))
        assert.strictEqual(delays.length, settings.maxRetries === 0 ? 30 : settings.maxRetries)
      })
  )

  it.effect.prop(
    "without a limit it has no end, and stays within the cap for ever",
    { settings: Schedules.settings },
    ({ settings }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf({ ...settings, maxRetries: 0 }, failing(3000))
        assert.strictEqual(delays.length, 3000)
        const max = Duration.toMillis(settings.maxBackoff)
        assert.isTrue(delays.every((delay) => delay > 0 && delay <= max))
        // 2^k is infinite from k = 1024 on.
        assert.isTrue(delays.slice(-1000).every((delay) => delay === max))
      }),
    { arbitrary: { runs: 8 } }
  )

  it.effect.prop(
    "without jitter each delay is its base, and none is shorter than the one before",
    { settings: Schedules.settings },
    ({ settings }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf({ ...settings, jitter: false, maxRetries: 40 }, failing(40))
        assert.deepStrictEqual(delays, delays.map((_, k) => base(settings, k)))
        assert.isTrue(delays.every((delay, k) => k === 0 || delay >= delays[k - 1]!))
      })
  )

  it.effect.prop(
    "with jitter each delay lies between its base and twice its base, and never above the cap",
    { settings: Schedules.settings },
    ({ settings }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf({ ...settings, jitter: true, maxRetries: 40 }, failing(40))
        assert.strictEqual(delays.length, 40)
        delays.forEach((delay, k) => {
          assert.isAtLeast(delay, base(settings, k))
          assert.isAtMost(delay, Math.min(2 * base(settings, k), Duration.toMillis(settings.maxBackoff)))
        })
      })
  )

  it.effect.prop(
    "jitter is spread evenly: the delay is as far between the base and its double as chance says",
    { settings: Schedules.settings, fraction },
    ({ fraction, settings }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf({ ...settings, jitter: true, maxRetries: 12 }, failing(12))
        const max = Duration.toMillis(settings.maxBackoff)
        assert.deepStrictEqual(
          delays,
          delays.map((_, k) => toNanosecond(Math.min(max, base(settings, k) * (1 + fraction))))
        )
      }).pipe(fixedRandom(fraction))
  )

  it.effect("a cap below the first delay wins", () =>
    Effect.gen(function*() {
      const settings = {
        ...RetrySchedule.defaults,
        minBackoff: Duration.seconds(10),
        maxBackoff: Duration.seconds(3),
        maxRetries: 3
      }
      for (const jitter of [true, false]) {
        assert.deepStrictEqual(yield* delaysOf({ ...settings, jitter }, failing(9)), [3000, 3000, 3000])
      }
    }))

  it.effect.prop(
    "a Retry-After is a lower bound, above the cap too, and leaves later delays as they were",
    { settings: Schedules.settings, waits: Arbitrary.array(errors.retryAfter, { minLength: 1, maxLength: 20 }) },
    ({ settings, waits }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf(
          { ...settings, jitter: false, maxRetries: 0 },
          waits.map((wait) => errors.serverFailure(503, wait))
        )
        assert.deepStrictEqual(
          delays,
          waits.map((wait, k) => Math.max(base(settings, k), wait === undefined ? 0 : Duration.toMillis(wait)))
        )
      })
  )

  it.effect.prop(
    "an error that concerns the profile ends it, however many retries there were and are left",
    {
      settings: Schedules.settings,
      before: Arbitrary.array(errors.ofEndpoint, { maxLength: 5 }),
      error: errors.ofProfile
    },
    ({ before, error, settings }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf({ ...settings, maxRetries: 0 }, [...before, error, ...failing(3)])
        assert.strictEqual(delays.length, before.length)
      })
  )

  it.effect.prop(
    "429 is retried unless it is told not to",
    { settings: Schedules.settings, wait: errors.retryAfter },
    ({ settings, wait }) =>
      Effect.gen(function*() {
        const failures = [...failing(2), ...repeat(errors.rateLimited(wait), 3)]
        const delays = yield* delaysOf({ ...settings, maxRetries: 0 }, failures)
        assert.strictEqual(delays.length, settings.retryRateLimited ? 5 : 2)
      })
  )

  it.effect.prop(
    "the same value can be stepped again from its beginning, also while it is being stepped",
    { settings: Schedules.settings },
    ({ settings }) =>
      Effect.gen(function*() {
        const schedule = RetrySchedule.make({ ...settings, jitter: false })
        const alone = yield* Schedules.delays(schedule, failing(25))
        const one = yield* RetrySchedule.start(schedule)
        yield* one(0, errors.serverFailure())
        assert.deepStrictEqual(yield* Schedules.delays(schedule, failing(25)), alone)
        assert.deepStrictEqual(yield* one(0, errors.serverFailure()), alone[1])
      })
  )

  it.effect.prop(
    "chance comes from Random alone: the same seed gives the same delays",
    { settings: Schedules.settings, seed: Schema.Int },
    ({ seed, settings }) =>
      Effect.gen(function*() {
        const delays = delaysOf({ ...settings, jitter: true }, failing(20))
        assert.deepStrictEqual(yield* Random.withSeed(delays, seed), yield* Random.withSeed(delays, seed))
        const others = delaysOf(RetrySchedule.defaults, failing(3))
        assert.notDeepEqual(yield* Random.withSeed(others, seed), yield* Random.withSeed(others, seed + 1))
      })
  )
})
