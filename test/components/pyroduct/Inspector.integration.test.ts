import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Inspector } from "../../../src/components/pyroduct/Inspector.ts"

const interval = Duration.millis(1)

const connect = Effect.flatMap(Inspector, (connect) => connect)

const burn = Effect.sync(() => {
  const end = performance.now() + 50
  while (performance.now() < end);
})

describe("Inspector", () => {
  it.live("takes one profile after the other without a gap", () =>
    Effect.gen(function*() {
      const inspector = yield* connect
      yield* inspector.startCpu(interval)
      yield* burn
      const first = yield* inspector.takeCpu
      yield* burn
      const second = yield* inspector.takeCpu
      assert.isAtLeast(first.samples!.length, 10)
      assert.isAtLeast(second.samples!.length, 10)
      assert.isAtLeast(second.endTime - second.startTime, 50_000)
      assert.isAtMost(second.startTime, first.endTime)
    }))

  it.live("tells its profiles from those of another session", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* connect, yield* connect]
      yield* one.startCpu(interval)
      yield* other.startCpu(interval)
      yield* burn
      yield* one.takeCpu
      yield* burn
      const all = yield* other.takeCpu
      assert.isAtLeast(all.endTime - all.startTime, 100_000)
      yield* burn
      const rest = yield* one.takeCpu
      assert.isAtLeast(rest.endTime - rest.startTime, 100_000)
    }))

  it.live("has no profile before the start, and can start at any time", () =>
    Effect.gen(function*() {
      const inspector = yield* connect
      const error = yield* Effect.flip(inspector.takeCpu)
      assert.strictEqual(error.message, "console.profileEnd: there is no profile")
      assert.match((yield* Effect.flip(inspector.takeHeap)).message, /^HeapProfiler.getSamplingProfile: /)
      for (let n = 0; n < 2; n++) {
        yield* inspector.startCpu(interval)
        yield* burn
        const profile = yield* inspector.takeCpu
        assert.isAtLeast(profile.endTime - profile.startTime, 50_000)
      }
      yield* inspector.startHeap(1024)
      yield* inspector.startHeap(1024)
      assert.strictEqual((yield* inspector.takeHeap).head.callFrame.functionName, "(root)")
    }))
})
