import { assert, describe, it } from "@effect/vitest"
import * as Culprit from "../../src/evaluation/Culprit.ts"
import { parse } from "./evaluating.ts"

describe("Culprit", () => {
  it.each<[text: string, path: ReadonlyArray<string | number>, expected: string]>([
    ["\"Hello\"", [], "1:1-7 \"Hello\""],
    ["[1, \"Hello\"]", [1], "1:5-11 \"Hello\""],
    ["[[1], [2, {a = true}]]", [1, 1, "a"], "1:16-19 true"],
    ["{a = {b = [1]}}", ["a", "b"], "1:11-13 [1]"],
    ["{a = 1, a = 2}", ["a"], "1:13-13 2"],
    ["{\"a b\" = 1}", ["a b"], "1:10-10 1"],
    ["key_value.object", ["field1", 2], "1:1-16 key_value.object.field1[2]"],
    ["[c.l[0]]", [0, "x"], "1:2-7 c.l[0].x"],
    ["[concat([1], [2])]", [0, 1], "1:2-17 concat([1], [2])[1]"],
    ["([1, (2)])", [1], "1:6-8 (2)"],
    ["(a)", [0], "1:1-3 (a)[0]"],
    ["[1]", [5], "1:1-3 [1][5]"],
    ["{a = 1}", ["b"], "1:1-7 {a = 1}.b"],
    ["{a = 1}", [0], "1:1-7 {a = 1}[0]"],
    ["[1]", ["a"], "1:1-3 [1].a"]
  ])("in %s, %j is %s", (text, path, expected) => {
    const { range, text: named } = Culprit.locate(parse(text), path)
    assert.strictEqual(`${range.start.line}:${range.start.column}-${range.end.column} ${named}`, expected)
  })
})
