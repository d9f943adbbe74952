import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Printer from "../../src/syntax/Printer.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as notation from "./notation.ts"

const parse = (text: string) => Parser.parseExpression(Source.make("test", text))

const print = (text: string): string => Printer.expression(Result.getOrThrow(parse(text)))

describe("Printer", () => {
  describe("on one line", () => {
    const cases: ReadonlyArray<readonly [text: string, printed: string]> = [
      ["a . b [ 0 ] ( 1 ,2, )", "a.b[0](1, 2)"],
      ["1+2 *-3", "1 + 2 * -3"],
      ["! ! a", "!!a"],
      ["( 1+2 )*3", "(1 + 2) * 3"],
      ["[ 1,2, ]", "[1, 2]"],
      ["[ ]", "[]"],
      ["{ a=1,\"b c\"=2, }", "{a = 1, \"b c\" = 2}"],
      ["{ }", "{}"],
      ["{`a` = 1, \"\" = 2}", "{\"a\" = 1, \"\" = 2}"],
      ["010 + 1.50", "010 + 1.50"],
      ["\"a\\u0062\tc\"", "\"a\\u0062\tc\""],
      ["1 .x", "1 .x"],
      ["1.5.x", "1.5.x"],
      ["[1 /* one */, 2] // two", "[1, 2]"],
      ["1 +\n2", "1 + 2"],
      ["a.\nb", "a.b"],
      ["[\n]", "[]"],
      ["{\n}", "{}"],
      ["f(\n)", "f()"]
    ]
    for (const [text, printed] of cases) {
      it(`prints ${JSON.stringify(text)} as ${printed}`, () => {
        assert.strictEqual(print(text), printed)
      })
    }
  })

  it("breaks an array where the source does, with a comma behind the last element", () => {
    assert.strictEqual(print("[\n1, 2,\n\n3,\n]"), "[\n\t1, 2,\n\t3,\n]")
    assert.strictEqual(print("[1,\n2]"), "[1,\n\t2]")
    assert.strictEqual(print("[[\n1,\n], [\n2,\n]]"), "[[\n\t1,\n], [\n\t2,\n]]")
  })

  it("breaks a call where the source does", () => {
    assert.strictEqual(print("f(\n1,\n[2],\n)"), "f(\n\t1,\n\t[2],\n)")
    assert.strictEqual(print("f(1,\n2)"), "f(1,\n\t2)")
  })

  it("lines up the fields of an object", () => {
    assert.strictEqual(print("{\na = 1,\nlong = 2,\n\"é\" = 3,\n}"), "{\n\ta    = 1,\n\tlong = 2,\n\t\"é\"  = 3,\n}")
  })

  it("lines up fields only as long as no value spans lines", () => {
    assert.strictEqual(
      print("{\na = 1,\nlong = [\n2,\n],\nb = 3,\n}"),
      "{\n\ta    = 1,\n\tlong = [\n\t\t2,\n\t],\n\tb = 3,\n}"
    )
  })

  it("lines up the fields around a list that takes one line, however many it took", () => {
    const printed = "{\"long\" = 1, \"a\" = [],\n\t\"b\"      = 2}"
    assert.strictEqual(print("{\"long\" = 1, \"a\" = [\n], \"b\" = 2}"), printed)
    assert.strictEqual(print(printed), printed)
  })

  it("lines up the fields of neighbouring objects", () => {
    assert.strictEqual(
      print("{\na = {x = 1},\nbbb = {yyyy = 2},\n}"),
      "{\n\ta   = {x    = 1},\n\tbbb = {yyyy = 2},\n}"
    )
  })

  it("keeps the lines of a raw string as they are", () => {
    assert.strictEqual(print("{\na = `x\n  y\tz `,\nbb = 1,\n}"), "{\n\ta = `x\n  y\tz `,\n\tbb = 1,\n}")
  })

  it("indents objects in objects", () => {
    assert.strictEqual(print("{\na = {\nb = {\n},\nc = 1,\n},\n}"), "{\n\ta = {\n\t\tb = {},\n\t\tc = 1,\n\t},\n}")
  })

  it.prop(
    "prints what reads as the same expression and is printed the same again",
    [notation.expressions],
    ([text]) => {
      const printed = print(text)
      assert.strictEqual(notation.parseExpression(printed), notation.parseExpression(text))
      assert.strictEqual(print(printed), printed)
      assert.notMatch(printed.replaceAll(/`[^`]*`/g, "``"), /[ \t]$/m)
    },
    { arbitrary: { runs: 300 } }
  )
})
