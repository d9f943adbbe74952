import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const dead = () => Effect.fail(errors.serverFailure(503))
/** After a millisecond, in which others can be on their way. */
const failing = () => Effect.delay(dead(), 1)
const fine = () => Effect.void
const slow = (seconds: number) => Effect.sleep(Duration.seconds(seconds))
/** Neither an answer nor an end. */
const hung = () => Effect.never

/** Returns once what may be sent of them is in flight. */
const offerAll = (lane: Effect.Success<ReturnType<typeof lanes.make>>, names: string) =>
  Effect.forEach(names.split(""), (name) => Effect.tap(lane.offer(name), () => TestClock.adjust(0)))

describe("Lane", () => {
  describe("delivery", () => {
    it.effect("delivers in the order profiles came, and tells who waits", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(fine)
        const outcomes = yield* offerAll(lane, "abc")
        assert.deepStrictEqual(yield* Effect.all(outcomes), [
          { _tag: "Delivered", endpoint: errors.endpoint },
          { _tag: "Delivered", endpoint: errors.endpoint },
          { _tag: "Delivered", endpoint: errors.endpoint }
        ])
        assert.deepStrictEqual(lanes.namesOf(lane.attempts), ["a", "b", "c"])
        assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes()], [0, 0])
      }))

    it.effect("has so many pushes in flight as it may, and takes the next when one is through", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => slow(name === "b" ? 1 : 5), { concurrency: 3 })
        yield* offerAll(lane, "abcde")
        assert.deepStrictEqual(lanes.namesOf(lane.attempts), ["a", "b", "c"])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lanes.namesOf(lane.attempts), ["a", "b", "c", "d"])
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0, 0, 1000, 5000])
        assert.strictEqual(lane.mostInFlight(), 3)
      }))

    it.effect("counts what is on its way as queued until it is through", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(() => slow(1))
        yield* offerAll(lane, "ab")
        assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes()], [2, 20])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes()], [1, 10])
      }))

    it.effect("gives up after so many retries, and says how many there were", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(dead, { retry: { maxRetries: 3 } })
        const outcome = yield* lane.offer("a")
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 500, 1500, 3500])
        assert.deepStrictEqual(yield* outcome, {
          _tag: "Failed",
          endpoint: errors.endpoint,
          error: errors.serverFailure(503),
          retries: 3
        })
        assert.deepStrictEqual(lane.retries, [
          { name: "a", at: 0, delay: 500 },
          { name: "a", at: 500, delay: 1000 },
          { name: "a", at: 1500, delay: 2000 }
        ])
      }))

    it.effect("gives up at once where another attempt would be in vain", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(() => Effect.fail(errors.rejected(400)))
        const outcome = yield* yield* lane.offer("a")
        assert.strictEqual(outcome._tag === "Failed" && outcome.retries, 0)
        assert.strictEqual(lane.attempts.length, 1)
        assert.deepStrictEqual(lane.pauses, [])
      }))

    it.effect("tells the observer before it tells who waits", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(() => slow(1))
        const outcome = yield* lane.offer("a")
        const settled = yield* Effect.forkChild(Effect.map(outcome, () => [...lane.settled]))
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lanes.namesOf(yield* Fiber.join(settled)), ["a"])
      }))

    it.effect("ends what has become too old, waiting or not, and does not take that for an answer", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(failing, {
          maxAge: Duration.minutes(60),
          concurrency: 4,
          retry: { maxRetries: 0, minBackoff: Duration.minutes(25), maxBackoff: Duration.minutes(25) }
        })
        const outcome = yield* lane.offer("a")
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(lane.lane.size(), 1)
        yield* TestClock.adjust("1 minute")
        yield* TestClock.adjust(1)
        const result = yield* outcome
        assert.strictEqual(result._tag === "Failed" && result.error.reason.message, "expired after 1h 1ms")
        assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes()], [0, 0])
        const attempts = lane.attempts.map(({ at, name }) => `${name} ${Math.round(at / 60_000)}`)
        assert.deepStrictEqual(attempts, ["a 0", "a 25", "a 50"])
      }))

    it.effect("ends what has become too old while nothing may be sent, or no push is answered", () =>
      Effect.gen(function*() {
        const paused = () => Effect.fail(errors.rateLimited(Duration.hours(1)))
        for (const concurrency of [1, 2]) {
          for (const endpoint of [paused, () => Effect.never]) {
            const lane = yield* lanes.make(endpoint, { concurrency, maxAge: Duration.minutes(1) })
            yield* offerAll(lane, "ab")
            yield* TestClock.adjust("30 seconds")
            yield* offerAll(lane, "cd")
            yield* TestClock.adjust("70 seconds")
            const settled = lane.settled.map(({ at, name }) => `${name} ${at}`)
            // What is on its way is not too old before it comes back.
            const waiting = endpoint === paused ? ["a 60001", "b 60001"] : concurrency === 1 ? ["b 60001"] : []
            assert.deepStrictEqual(settled, [...waiting, "c 90001", "d 90001"])
          }
        }
      }))

    it.effect("waits for as long as it takes where no age is too old", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((_, attempt) => attempt === 0 ? dead() : fine(), {
          maxAge: Duration.infinity,
          retry: { minBackoff: Duration.days(60), maxBackoff: Duration.days(60) }
        })
        const outcome = yield* lane.offer("a")
        yield* TestClock.adjust("61 days")
        assert.strictEqual((yield* outcome)._tag, "Delivered")
      }))

    it.effect("one whose age is just the allowed one is sent", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((_, attempt) => attempt === 0 ? dead() : fine(), {
          maxAge: Duration.minutes(1),
          retry: { minBackoff: Duration.minutes(1) }
        })
        const outcome = yield* lane.offer("a")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* outcome)._tag, "Delivered")
      }))
  })

  describe("while its endpoint fails", () => {
    it.effect("backs off as a whole: one probe after each pause, and the pauses double", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(failing, { concurrency: 8, retry: { maxRetries: 0 } })
        yield* offerAll(lane, "abcdefghijklm")
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [
          ...Array(8).fill(0),
          501,
          1502,
          3503,
          7504,
          15_505
        ])
        assert.deepStrictEqual(lane.pauses, [1, 502, 1503, 3504, 7505, 15_506])
        // Those that were never sent go first.
        assert.deepStrictEqual(lanes.namesOf(lane.attempts).join(""), "abcdefghijklm")
      }))

    it.effect("the pauses end at the cap", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(dead, { retry: { maxRetries: 0, maxBackoff: Duration.seconds(3) } })
        yield* lane.put("a")
        yield* TestClock.adjust("14 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 500, 1500, 3500, 6500, 9500, 12_500])
      }))

    it.effect("tells how long it really is until the next attempt", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(dead, { retry: { maxRetries: 0 } })
        yield* offerAll(lane, "abcdefghij")
        yield* TestClock.adjust("5 seconds")
        // The breaker opens with the eighth; the tenth has failed for the first time when the third pause begins.
        const tenth = lane.retries.find(({ name }) => name === "j")
        assert.deepStrictEqual(tenth, { name: "j", at: 1500, delay: 2000 })
        assert.strictEqual(lane.lane.status().pausedUntil, 7500)
      }))

    it.effect("takes up its full pace again step by step, and everything is delivered", () =>
      Effect.gen(function*() {
        let isDead = true
        const lane = yield* lanes.make(() => isDead ? dead() : slow(1), { concurrency: 3, retry: { maxRetries: 0 } })
        const outcomes = yield* offerAll(lane, "abcdefghijklm")
        yield* TestClock.adjust("4 seconds")
        isDead = false
        const before = lane.attempts.length
        yield* TestClock.adjust("1 minute")
        assert.isTrue((yield* Effect.all(outcomes)).every(({ _tag }) => _tag === "Delivered"))
        // The probe at 7.5 seconds takes a second; then there are one, two and three at a time.
        const since = lanes.timesOf(lane.attempts).slice(before)
        assert.deepStrictEqual(since.slice(0, 9), [7500, 8500, 9500, 9500, 10_500, 10_500, 10_500, 11_500, 11_500])
        assert.deepStrictEqual(lane.closings, [8500])
      }))

    it.effect("an attempt that outlives the pause keeps no probe waiting, and its success is an answer", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => name === "a" ? slow(9) : failing(), {
          concurrency: 9,
          retry: { maxRetries: 0 }
        })
        yield* offerAll(lane, "abcdefghij")
        yield* TestClock.adjust("9 seconds")
        // Probes are at their time beside a; when it is taken at nine seconds, three more may follow at once.
        assert.deepStrictEqual(lanes.timesOf(lane.attempts).slice(9), [501, 1502, 3503, 7504, 9000, 9000, 9000])
        assert.deepStrictEqual(lane.closings, [9000])
      }))

    it.effect("a final refusal is an answer: the endpoint is there", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => name === "i" ? Effect.fail(errors.rejected(422)) : failing(), {
          concurrency: 8,
          retry: { maxRetries: 0 }
        })
        const outcomes = yield* offerAll(lane, "abcdefghi")
        yield* TestClock.adjust("600 millis")
        assert.strictEqual((yield* outcomes[8]!)._tag, "Failed")
        assert.deepStrictEqual([lane.pauses, lane.closings], [[1], [501]])
      }))

    it.effect("a retry is made at its time with places free, though another push hangs", () =>
      Effect.gen(function*() {
        // 503 at 0 ms, 200 at 500, 503 at 500, 200 at 1000, and one that hangs.
        const lane = yield* lanes.make((name, attempt) => {
          if (name === "c") return hung()
          return attempt === 0 ? dead() : fine()
        }, { concurrency: 8 })
        yield* lane.put("a")
        yield* TestClock.adjust("500 millis")
        yield* lane.put("b")
        yield* TestClock.adjust("500 millis")
        yield* lane.put("c")
        yield* lane.put("d")
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(lane.attempts.map(({ at, name }) => `${name} ${at}`), [
          "a 0",
          "a 500",
          "b 500",
          "b 1000",
          "c 1000",
          "d 1000",
          "d 1500"
        ])
      }))
  })

  describe("a clock that jumps", () => {
    it.effect.each([{ hours: -1 }, { hours: 2 }])(
      "by $hours hours changes nothing",
      ({ hours }) =>
        Effect.gen(function*() {
          const clock = yield* Clock.Clock
          const skew = { millis: 0 }
          const jumping: Clock.Clock = {
            ...clock,
            sleep: (duration) => clock.sleep(duration),
            monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
            currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + skew.millis,
            currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + skew.millis)
          }
          const lane = yield* lanes.make((_, attempt) => attempt < 3 ? dead() : fine(), { maxAge: Duration.hours(1) })
            .pipe(
              Effect.provideService(Clock.Clock, jumping)
            )
          const outcome = yield* lane.offer("a")
          yield* TestClock.adjust("1 second")
          skew.millis = hours * 3_600_000
          yield* TestClock.adjust("3 seconds")
          assert.strictEqual((yield* outcome)._tag, "Delivered")
          assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 500, 1500, 3500])
        })
    )
  })

  describe("Retry-After", () => {
    it.effect("pauses the whole lane, whatever else is answered meanwhile", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name, attempt) => {
          if (name === "a" && attempt === 0) return Effect.fail(errors.rateLimited(Duration.seconds(60)))
          return name === "b" ? slow(5) : Effect.void
        }, { concurrency: 2 })
        yield* offerAll(lane, "ba")
        yield* TestClock.adjust("10 seconds")
        yield* offerAll(lane, "cd")
        yield* TestClock.adjust("49999 millis")
        assert.deepStrictEqual(lanes.namesOf(lane.settled), ["b"])
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(lanes.timesOf(lane.settled), [5000, 60_000, 60_000, 60_000])
      }))

    it.effect("is a lower bound: a longer pause of the schedule stays", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(
          (_, attempt) => Effect.fail(errors.serverFailure(503, Duration.seconds(attempt === 1 ? 10 : 1))),
          { retry: { maxRetries: 0 } }
        )
        yield* lane.put("a")
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 1000, 11_000, 13_000, 17_000])
      }))

    it.effect("of several the longest counts, also from attempts that were under way", () =>
      Effect.gen(function*() {
        const waits: Readonly<Record<string, number>> = { a: 10, b: 40, c: 20 }
        const lane = yield* lanes.make((name, attempt) => {
          const wait = Duration.seconds(waits[name]!)
          return attempt === 0 ? Effect.delay(Effect.fail(errors.rateLimited(wait)), 1) : fine()
        }, { concurrency: 3 })
        yield* offerAll(lane, "abc")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0, 0, 40_001, 40_001, 40_001])
      }))

    it.effect("holds also where 429 is not retried", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(
          (name) => name === "a" ? Effect.fail(errors.rateLimitedProfile(Duration.seconds(30))) : fine(),
          { retry: { retryRateLimited: false } }
        )
        const outcome = yield* yield* lane.offer("a")
        assert.strictEqual(outcome._tag === "Failed" && outcome.retries, 0)
        yield* lane.put("b")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 30_000])
      }))

    it.effect("of an answer that is final pauses nothing", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) =>
          name === "a" ? Effect.fail(errors.rejected(400, Duration.seconds(30))) : fine()
        )
        yield* Effect.all(yield* offerAll(lane, "ab"))
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0])
      }))
  })

  describe("a full queue", () => {
    it.effect("drops the oldest, and says so", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(hung, { queue: { maxBytes: 30 } })
        const [, b] = yield* offerAll(lane, "abcd")
        assert.deepStrictEqual(yield* b!, { _tag: "Dropped", endpoint: errors.endpoint, reason: "queue_full" })
        assert.deepStrictEqual(lanes.namesOf(lane.settled), ["b"])
        assert.strictEqual(lane.lane.bytes(), 30)
      }))

    it.effect("says that it is full, and that it is set to refuse", () =>
      Effect.gen(function*() {
        for (const whenFull of ["drop_oldest", "drop_newest", "reject"] as const) {
          const lane = yield* lanes.make(hung, { queue: { maxBytes: 30, whenFull } })
          yield* offerAll(lane, "abc")
          assert.strictEqual(lane.lane.room(1), whenFull === "reject" ? "refuse" : "full")
          assert.strictEqual(lane.lane.room(31), "never")
        }
      }))
  })
})
