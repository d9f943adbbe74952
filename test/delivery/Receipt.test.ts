import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Receipt from "../../src/delivery/Receipt.ts"

const delivered = (...endpoints: ReadonlyArray<string>): Receipt.Receipt =>
  Receipt.make(Effect.succeed(endpoints.map((endpoint) => ({ _tag: "Delivered", endpoint }))))

describe("Receipt", () => {
  it.effect("of several has the outcomes of each, in order", () =>
    Effect.gen(function*() {
      const all = Receipt.all([delivered("a", "b"), Receipt.none, delivered("c")])
      assert.deepStrictEqual((yield* all.outcomes).map(({ endpoint }) => endpoint), ["a", "b", "c"])
      assert.deepStrictEqual(yield* Receipt.all([]).outcomes, [])
    }))
})
