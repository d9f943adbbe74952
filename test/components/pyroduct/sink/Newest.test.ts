import { assert, describe, it } from "@effect/vitest"
import { Arbitrary } from "effect"
import * as Newest from "../../../../src/components/pyroduct/sink/Newest.ts"
import { int } from "../../../wire/arbitraries.ts"

describe("Newest", () => {
  it.prop(
    "keeps as many of the newest as fit, but always the last, and gives each of the others once",
    [int(1, 1000), Arbitrary.array(int(0, 400), { minLength: 1, maxLength: 50 })],
    ([maxBytes, sizes]) => {
      const newest = Newest.make<{ readonly size: number }>(maxBytes)
      const put = sizes.map((size) => ({ size }))
      const gone = put.flatMap((item) => newest.add(item, item.size))
      let fitting = 1
      let bytes = sizes.at(-1)!
      while (fitting < sizes.length && bytes + sizes.at(-fitting - 1)! <= maxBytes) bytes += sizes.at(-++fitting)!
      assert.deepStrictEqual(newest.items(), put.slice(-fitting))
      assert.deepStrictEqual(gone, put.slice(0, -fitting))
      assert.strictEqual(newest.bytes(), bytes)
    }
  )

  it("keeps what is larger than the bound until something else comes", () => {
    const newest = Newest.make<{ readonly name: string }>(10)
    const [small, large, last] = [{ name: "small" }, { name: "large" }, { name: "last" }]
    assert.deepStrictEqual(newest.add(small, 10), [])
    assert.deepStrictEqual(newest.add(large, 11), [small])
    assert.deepStrictEqual(newest.items(), [large])
    assert.deepStrictEqual(newest.add(last, 10), [large])
    assert.strictEqual(newest.bytes(), 10)
  })
})
