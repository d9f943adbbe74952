import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as GraphLayout from "../../../src/server/page/GraphLayout.ts"

const measures: GraphLayout.Measures = { width: 100, height: 40, between: 60, gap: 10, across: 500 }

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const pairs = Arbitrary.array(
  Arbitrary.map(Arbitrary.array(int(0, 19), { minLength: 2, maxLength: 2 }), ([a = 0, b = 0]) => [a, b] as const),
  { maxLength: 40 }
)

const layOut = (count: number, edges: ReadonlyArray<readonly [number, number]>) => {
  const nodes = Array.from({ length: count }, (_, index) => String(index))
  const layout = GraphLayout.make(nodes, edges.map(([from, to]) => ({ from: String(from), to: String(to) })), measures)
  assert(layout !== undefined)
  return layout
}

describe("GraphLayout", () => {
  it.prop("puts every box where no other is, within the drawing, whatever leads where", {
    count: int(20, 30),
    edges: pairs
  }, ({ count, edges }) => {
    const layout = layOut(count, edges)
    const boxes = [...layout.boxes.values()]
    assert.strictEqual(boxes.length, count)
    for (const [index, a] of boxes.entries()) {
      assert.isTrue(a.x >= 0 && a.x + measures.width <= layout.width, "it is within the width")
      assert.isTrue(a.y >= -1e-6 && a.y + measures.height <= layout.height + 1e-6, "it is within the height")
      for (const b of boxes.slice(index + 1)) {
        const isApart = Math.abs(a.x - b.x) >= measures.width || Math.abs(a.y - b.y) >= measures.height - 1e-6
        assert.isTrue(isApart, JSON.stringify([a, b]))
      }
    }
  }, { arbitrary: { runs: 30 } })

  it.prop("has what flows go from left to right, where nothing flows in a circle", { edges: pairs }, ({ edges }) => {
    const forward = edges.filter(([a, b]) => a !== b).map(([a, b]) => a < b ? [a, b] as const : [b, a] as const)
    const { boxes, routes } = layOut(20, forward)
    for (const [index, [from, to]] of forward.entries()) {
      const route = routes[index]!
      assert.isBelow(boxes.get(String(from))!.x, boxes.get(String(to))!.x)
      assert.strictEqual(route[0]!.x, boxes.get(String(from))!.x + measures.width)
      assert.strictEqual(route.at(-1)!.x, boxes.get(String(to))!.x)
      for (const [at, point] of route.entries()) assert.isTrue(at === 0 || point.x > route[at - 1]!.x)
    }
  })

  it("has two that give to one on both sides of it, and what is by itself at the end", () => {
    const { boxes, height, width } = layOut(4, [[1, 3], [2, 3]])
    assert.deepStrictEqual(
      [...boxes].sort(([a], [b]) => a < b ? -1 : 1).map(([, { x, y }]) => [x, y]),
      [[290, 0], [0, 0], [0, 50], [160, 25]]
    )
    assert.deepStrictEqual([width, height], [390, 90])
  })

  it("draws nothing that is too large", () => {
    const nodes = Array.from({ length: 4000 }, (_, index) => String(index))
    assert.isUndefined(GraphLayout.make(nodes, [], measures))
  })
})
