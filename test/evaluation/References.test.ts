import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as References from "../../src/evaluation/References.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import { parse } from "./evaluating.ts"

const show = (references: ReadonlyArray<References.Reference>): string =>
  references.map(({ path, range }) => `${path.join(".")}@${range.start.line}:${range.start.column}-${range.end.column}`)
    .join(" ")

describe("References", () => {
  it.each([
    ["1 + \"a\"", ""],
    ["a", "a@1:1-1"],
    ["a.b.c", "a.b.c@1:1-5"],
    ["-a.b", "a.b@1:2-4"],
    ["a.b + c", "a.b@1:1-3 c@1:7-7"],
    ["[a, [b.c]]", "a@1:2-2 b.c@1:6-8"],
    ["{a = b, \"c\" = d.e}", "b@1:6-6 d.e@1:15-17"],
    ["a.b[c.d].e.f", "a.b@1:1-3 c.d@1:5-7"],
    ["f.g(a.b, c).d", "f.g@1:1-3 a.b@1:5-7 c@1:10-10"],
    ["(a.b).c", "a.b@1:2-4"],
    ["{a = 1}.a", ""],
    ["a == a", "a@1:1-1 a@1:6-6"]
  ])("%s refers to %s", (text, expected) => assert.strictEqual(show(References.references(parse(text))), expected))

  it("those of a body are all those of its attributes, nested blocks included, in order", () => {
    const source = Source.make(
      "test",
      "a = b.c\nouter \"label\" {\n  x = [d]\n  inner {\n    y = e.f\n  }\n}\nz = g\nempty { }\n"
    )
    const file = Result.getOrThrow(Parser.parse(source))
    assert.strictEqual(show(References.bodyReferences(file.body)), "b.c@1:5-7 d@3:8-8 e.f@5:9-11 g@8:5-5")
  })
})
