import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { Profiler } from "node:inspector"
import { Inspector } from "../../src/pprof/Inspector.ts"
import * as Work from "../support/work.ts"

const interval = Duration.millis(1)

const connect = Effect.flatMap(Inspector, (connect) => connect)

/** Gives the microseconds that it took. */
const burn = Effect.sync(() => Work.burn(20))

const lasted = ({ endTime, startTime }: Profiler.Profile): number => endTime - startTime

/** How many samples are of the work. */
const found = ({ nodes, samples }: Profiler.Profile): number => {
  const work = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "burn").map(({ id }) => id))
  return (samples ?? []).filter((id) => work.has(id)).length
}

describe("Inspector", () => {
  it.live("takes one profile after the other without a gap", () =>
    Effect.gen(function*() {
      const inspector = yield* connect
      yield* inspector.startCpu(interval)
      let previous: Profiler.Profile | undefined
      for (let busy = 0; busy < 3;) {
        const micros = yield* burn
        const profile = yield* inspector.takeCpu
        assert.isAtLeast(lasted(profile), micros)
        if (previous !== undefined) assert.isAtMost(profile.startTime, previous.endTime)
        previous = profile
        // On a busy machine the sampler's thread may get no turn for a while.
        if (found(profile) >= 5) busy++
      }
    }))

  it.live("takes profiles with however few samples", () =>
    Effect.gen(function*() {
      const inspector = yield* connect
      yield* inspector.startCpu(Duration.hours(1))
      const micros = yield* burn
      assert.isAtLeast(lasted(yield* inspector.takeCpu), micros)
    }))

  it.live("tells its profiles from those of another session", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* connect, yield* connect]
      yield* one.startCpu(interval)
      yield* other.startCpu(interval)
      const first = yield* burn
      yield* one.takeCpu
      const second = yield* burn
      assert.isAtLeast(lasted(yield* other.takeCpu), first + second)
      const third = yield* burn
      assert.isAtLeast(lasted(yield* one.takeCpu), second + third)
    }))

  it.live("has no profile before the start, and can start at any time", () =>
    Effect.gen(function*() {
      const inspector = yield* connect
      const error = yield* Effect.flip(inspector.takeCpu)
      assert.strictEqual(error.message, "console.profileEnd: there is no profile")
      assert.match((yield* Effect.flip(inspector.takeHeap)).message, /^HeapProfiler.getSamplingProfile: /)
      for (let n = 0; n < 2; n++) {
        yield* inspector.startCpu(interval)
        const micros = yield* burn
        assert.isAtLeast(lasted(yield* inspector.takeCpu), micros)
      }
      yield* inspector.startHeap(1024)
      yield* inspector.startHeap(1024)
      assert.strictEqual((yield* inspector.takeHeap).head.callFrame.functionName, "(root)")
    }))

  it.live("has no profile after a start that V8 refused", () =>
    Effect.gen(function*() {
      const inspector = yield* connect
      const refused = yield* Effect.flip(inspector.startCpu(Duration.nanos(500n)))
      assert.strictEqual(refused.command, "Profiler.setSamplingInterval")
      assert.strictEqual((yield* Effect.flip(inspector.takeCpu)).detail, "there is no profile")
    }))
})
