import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as Drain from "../../src/delivery/Drain.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const dropped = { _tag: "Dropped", endpoint: errors.endpoint, reason: "shutdown" } as const

/** How many milliseconds it takes to close a lane. */
const closing = (lane: Effect.Success<ReturnType<typeof lanes.make>>) =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    yield* lane.close
    return (yield* Clock.currentTimeMillis) - start
  }).pipe(Effect.forkChild({ startImmediately: true }))

describe("Drain", () => {
  it.effect("takes no time where nothing is queued, and reports nothing", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(() => Effect.void)
      yield* yield* lane.offer("a")
      assert.isFalse(lane.lane.isClosing())
      assert.strictEqual(yield* Fiber.join(yield* closing(lane)), 0)
      assert.isTrue(lane.lane.isClosing())
      assert.strictEqual(lane.lost(), 0)
    }))

  it.effect("delivers what is queued, and takes no longer than that", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(() => Effect.sleep("1 second"), { concurrency: 2 })
      for (const name of ["a", "b", "c", "d", "e"]) yield* lane.put(name)
      const closed = yield* closing(lane)
      assert.isTrue(lane.lane.isClosing())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(closed), 3000)
      assert.deepStrictEqual(lane.settled.map(({ outcome }) => outcome._tag), Array(5).fill("Delivered"))
      assert.strictEqual(lane.lost(), 0)
    }))

  it.effect("goes on retrying what can be due in time", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(
        (_, attempt) => attempt < 3 ? Effect.fail(errors.serverFailure()) : Effect.void,
        { drainFor: Duration.seconds(10) }
      )
      const outcome = yield* lane.offer("a")
      yield* TestClock.adjust(0)
      const closed = yield* closing(lane)
      yield* TestClock.adjust("1 minute")
      // At once, for there may be no later, and then as ever.
      assert.strictEqual(yield* Fiber.join(closed), 3000)
      assert.strictEqual((yield* outcome)._tag, "Delivered")
    }))

  it.effect("tries at once what was to wait longer than there is time", () =>
    Effect.gen(function*() {
      let isBack = false
      const lane = yield* lanes.make(
        () => Effect.suspend(() => isBack ? Effect.void : Effect.fail(errors.serverFailure())),
        { drainFor: Duration.seconds(10), retry: { minBackoff: Duration.minutes(1) } }
      )
      const outcomes = yield* Effect.forEach(["a", "b", "c"], (name) => lane.offer(name))
      isBack = true
      assert.strictEqual(yield* Fiber.join(yield* closing(lane)), 0)
      assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), [
        "Delivered",
        "Delivered",
        "Delivered"
      ])
    }))

  it.effect("ends at the deadline: what is under way is interrupted, all that is left is reported and dropped", () =>
    Effect.gen(function*() {
      const logged: Array<unknown> = []
      const logger = Logger.layer([Logger.make(({ message }) => void logged.push(message))])
      const lane = yield* lanes.make((name) => name === "a" ? Effect.void : Effect.never, {
        concurrency: 2,
        drainFor: Duration.seconds(30)
      }).pipe(Effect.provide(logger))
      const outcomes = yield* Effect.forEach(["a", "b", "c", "d", "e"], (name) => lane.offer(name))
      const closed = yield* closing(lane)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(lane.inFlight(), 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(closed), 30_000)
      assert.strictEqual(lane.inFlight(), 0)
      assert.strictEqual(lane.lost(), 4)
      const [delivered, ...others] = yield* Effect.all(outcomes)
      assert.strictEqual(delivered!._tag, "Delivered")
      assert.deepStrictEqual(others, [dropped, dropped, dropped, dropped])
      assert.deepStrictEqual(lanes.namesOf(lane.settled).toSorted(), ["a", "b", "c", "d", "e"])
      assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes()], [0, 0])
      assert.deepStrictEqual(logged, [])
    }))

  it.effect("what has expired has its outcome, though the deadline comes before an observer has heard of all", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(() => Effect.fail(errors.serverFailure()), {
        maxAge: Duration.minutes(1),
        retry: { maxRetries: 0, minBackoff: Duration.hours(1), maxBackoff: Duration.hours(1) },
        observer: { settled: () => Effect.sleep("1 second") },
        drainFor: Duration.zero
      })
      const outcomes = yield* Effect.forEach(["a", "b", "c"], (name) => lane.offer(name))
      yield* TestClock.adjust("60001 millis")
      yield* Effect.forkChild(lane.close, { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), ["Failed", "Failed", "Failed"])
      assert.deepStrictEqual(lanes.namesOf(lane.settled), ["a", "b", "c"])
    }))

  it.effect("gives up at once when nothing can be due before the deadline", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(() => Effect.fail(errors.rateLimited(Duration.seconds(60))), {
        drainFor: Duration.seconds(30)
      })
      const outcomes = [yield* lane.offer("a"), yield* lane.offer("b")]
      assert.strictEqual(yield* Fiber.join(yield* closing(lane)), 0)
      assert.deepStrictEqual(yield* Effect.all(outcomes), [dropped, dropped])
      assert.strictEqual(lane.lost(), 2)
    }))

  it.effect("gives up when nothing more can be due, but not on what is under way", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(
        (name) =>
          name === "a"
            ? Effect.sleep("20 seconds")
            : Effect.delay(Effect.fail(errors.rateLimited(Duration.hours(1))), 1),
        { concurrency: 2, drainFor: Duration.seconds(30) }
      )
      const outcomes = [yield* lane.offer("a"), yield* lane.offer("b")]
      yield* TestClock.adjust("1 second")
      const closed = yield* closing(lane)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(closed), 19_000)
      assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), ["Delivered", "Dropped"])
    }))

  it.effect("begins at the signal, not when the lane closes: what waits is tried at once, and more is still taken", () =>
    Effect.gen(function*() {
      let isBack = false
      const drain = Drain.make(Duration.seconds(20))
      const lane = yield* lanes.make(
        () => Effect.suspend(() => isBack ? Effect.void : Effect.fail(errors.serverFailure())),
        { drain, retry: { minBackoff: Duration.minutes(1) } }
      )
      const outcomes = yield* Effect.forEach(["a", "b", "c"], (name) => lane.offer(name))
      yield* TestClock.adjust("10 seconds")
      isBack = true
      yield* drain.begin
      assert.isFalse(lane.lane.isClosing())
      outcomes.push(yield* lane.offer("d"))
      assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), Array(4).fill("Delivered"))
      // The sources in front of it take their time; the deadline is that of the signal.
      yield* lane.put("e")
      yield* TestClock.adjust("15 seconds")
      isBack = false
      yield* lane.put("f")
      const closed = yield* closing(lane)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(closed), 0)
      assert.strictEqual(lane.lost(), 1)
    }))

  it.effect("waits at the signal for no attempt that is in flight: what hangs there costs the others nothing", () =>
    Effect.gen(function*() {
      let isBack = false
      const drain = Drain.make(Duration.seconds(20))
      const lane = yield* lanes.make(
        (name, attempt) =>
          Effect.suspend(() => {
            if (isBack) return Effect.void
            return name === "probe" && attempt === 0
              ? Effect.delay(Effect.fail(errors.serverFailure()), "8 seconds")
              : Effect.fail(errors.serverFailure())
          }),
        { drain, concurrency: 8, retry: { minBackoff: Duration.minutes(1), maxRetries: 0 } }
      )
      const outcomes = yield* Effect.forEach("abcdefgh".split(""), (name) => lane.offer(name))
      yield* TestClock.adjust(0)
      outcomes.push(yield* lane.offer("probe"))
      yield* TestClock.adjust("62 seconds")
      assert.strictEqual(lane.inFlight(), 1)
      isBack = true
      yield* drain.begin
      yield* Effect.all(outcomes.slice(0, 8))
      assert.strictEqual(lane.inFlight(), 1)
      // The probe fails after the signal, and has its try at once.
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), Array(9).fill("Delivered"))
    }))

  it.effect("tries once more at the signal, and then as ever", () =>
    Effect.gen(function*() {
      const drain = Drain.make(Duration.seconds(20))
      const lane = yield* lanes.make(() => Effect.fail(errors.serverFailure()), {
        drain,
        retry: { minBackoff: Duration.seconds(4) }
      })
      yield* lane.put("a")
      yield* TestClock.adjust("1 second")
      yield* drain.begin
      yield* TestClock.adjust("1 second")
      const closed = yield* closing(lane)
      yield* TestClock.adjust("1 minute")
      // At the signal, eight seconds later; the next one would come after the deadline.
      assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 1000, 9000])
      assert.strictEqual(yield* Fiber.join(closed), 7000)
    }))

  it.effect("has twenty seconds where nobody says otherwise", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      const { deadline } = yield* Drain.Drain
      assert.strictEqual(yield* deadline, 3_620_000)
      assert.strictEqual(yield* Drain.within(Duration.seconds(5)).deadline, 3_605_000)
    }))
})
