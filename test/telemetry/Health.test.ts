import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
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
})
