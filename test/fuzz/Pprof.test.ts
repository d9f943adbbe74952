import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { Profile } from "pprof-format"
import * as Pprof from "../../src/pprof/Pprof.ts"
import { makePprof } from "../support/pprof.ts"
import { int } from "../wire/arbitraries.ts"
import { inputs } from "./effort.ts"

const types = [["samples", "count"], ["cpu", "nanoseconds"], ["wall", "nanoseconds"]] as const

const shapes = Arbitrary.all([int(0, 1_000_000), int(0, 60), int(1, 40), int(1, 3)])

/** The same by a library that reads all of it. */
const expected = (bytes: Uint8Array, top: number): Pprof.Summary => {
  const profile = Profile.decode(bytes)
  const { strings } = profile.stringTable
  const functions = new Map(profile.function.map(({ id, name }) => [id, strings[Number(name)]!]))
  const locations = new Map(profile.location.map(({ id, line }) => [id, functions.get(line[0]!.functionId)!]))
  const self = new Map<string, number>()
  for (const { locationId, value } of profile.sample) {
    const name = locations.get(locationId[0]!)!
    self.set(name, (self.get(name) ?? 0) + Number(value.at(-1)))
  }
  return {
    sampleTypes: profile.sampleType.map(({ type, unit }, index) => ({
      type: strings[Number(type)]!,
      unit: strings[Number(unit)]!,
      total: profile.sample.reduce((sum, { value }) => sum + Number(value[index]), 0)
    })),
    samples: profile.sample.length,
    top: Array.from(self, ([name, value]) => ({ function: name, value })).sort((a, b) => b.value - a.value).slice(
      0,
      top
    )
  }
}

describe("Pprof", () => {
  it.effect.prop(
    "sums up any profile as a second reader does",
    [shapes],
    ([[seed, samples, functions, count]]) =>
      Effect.gen(function*() {
        const bytes = makePprof({ seed, samples, functions, sampleTypes: types.slice(0, count) })
        assert.deepStrictEqual(yield* Pprof.summarize(bytes, { top: 5, maxBytes: 1e6 }), expected(bytes, 5))
      }),
    { arbitrary: { runs: inputs(100) } }
  )
})
