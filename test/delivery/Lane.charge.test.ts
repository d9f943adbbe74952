import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Backlog from "../../src/delivery/Backlog.ts"
import * as Drain from "../../src/delivery/Drain.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const dead = () => Effect.fail(errors.serverFailure(503))
const fine = () => Effect.void
const slow = (seconds: number) => Effect.sleep(Duration.seconds(seconds))

type Made = Effect.Success<ReturnType<typeof lanes.make>>

const offerAll = (lane: Made, names: string) => Effect.forEach(names.split(""), (name) => lane.offer(name))

const closing = (lane: Made) => Effect.forkChild(lane.close, { startImmediately: true })

const tagsOf = (outcomes: ReadonlyArray<Effect.Effect<{ readonly _tag: string }>>) =>
  Effect.map(Effect.all(outcomes), (all) => all.map(({ _tag }) => _tag))

describe("Lane, over a queue that another had", () => {
  it.effect("tries at once what waits, and counts the retries that it had", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make(dead, { backlog, retry: { minBackoff: Duration.minutes(1), maxRetries: 0 } })
      const outcome = yield* before.offer("a")
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("5 seconds")
      const after = yield* lanes.make(dead, { backlog, retry: { maxRetries: 3 } })
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(before.attempts.length, 2)
      // Its delays begin anew.
      assert.deepStrictEqual(lanes.timesOf(after.attempts), [0, 500])
      assert.deepInclude(yield* outcome, { _tag: "Failed", retries: 3 })
    }))

  it.effect("leaves what is in flight where it is, and has it when it fails there", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make((name) => Effect.andThen(slow(5), name === "a" ? fine() : dead()), {
        backlog,
        concurrency: 2,
        retry: { minBackoff: Duration.minutes(1) }
      })
      const outcomes = yield* offerAll(before, "abc")
      yield* TestClock.adjust("1 second")
      const after = yield* lanes.make(fine, { backlog })
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(yield* tagsOf(outcomes), ["Delivered", "Delivered", "Delivered"])
      yield* before.close
      assert.deepStrictEqual(lanes.namesOf(before.attempts), ["a", "b"])
      assert.deepStrictEqual(after.attempts, [{ name: "c", at: 0 }, { name: "b", at: 4000 }])
      assert.deepStrictEqual(lanes.namesOf(before.settled), ["a"])
    }))

  it.effect("lets the one before wait for its answer longer than a lane that drains may", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make(() => slow(50), { backlog, drainFor: Duration.seconds(20) })
      const outcome = yield* before.offer("a")
      yield* TestClock.adjust(0)
      const after = yield* lanes.make(fine, { backlog, drainFor: Duration.seconds(20) })
      const closed = yield* closing(before)
      yield* TestClock.adjust("50 seconds")
      yield* Fiber.join(closed)
      assert.strictEqual((yield* outcome)._tag, "Delivered")
      assert.deepStrictEqual([after.attempts, before.lost()], [[], 0])
    }))

  it.effect("has what the one before could not end before a shutdown's deadline", () =>
    Effect.gen(function*() {
      const drain = Drain.make(Duration.seconds(20))
      const backlog = yield* Effect.provideService(Backlog.make, Drain.Drain, drain)
      const before = yield* lanes.make(() => Effect.never, { backlog, drain })
      const outcomes = yield* offerAll(before, "abc")
      yield* TestClock.adjust(0)
      const after = yield* lanes.make((name) => name === "b" ? Effect.never : fine(), { backlog, drain })
      const closed = yield* closing(before)
      // One queue with what is in flight on both.
      assert.deepStrictEqual(drain.waiting().map(({ profiles }) => profiles()), [3])
      yield* drain.begin
      yield* closing(after)
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(closed)
      assert.deepStrictEqual(yield* tagsOf(outcomes), ["Dropped", "Dropped", "Dropped"])
      assert.deepStrictEqual([before.lost() + after.lost(), drain.losses().since], [3, 3])
      assert.deepStrictEqual(drain.waiting(), [])
    }))

  it.effect("gives the charge back when it closes before the one it took it from", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const first = yield* lanes.make(fine, { backlog })
      const second = yield* lanes.make(dead, { backlog, retry: { minBackoff: Duration.minutes(1) } })
      const outcome = yield* second.offer("a")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([first.lane.size(), second.lane.size()], [0, 1])
      yield* second.close
      assert.strictEqual((yield* outcome)._tag, "Delivered")
      assert.deepStrictEqual([first.attempts.length, second.lost()], [1, 0])
    }))

  it.effect("takes over from one that drains, which is then through", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make(dead, { backlog })
      const outcomes = yield* offerAll(before, "abc")
      const closed = yield* closing(before)
      yield* TestClock.adjust("100 millis")
      assert.isUndefined(closed.pollUnsafe())
      yield* lanes.make(fine, { backlog })
      yield* Fiber.join(closed)
      assert.deepStrictEqual(yield* tagsOf(outcomes), ["Delivered", "Delivered", "Delivered"])
    }))

  it.effect("delivers what is pushed into the one before", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make(dead, { backlog })
      const after = yield* lanes.make(fine, { backlog })
      assert.strictEqual((yield* yield* before.offer("a"))._tag, "Delivered")
      assert.deepStrictEqual([before.attempts.length, after.attempts.length], [0, 1])
    }))

  it.effect("drops what is more than its queue may have, and refuses by its own rule", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make(() => Effect.never, { backlog })
      const outcomes = yield* offerAll(before, "abcd")
      yield* TestClock.adjust(0)
      const after = yield* lanes.make(() => Effect.never, { backlog, queue: { maxBytes: 25, whenFull: "reject" } })
      assert.deepStrictEqual([before.lane.room(10), after.settled], ["refuse", []])
      const last = yield* lanes.make(fine, { backlog, queue: { maxBytes: 35, whenFull: "drop_oldest" } })
      yield* TestClock.adjust(0)
      // What is in flight stays where it is, and in the count.
      assert.deepStrictEqual(last.settled.map(({ name, outcome }) => `${name} ${outcome._tag}`), [
        "b Dropped",
        "c Delivered",
        "d Delivered"
      ])
      assert.deepInclude(yield* outcomes[1]!, { _tag: "Dropped", reason: "queue_full" })
    }))

  it.effect("ends what is too old by its own rule, though every worker waits for an answer", () =>
    Effect.gen(function*() {
      const backlog = yield* Backlog.make
      const before = yield* lanes.make(() => Effect.never, { backlog, maxAge: Duration.hours(1) })
      const outcomes = yield* offerAll(before, "abc")
      yield* TestClock.adjust("1 minute")
      yield* lanes.make(() => Effect.never, { backlog, maxAge: Duration.minutes(10) })
      yield* TestClock.adjust("9 minutes")
      yield* TestClock.adjust(1)
      assert.deepInclude(yield* outcomes[2]!, { _tag: "Failed", retries: 0 })
      assert.strictEqual(backlog.queue.size(), 2)
      // And then by the rule of the next.
      yield* lanes.make(() => Effect.never, { backlog, maxAge: Duration.hours(1) })
      yield* before.put("d")
      const late = yield* before.offer("e")
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(backlog.queue.size(), 4)
      yield* lanes.make(fine, { backlog, maxAge: Duration.minutes(5) })
      assert.strictEqual((yield* late)._tag, "Failed")
    }))
})
