import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
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

const offerAll = (lane: Effect.Success<ReturnType<typeof lanes.make>>, names: string) =>
  Effect.forEach(names.split(""), (name) => lane.offer(name))

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

    it.effect("has so many pushes under way as it may, and takes the next when one is through", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => slow(name === "b" ? 1 : 5), { concurrency: 3 })
        yield* offerAll(lane, "abcde")
        assert.deepStrictEqual(lanes.namesOf(lane.attempts), ["a", "b", "c"])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lanes.namesOf(lane.attempts), ["a", "b", "c", "d"])
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0, 0, 1000, 5000])
        assert.strictEqual(lane.mostUnderWay(), 3)
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
        assert.deepStrictEqual(lane.retries, [{ at: 0, delay: 500 }, { at: 500, delay: 1000 }, {
          at: 1500,
          delay: 2000
        }])
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

    it.effect("does not send what has become too old, and does not take that for an answer", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(failing, {
          maxAge: Duration.minutes(60),
          concurrency: 4,
          retry: { maxRetries: 0, minBackoff: Duration.minutes(25), maxBackoff: Duration.minutes(25) }
        })
        const outcome = yield* lane.offer("a")
        yield* TestClock.adjust("76 minutes")
        const result = yield* outcome
        assert.strictEqual(result._tag === "Failed" && result.error.reason.message, "expired after 1h 15m 3ms")
        yield* offerAll(lane, "bcd")
        const attempts = lane.attempts.map(({ at, name }) => `${name} ${Math.round(at / 60_000)}`)
        assert.deepStrictEqual(attempts, ["a 0", "a 25", "a 50", "b 76"])
      }))
  })

  describe("while its endpoint fails", () => {
    it.effect("backs off as a whole: one probe after each pause, and the pauses double", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(failing, { concurrency: 4, retry: { maxRetries: 0 } })
        yield* offerAll(lane, "abcdefgh")
        yield* TestClock.adjust("20 seconds")
        // Four were under way when it began: they count once.
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0, 0, 0, 501, 1502, 3503, 7504, 15_505])
        assert.deepStrictEqual(lane.pauses, [1, 502, 1503, 3504, 7505, 15_506])
        // Those that were never sent go first.
        assert.deepStrictEqual(lanes.namesOf(lane.attempts).join(""), "abcdefgha")
      }))

    it.effect("the pauses end at the cap", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(dead, { retry: { maxRetries: 0, maxBackoff: Duration.seconds(3) } })
        yield* lane.put("a")
        yield* TestClock.adjust("14 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 500, 1500, 3500, 6500, 9500, 12_500])
      }))

    it.effect("a burst of failures at different times counts once", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(
          (name) => name < "d" ? Effect.delay(dead(), name.charCodeAt(0) - 96) : dead(),
          { concurrency: 3, retry: { maxRetries: 0 } }
        )
        yield* offerAll(lane, "abcdef")
        yield* TestClock.adjust("2 seconds")
        // a, b and c fail after 1, 2 and 3 milliseconds. The pause is of a's failure.
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0, 0, 501, 1501])
        assert.deepStrictEqual(lane.pauses, [1, 501, 1501])
      }))

    it.effect("takes up its full pace again, and everything is delivered", () =>
      Effect.gen(function*() {
        let isDead = true
        const lane = yield* lanes.make(() => isDead ? dead() : slow(1), { concurrency: 3, retry: { maxRetries: 0 } })
        const outcomes = yield* offerAll(lane, "abcdefghij")
        yield* TestClock.adjust("4 seconds")
        isDead = false
        const before = lane.attempts.length
        yield* TestClock.adjust("1 minute")
        assert.isTrue((yield* Effect.all(outcomes)).every(({ _tag }) => _tag === "Delivered"))
        // The probe at 7.5 seconds takes a second, then there are three at a time.
        const since = lanes.timesOf(lane.attempts).slice(before)
        assert.deepStrictEqual(since, [7500, 8500, 8500, 8500, 9500, 9500, 9500, 10_500, 10_500, 10_500])
      }))

    it.effect("takes up its full pace again also after an answer to an attempt that outlived the pause", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name, attempt) => {
          if (name === "a") return slow(9)
          return name === "b" && attempt === 0 ? dead() : hung()
        }, { concurrency: 4 })
        yield* offerAll(lane, "abcdefgh")
        yield* TestClock.adjust("9 seconds")
        // Nothing was sent beside a while the endpoint seemed to fail.
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0, 9000, 9000, 9000, 9000])
        assert.strictEqual(lane.underWay(), 4)
      }))

    it.effect("sends nothing before those that were under way are through", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => name === "a" ? slow(30) : dead(), {
          concurrency: 2,
          retry: { maxRetries: 0 }
        })
        yield* offerAll(lane, "abc")
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts, "b"), [0, 30_000])
        assert.strictEqual(lane.mostUnderWay(), 2)
      }))

    it.effect("a final refusal is an answer: the endpoint is there", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name, attempt) => {
          if (name === "a" && attempt === 0) return dead()
          return name === "b" ? Effect.fail(errors.rejected(422)) : slow(1)
        }, { concurrency: 2 })
        yield* offerAll(lane, "abcde")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 500, 500, 500, 1500, 1500])
        assert.deepStrictEqual(lane.pauses, [0])
      }))

    it.effect("one bad profile costs the others the shortest pause for each of its attempts, and no more", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => name === "bad" ? Effect.fail(errors.serverFailure(500)) : slow(0.01), {
          concurrency: 2,
          retry: { maxRetries: 5 }
        })
        const bad = yield* lane.offer("bad")
        for (let at = 0; at < 40_000; at += 100) {
          yield* lane.put(`${at}`)
          yield* TestClock.adjust("100 millis")
        }
        const outcome = yield* bad
        assert.strictEqual(outcome._tag === "Failed" && outcome.retries, 5)
        const others = lane.settled.filter(({ name }) => name !== "bad")
        assert.isAtLeast(others.length, 399)
        assert.isTrue(others.every(({ outcome }) => outcome._tag === "Delivered"))
        assert.strictEqual(lane.pauses.length, 6)
        for (const pause of lane.pauses) assert.include(lanes.timesOf(lane.attempts), pause + 500)
        // Its first retry is due when the first pause ends: of two pauses in a row, the second begins in the first's wake.
        assert.isAtMost(Math.max(...others.map(({ at, name }) => at - Number(name))), 1000)
      }))

    it.effect("what is due again is sent on time, though another push hangs", () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name, attempt) => {
          if (name === "b") return slow(2)
          return name === "a" && attempt === 0 ? Effect.delay(dead(), 1000) : hung()
        }, { concurrency: 4 })
        yield* offerAll(lane, "ab")
        yield* TestClock.adjust("2 seconds")
        yield* lane.put("c")
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lane.attempts.map(({ at, name }) => `${name} ${at}`), ["a 0", "b 0", "a 2000", "c 2000"])
      }))
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
          (name) => name === "a" ? Effect.fail(errors.rateLimited(Duration.seconds(30))) : fine(),
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
        yield* offerAll(lane, "ab")
        assert.deepStrictEqual(lanes.timesOf(lane.attempts), [0, 0])
      }))
  })

  describe("a defect", () => {
    it.effect.each([
      { what: "a push that dies", push: Effect.die(new Error("a bug")) },
      { what: "a push that interrupts itself", push: Effect.interrupt }
    ])("$what costs that profile alone", ({ push }) =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => name < "h" ? push : fine(), { concurrency: 2 })
        const [bad, ...others] = yield* offerAll(lane, "aghi")
        assert.deepStrictEqual(yield* bad!, { _tag: "Dropped", endpoint: errors.endpoint, reason: "defect" })
        assert.deepStrictEqual((yield* Effect.all(others)).map(({ _tag }) => _tag), [
          "Dropped",
          "Delivered",
          "Delivered"
        ])
        // Neither of the two places is lost.
        const again = yield* lanes.make(hung, { concurrency: 2 })
        yield* offerAll(again, "xyz")
        assert.strictEqual(again.underWay(), 2)
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

    it.effect("accepts anything unless it is set to refuse", () =>
      Effect.gen(function*() {
        for (const whenFull of ["drop_oldest", "drop_newest", "reject"] as const) {
          const lane = yield* lanes.make(hung, { queue: { maxBytes: 30, whenFull } })
          yield* offerAll(lane, "abc")
          assert.strictEqual(lane.lane.room(1), whenFull === "reject" ? "full" : "yes")
          assert.strictEqual(lane.lane.room(31), "never")
        }
      }))
  })
})
