import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Queue } from "effect"
import * as SelfProfile from "../../../src/components/pyroduct/SelfProfile.ts"
import * as Receipt from "../../../src/delivery/Receipt.ts"
import * as Receiver from "../../../src/delivery/Receiver.ts"
import * as Pprof from "../../../src/pprof/Pprof.ts"
import type * as Profile from "../../../src/profile/Profile.ts"

/** Runs for that many milliseconds, and keeps what it makes. */
const burn = (millis: number, kept: Array<ReadonlyArray<number>>): void => {
  const end = performance.now() + millis
  while (performance.now() < end) {
    let sum = 0
    for (let n = 0; n < 100_000; n++) sum += Math.sqrt(n * sum)
    if (kept.length < 1000) kept.push(Array.from({ length: 5000 }, () => sum))
  }
}

describe("SelfProfile", () => {
  it.live("finds the function that was busy, and what holds the memory", () =>
    Effect.gen(function*() {
      const received = yield* Queue.make<Profile.Profile>()
      const receiver = Receiver.make((profile) => Effect.as(Queue.offer(received, profile), Receipt.none))
      yield* Layer.build(SelfProfile.layer({ forward_to: [receiver], interval: Duration.seconds(1) }))
      const kept: Array<ReadonlyArray<number>> = []
      yield* Effect.sleep("1 millis")
      burn(800, kept)
      const summaries = new Map<string, Pprof.Summary>()
      for (const profile of yield* Queue.takeN(received, 2)) {
        assert(profile._tag === "Series")
        const summary = yield* Pprof.summarize(profile.samples[0]!.profile, { top: 5, maxBytes: 10_000_000 })
        summaries.set(profile.labels.get("__name__")!, summary)
      }
      const cpu = summaries.get("process_cpu")!
      assert.strictEqual(cpu.top[0]?.function, "burn")
      assert.isAbove(Number(cpu.sampleTypes[1]!.total), 500_000_000)
      assert.isAbove(Number(summaries.get("memory")!.sampleTypes[0]!.total), 5_000_000)
      assert.strictEqual(kept.length > 0, true)
    }))
})
