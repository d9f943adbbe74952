import { assert, describe, it } from "@effect/vitest"
import * as Quantity from "../../../src/server/page/Quantity.ts"

describe("Quantity", () => {
  it("has amounts in three digits with a unit", () => {
    assert.deepStrictEqual(
      [0, 0.001, 0.5, 3, 4.567, 45.67, 950, 1000, 12_345, 123_456, 999_960, 7_000_000_000].map(Quantity.count),
      ["0", "<0.01", "0.50", "3", "4.57", "45.7", "950", "1k", "12.3k", "123k", "1.00M", "7G"]
    )
    assert.deepStrictEqual([0, 0.4, 950, 1500, 48_392_120].map(Quantity.bytes), [
      "0 B",
      "0 B",
      "950 B",
      "1.50 kB",
      "48.4 MB"
    ])
    assert.strictEqual(Quantity.rate({ profiles: 12.3, bytes: 1e6 }), "12.3/s · 1 MB/s")
  })

  it("has times in their largest unit", () => {
    assert.deepStrictEqual([0, 99_000, 100_000, 5_940_000, 6_000_000, 259_200_000].map(Quantity.span), [
      "0 s",
      "99 s",
      "2 min",
      "99 min",
      "2 h",
      "3 d"
    ])
    assert.deepStrictEqual([0, 0.0004, 0.0123, 0.9, 4.56, 75].map(Quantity.duration), [
      "0 ms",
      "0.40 ms",
      "12.3 ms",
      "900 ms",
      "4.56 s",
      "75 s"
    ])
    assert.strictEqual(Quantity.moment(0), "1970-01-01 00:00:00 UTC")
  })
})
