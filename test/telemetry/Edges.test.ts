import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Edges from "../../src/telemetry/Edges.ts"

describe("Edges", () => {
  it.effect("shows how much goes over each edge, and how fast since somebody looked before", () =>
    Effect.gen(function*() {
      const edges = Edges.make()
      const edge = yield* edges.edge("in", "out")
      edge.profiles += 5
      edge.bytes += 500
      const rates = Effect.map(edges.read, ([traffic]) => traffic?.rate)
      assert.deepStrictEqual(yield* edges.read, [{ from: "in", to: "out", profiles: 5, bytes: 500, rate: undefined }])
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* rates, undefined, "there is too little to tell")
      yield* TestClock.adjust("1900 millis")
      edge.profiles += 4
      edge.bytes += 100
      assert.deepStrictEqual(yield* rates, { profiles: 2, bytes: 50 })
      // Whoever looks more often does not see another rate.
      for (let looks = 0; looks < 20; looks++) {
        yield* TestClock.adjust("1 second")
        edge.profiles += 3
        yield* rates
      }
      assert.deepStrictEqual(yield* rates, { profiles: 3, bytes: 0 })
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(yield* rates, { profiles: 0, bytes: 0 })
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* rates, undefined, "nobody has looked for long")
    }).pipe(Effect.scoped))

  it.effect("goes on where a block is built anew beside the old one, and ends with the block", () =>
    Effect.gen(function*() {
      const edges = Edges.make()
      const [old, next] = [yield* Scope.make(), yield* Scope.make()]
      const first = yield* Scope.provide(edges.edge("in", "out"), old)
      first.profiles += 1
      const second = yield* Scope.provide(edges.edge("in", "out"), next)
      yield* Scope.close(old, Exit.void)
      second.profiles += 1
      assert.deepStrictEqual((yield* edges.read).map(({ profiles }) => profiles), [2])
      yield* Scope.close(next, Exit.void)
      assert.deepStrictEqual(yield* edges.read, [])
    }))
})
