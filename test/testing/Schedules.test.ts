import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Schedule } from "effect"
import * as Schedules from "../../src/testing/Schedules.ts"

const millis = <E>(delays: Effect.Effect<ReadonlyArray<Duration.Duration>, E>) =>
  Effect.map(delays, (all) => all.map(Duration.toMillis))

describe("Schedules", () => {
  describe("delays", () => {
    it.effect("gives a delay for each input, and no time passes", () =>
      Effect.gen(function*() {
        const delays = Schedules.delays(Schedule.exponential("1 hour"), [1, 2, 3])
        assert.deepStrictEqual(yield* millis(delays), [3_600_000, 7_200_000, 14_400_000])
        assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      }))

    it.effect("ends when the schedule does", () =>
      Effect.gen(function*() {
        const schedule = Schedule.upTo(Schedule.spaced("1 second"), { times: 2 })
        assert.deepStrictEqual(yield* millis(Schedules.delays(schedule, [1, 2, 3, 4])), [1000, 1000])
      }))

    it.effect("tells the schedule the time that its delays make", () =>
      Effect.gen(function*() {
        const schedule = Schedule.upTo(Schedule.spaced("10 seconds"), { duration: "35 seconds" })
        const delays = yield* Schedules.delays(schedule, Array(100).fill(undefined))
        assert.strictEqual(delays.length, 4)
      }))

    it.effect("gives each input to the schedule", () =>
      Effect.gen(function*() {
        const schedule = Schedule.identity<number>().pipe(
          Schedule.modifyDelay(({ input }) => Effect.succeed(Duration.seconds(input)))
        )
        assert.deepStrictEqual(yield* millis(Schedules.delays(schedule, [2, 1])), [2000, 1000])
      }))
  })

  it.prop("settings are within their bounds", { settings: Schedules.settings }, ({ settings }) => {
    for (const backoff of [settings.minBackoff, settings.maxBackoff]) {
      assert.isAtLeast(Duration.toMillis(backoff), 1)
      assert.isAtMost(Duration.toMinutes(backoff), 10)
    }
    assert.isTrue(settings.maxRetries >= 0 && settings.maxRetries <= 20)
  })
})
