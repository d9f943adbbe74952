import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import { Profiles } from "../../src/testing.ts"

describe("Profiles", () => {
  it.prop("labels are what every server takes", [Profiles.labels], ([labels]) => {
    const checked = Result.getOrThrow(Labels.fromPairs(labels))
    assert.isTrue(Labels.equals(checked, labels))
    assert.notStrictEqual(Labels.get(labels, "service_name"), "")
    assert.isAtMost(labels.size, 9)
  })

  it.prop("series have samples", [Profiles.series], ([series]) => {
    assert.isTrue(series.samples.length >= 1 && series.samples.length <= 3)
  })
})
