import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Drain from "../../src/delivery/Drain.ts"

const timeout = Duration.seconds(20)

/** As long after the start as anything. */
const later = TestClock.adjust("1 hour")
const hour = Duration.toMillis("1 hour")

describe("Drain.make", () => {
  it.effect("has one deadline, counted from when it begins, for what closes late too", () =>
    Effect.gen(function*() {
      const drain = Drain.make(timeout)
      yield* later
      yield* drain.begin
      assert.strictEqual(yield* drain.deadline, hour + 20_000)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* drain.deadline, hour + 20_000)
      yield* later
      assert.strictEqual(yield* drain.deadline, hour + 20_000)
    }))

  it.effect("gives what closes without it the time from then", () =>
    Effect.gen(function*() {
      const drain = Drain.make(timeout)
      yield* later
      assert.strictEqual(yield* drain.deadline, hour + 20_000)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* drain.deadline, hour + 25_000)
    }))

  it.effect("is an event that everybody sees at once, with the deadline, and whoever looks later too", () =>
    Effect.gen(function*() {
      const drain = Drain.make(timeout)
      const seen = yield* Effect.forEach(["a", "b"], () => Effect.forkChild(drain.begun, { startImmediately: true }))
      yield* later
      assert.isFalse(drain.hasBegun())
      assert.deepStrictEqual(seen.map((fiber) => fiber.pollUnsafe()), [undefined, undefined])
      yield* drain.begin
      assert.isTrue(drain.hasBegun())
      assert.deepStrictEqual(yield* Fiber.joinAll(seen), [hour + 20_000, hour + 20_000])
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* drain.begun, hour + 20_000)
    }))

  it.effect("begins once", () =>
    Effect.gen(function*() {
      const drain = Drain.make(timeout)
      yield* drain.begin
      yield* later
      yield* drain.begin
      assert.strictEqual(yield* drain.begun, 20_000)
    }))

  it.effect("knows which queues hold something, until they have closed", () =>
    Effect.gen(function*() {
      const drain = Drain.make(timeout)
      const scope = yield* Scope.make()
      let profiles = 0
      yield* drain.enter({ endpoint: "http://a", profiles: () => profiles }).pipe(Scope.provide(scope))
      yield* drain.enter({ endpoint: "http://b", profiles: () => 2 })
      const names = () => drain.waiting().map(({ endpoint }) => endpoint)
      assert.deepStrictEqual(names(), ["http://b"])
      profiles = 1
      assert.deepStrictEqual(names(), ["http://a", "http://b"])
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      assert.deepStrictEqual(names(), ["http://b"])
    }))

  it.effect("counts what was lost before it has begun apart from what was lost since", () =>
    Effect.gen(function*() {
      const drain = Drain.make(timeout)
      drain.lost("http://a", 2)
      drain.lost("http://b", 1)
      assert.deepStrictEqual(drain.losses(), { before: 3, since: 0 })
      yield* drain.begin
      drain.lost("http://a", 4)
      assert.deepStrictEqual(drain.losses(), { before: 3, since: 4 })
    }))
})
