import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as Health from "../../src/telemetry/Health.ts"

const health = (state: Health.State, updatedAt: number): Health.Health => ({
  state,
  message: `${state} at ${updatedAt}`,
  updatedAt
})

const states = ["healthy", "unknown", "unhealthy", "exited"] as const

describe("Health", () => {
  it("is as bad as the worst: exited, then unhealthy, then unknown, then healthy", () => {
    for (const [badness, state] of states.entries()) {
      for (const [otherBadness, other] of states.entries()) {
        const expected = badness >= otherBadness ? state : other
        assert.strictEqual(Health.worst(health(state, 1), health(other, 2)).state, expected, `${state}, ${other}`)
        assert.strictEqual(Health.worst(health(state, 2), health(other, 1)).state, expected, `${state}, ${other}`)
      }
    }
  })

  it("shows the newest of equally bad ones, and the first of equally new ones", () => {
    assert.strictEqual(Health.worst(health("unhealthy", 1), health("unhealthy", 2)).updatedAt, 2)
    assert.strictEqual(Health.worst(health("unhealthy", 2), health("healthy", 3), health("unhealthy", 1)).updatedAt, 2)
    const first = health("healthy", 1)
    assert.strictEqual(Health.worst(first, health("healthy", 1)), first)
  })

  it("is that of the only one", () => {
    const only = health("unknown", 1)
    assert.strictEqual(Health.worst(only), only)
  })

  it.effect("may be reported where nobody listens", () =>
    Effect.gen(function*() {
      const reporter = yield* Health.Reporter
      assert.strictEqual(yield* reporter.problem("disk", "no disk"), undefined)
      assert.strictEqual(yield* reporter.problem("disk", undefined), undefined)
    }))

  it.effect("has no problem any more of what has closed, but for one that another has told as well", () =>
    Effect.gen(function*() {
      const problems = new Map<string, string>()
      const problem: Health.Reporter["problem"] = (about, message) =>
        Effect.sync(() => message === undefined ? problems.delete(about) : problems.set(about, message))
      const [old, next] = [yield* Scope.make(), yield* Scope.make()]
      const reporters = Effect.provideService(
        Effect.all([Scope.provide(Health.reporter, old), Scope.provide(Health.reporter, next)]),
        Health.Reporter,
        { problem }
      )
      const [first, second] = yield* reporters
      yield* first.problem("disk", "full")
      yield* first.problem("network", "down")
      yield* second.problem("network", "still down")
      yield* Scope.close(old, Exit.void)
      assert.deepStrictEqual([...problems], [["network", "still down"]])
      yield* Scope.close(next, Exit.void)
      assert.deepStrictEqual([...problems], [])
    }))

  it.effect("has a problem for as long as one has it", () =>
    Effect.gen(function*() {
      const said: Array<string | undefined> = []
      const problem: Health.Reporter["problem"] = (_, message) => Effect.sync(() => void said.push(message))
      const [first, second] = yield* Effect.provideService(
        Effect.all([Health.reporter, Health.reporter]),
        Health.Reporter,
        { problem }
      )
      yield* first.problem("network", "down")
      yield* second.problem("network", "down")
      yield* first.problem("network", undefined)
      assert.deepStrictEqual(said, ["down", "down", "down"])
      yield* second.problem("network", undefined)
      assert.strictEqual(said.at(-1), undefined)
    }))
})
