import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Clock, Duration, Effect, Fiber, Schedule, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as FixedRate from "../../src/scrape/FixedRate.ts"

const phases = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 15 }))),
  (n) => n / 16
)

/** The moments, in milliseconds, at which what takes so long each time begins. */
const momentsOf = Effect.fnUntraced(function*(
  phase: number,
  intervals: ReadonlyArray<number>,
  durations: ReadonlyArray<number>
) {
  const moments: Array<number> = []
  const skips: Array<number> = []
  let interval = intervals[0]!
  const running = yield* Stream.fromSchedule(FixedRate.schedule(() => interval, phase)).pipe(
    Stream.take(durations.length),
    Stream.runForEach((skipped) =>
      Effect.gen(function*() {
        skips.push(skipped)
        moments.push((yield* Clock.currentTimeMillis) - start)
        interval = intervals[moments.length] ?? interval
        yield* Effect.sleep(durations[moments.length - 1]!)
      })
    ),
    Effect.forkChild
  )
  const start = yield* Clock.currentTimeMillis
  yield* TestClock.adjust("1 hour")
  yield* Fiber.join(running)
  return { moments, skips }
})

describe("FixedRate", () => {
  it.effect.prop(
    "comes within the first interval, and at its own moment of each",
    [phases],
    ([phase]) =>
      Effect.gen(function*() {
        const { moments, skips } = yield* momentsOf(phase, [10_000], [0, 0, 0, 0])
        const first = moments[0]!
        assert.isTrue(first >= 0 && first < 10_000)
        assert.deepStrictEqual(moments, [0, 1, 2, 3].map((n) => first + n * 10_000))
        assert.deepStrictEqual(skips, [0, 0, 0, 0])
      })
  )

  it.effect("leaves out the moments that a slow one takes, and counts them", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* momentsOf(0, [1000], [200, 1000, 3500, 900, 0]), {
        moments: [0, 1000, 2000, 6000, 7000],
        skips: [0, 0, 0, 3, 0]
      })
    }))

  it.effect("follows another interval from the next moment on", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* momentsOf(0.5, [1000, 1000, 100], [0, 0, 0, 0])).moments, [500, 1500, 1550, 1650])
    }))
})

describe("a timer that rings early", () => {
  it.effect("does not make one moment two", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      let early = 0n
      const waits: Array<number> = []
      yield* Effect.gen(function*() {
        const step = yield* Schedule.toStep(FixedRate.schedule(() => 1000, 0))
        yield* step(0, undefined)
        early = 400_000n
        waits.push(Duration.toMillis((yield* step(0, undefined))[1]))
      }).pipe(Effect.provideService(Clock.Clock, {
        ...clock,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() - early
      }))
      assert.deepStrictEqual(waits, [1000.4])
    }))
})
