import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Search from "../../src/transport/Search.ts"

const units = (minLength: number, maxLength: number) =>
  Arbitrary.array(Arbitrary.schema(Schema.Literals([1, 2, 3])), { minLength, maxLength })

const patterns = Arbitrary.array(units(1, 7), { minLength: 1, maxLength: 8 })

const endsWith = (read: ReadonlyArray<number>, pattern: ReadonlyArray<number>): boolean =>
  pattern.length <= read.length && pattern.every((unit, index) => unit === read[read.length - pattern.length + index])

const longest = (lengths: ReadonlyArray<number>): number => Math.max(0, ...lengths)

describe("Search", () => {
  it.prop("knows the longest pattern, and the longest beginning of one, that has just been read", {
    patterns,
    text: units(0, 60)
  }, ({ patterns, text }) => {
    const { after, start } = Search.make(patterns)
    const beginnings = patterns.flatMap((pattern) => pattern.map((_, index) => pattern.slice(0, index + 1)))
    let state = start
    text.forEach((unit, index) => {
      state = after(state, unit)
      const read = text.slice(0, index + 1)
      const lengths = (all: ReadonlyArray<ReadonlyArray<number>>) =>
        all.filter((pattern) => endsWith(read, pattern)).map(({ length }) => length)
      assert.strictEqual(state.found, longest(lengths(patterns)))
      assert.strictEqual(state.length, longest(lengths(beginnings)))
    })
  })

  it("takes few steps back, however much a pattern repeats itself", () => {
    const stepsBack = (state: Search.State): number => state.other === undefined ? 0 : 1 + stepsBack(state.other)
    const { after, start } = Search.make([Array.from({ length: 4096 }, () => 1)])
    let state = start
    for (let n = 0; n < 4000; n++) state = after(state, 1)
    assert.strictEqual(state.length, 4000)
    assert.strictEqual(stepsBack(state), 0)
  })
})
