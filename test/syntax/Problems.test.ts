import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import { limit, Problems } from "../../src/syntax/Problems.ts"
import * as Source from "../../src/syntax/Source.ts"

const errorsOf = (text: string | Uint8Array) => Result.getOrThrow(Result.flip(Parser.parse(Source.make("test", text))))

describe("Problems", () => {
  it("keeps a hundred problems, and tells how many more there are and where they begin", () => {
    const problems = errorsOf("#\n".repeat(5000))
    assert.lengthOf(problems, limit + 1)
    const { count, message, range } = problems.at(-1)!
    // An illegal character in each line, and in the first no identifier.
    assert.deepStrictEqual({ count, message, line: range?.start.line }, {
      count: 4901,
      message: "4901 more problems from here on",
      line: 100
    })
    assert.match(Diagnostic.summary(problems), /\(and 5000 more diagnostics\)$/)
  })

  it("adds up what stands for many, and puts it behind the others", () => {
    const problems = new Problems()
    const add = (many: ReadonlyArray<Diagnostic.Diagnostic>): void => many.forEach((one) => problems.add(one))
    add(errorsOf("#\n".repeat(60)))
    add(errorsOf("#\n".repeat(60)))
    const { all } = problems
    assert.lengthOf(all, limit + 1)
    assert.strictEqual(all.at(-1)?.count, 22)
    assert.strictEqual(all.toReversed().toSorted(Diagnostic.byPosition).at(-1)?.count, 22)
  })

  it("are shown with a bounded output, whatever the text is", () => {
    const values = Array.from({ length: 200 }, (_, id) => ({ id, name: `service-${id}`, nested: { list: [1, 2] } }))
    const texts = [
      JSON.stringify(values),
      JSON.stringify(values, null, 2),
      "- job_name: a\n  static: ['b']\n".repeat(500),
      "2026-11-26T06:37:45Z level=info msg=\"it's happened\"\n".repeat(1000),
      "#x ".repeat(20_000),
      "'".repeat(20_000),
      `a = ${"[".repeat(20_000)}`,
      "a \"b\" {\n".repeat(10_000),
      "\u0301".repeat(10_000),
      Uint8Array.from({ length: 30_000 }, (_, index) => (index * 7919 + ((index * index) >> 3)) & 127)
    ]
    for (const text of texts) {
      const source = Source.make("test", text)
      const shown = Diagnostic.renderAll(errorsOf(text), new Map([["test", source]]), { color: false })
      assert.isBelow(shown.length, 120_000)
    }
  })
})
