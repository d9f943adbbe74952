import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result } from "effect"
import * as Delta from "../../src/pprof/Delta.ts"
import * as profiles from "../pprof/profiles.ts"
import * as ProfileModel from "../support/profileModel.ts"
import { bytes } from "../wire/arbitraries.ts"
import { damaged, damages } from "./damages.ts"
import { inputs } from "./effort.ts"

/** All that a profile is refused for; not the message of an error that nobody thought of. */
const details =
  /^it (is cut off$|has (a group$|an impossible field$|a number of more than|no |two ))|^a sample has not one/

const stepOf = (previous: Delta.Baseline | undefined, profile: Uint8Array): Delta.Step | undefined => {
  const step = Delta.step(previous, profile)
  if (Result.isSuccess(step)) return step.success
  if (step.failure.reason._tag === "Malformed") assert.match(step.failure.reason.detail, details)
  return undefined
}

const baselineOf = (profile: Uint8Array): Delta.Baseline | undefined => {
  const step = stepOf(undefined, profile)
  return step !== undefined && "baseline" in step ? step.baseline : undefined
}

describe("Delta", () => {
  it.prop(
    "of a damaged profile is one that can be read, or the profile is refused",
    [profiles.rising(2), Arbitrary.all([profiles.form, profiles.form]), Arbitrary.all([damages, damages])],
    ([[a, b], [formA, formB], [damagesA, damagesB]]) => {
      const [before, after] = [
        damaged(ProfileModel.encode(a!, formA), damagesA),
        damaged(ProfileModel.encode(b!, formB), damagesB)
      ]
      for (const previous of [baselineOf(before), baselineOf(ProfileModel.encode(a!, formA))]) {
        const step = stepOf(previous, after)
        if (step?._tag !== "Delta") continue
        assert.isAtMost(step.profile.length, 10 * after.length + 64)
        const again = stepOf(undefined, step.profile)
        assert.strictEqual(again?._tag, "First")
        if (again?._tag === "First") assert.isAtMost(again.baseline.stacks, step.baseline.stacks)
      }
    },
    { arbitrary: { runs: inputs(100) } }
  )

  it.prop(
    "of any bytes is refused",
    [bytes(40)],
    ([profile]) => assert.strictEqual(baselineOf(profile), undefined),
    { arbitrary: { runs: inputs(100) } }
  )
})
