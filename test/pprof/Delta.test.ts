import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Profile } from "pprof-format"
import * as Delta from "../../src/pprof/Delta.ts"
import { makePprof } from "../support/pprof.ts"

const sampleTypes = [["alloc_objects", "count"], ["alloc_space", "bytes"], ["inuse_space", "bytes"]] as const

describe("Delta", () => {
  it("subtracts counters, and takes the new value of what is none", () => {
    const bytes = makePprof({ sampleTypes, timeNanos: 5n })
    const { baseline } = Result.getOrThrow(Delta.step(undefined, bytes)) as Extract<Delta.Step, { _tag: "First" }>
    const step = Result.getOrThrow(Delta.step(baseline, makePprof({ sampleTypes, timeNanos: 12n })))
    assert.strictEqual(step._tag, "Delta")
    if (step._tag !== "Delta") return
    const delta = Profile.decode(step.profile)
    assert.deepStrictEqual([delta.timeNanos, delta.durationNanos], [12, 7])
    for (const { value } of delta.sample) assert.deepStrictEqual(value.slice(0, 2), [0, 0])
  })
})
