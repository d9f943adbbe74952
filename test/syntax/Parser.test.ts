import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { maxDepth } from "../../src/syntax/Cursor.ts"
import type { Diagnostic } from "../../src/syntax/Diagnostic.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as Tree from "../../src/syntax/Tree.ts"
import * as notation from "./notation.ts"
import { parse, parseExpression } from "./notation.ts"

const tree = (text: string): Tree.File => Result.getOrThrow(Parser.parse(Source.make("test", text)))

describe("Parser", () => {
  describe("statements", () => {
    it("reads attributes and blocks, one a line", () => {
      assert.strictEqual(
        parse("logging {\n  level = \"debug\"\n}\n\npyroscope.write \"a\" {\n  endpoint { url = x.y }\n}\nc = 1"),
        "(logging {(level = \"debug\")}) (pyroscope.write \"a\" {(endpoint {(url = (. x y))})}) (c = 1)"
      )
    })

    it("reads a file without statements", () => {
      assert.strictEqual(parse(""), "")
      assert.strictEqual(parse("\n// only this\n"), "")
    })

    it("reads a block of one line with one statement, and an empty one", () => {
      assert.strictEqual(parse("b { x = 1 }\nc { }\nd {}"), "(b {(x = 1)}) (c {}) (d {})")
    })

    it("lets a name go on behind its dot on the next line", () => {
      assert.strictEqual(parse("a.\nb { }"), "(a.b {})")
    })

    it("takes an empty label for none", () => {
      assert.strictEqual(parse("b \"\" { }"), "(b {})")
    })

    it("keeps the letters of any script in a label", () => {
      assert.strictEqual(parse("b \"größe_1\" { }"), "(b \"größe_1\" {})")
    })

    it("separates statements by a block comment with a newline in it", () => {
      assert.strictEqual(parse("a = 1 /*\n*/ b = 2"), "(a = 1) (b = 2)")
    })

    it("identifies a block by its name and label", () => {
      const ids = tree("pyroscope.write \"a\" { }\nlogging { }").body.map((node) =>
        node._tag === "Block" ? Tree.blockId(node) : ""
      )
      assert.deepStrictEqual(ids, ["pyroscope.write.a", "logging"])
    })

    it("keeps all comments in order", () => {
      assert.deepStrictEqual(
        tree("// a\r\nx = 1 // b\ny = [/* c */\n]").comments.map(({ range, text }) => `${range.start.line} ${text}`),
        ["1 // a", "2 // b", "3 /* c */"]
      )
    })
  })

  describe("expressions", () => {
    const cases: ReadonlyArray<readonly [text: string, tree: string]> = [
      ["1 || 2 && 3 == 4 + 5 * 6 ^ 7", "(|| 1 (&& 2 (== 3 (+ 4 (* 5 (^ 6 7))))))"],
      ["7 ^ 6 * 5 + 4 == 3 && 2 || 1", "(|| (&& (== (+ (* (^ 7 6) 5) 4) 3) 2) 1)"],
      ["1 - 2 - 3", "(- (- 1 2) 3)"],
      ["8 / 4 % 3 * 2", "(* (% (/ 8 4) 3) 2)"],
      ["1 == 1 == true", "(== (== 1 1) true)"],
      ["1 < 2 >= 3 != 4 <= 5 > 6", "(> (<= (!= (>= (< 1 2) 3) 4) 5) 6)"],
      ["2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"],
      ["-2 ^ 2", "(^ (- 2) 2)"],
      ["2 ^ -2", "(^ 2 (- 2))"],
      ["!-!a", "(! (- (! a)))"],
      ["-a.b[0](1)", "(- (call (index (. a b) 0) 1))"],
      ["(1 + 2) * 3", "(* (paren (+ 1 2)) 3)"],
      ["a.b.c[\"d\"][1]()", "(call (index (index (. (. a b) c) \"d\") 1))"],
      ["\"s\".x", "(. \"s\" x)"],
      ["[]", "(array)"],
      ["[1, [2, 3,], \"4\"]", "(array 1 (array 2 3) \"4\")"],
      ["[\n1,\n2,\n]", "(array 1 2)"],
      ["{}", "(object)"],
      ["{a = 1, \"b c\" = {d = null,},}", "(object (a 1) ('b c' (object (d null))))"],
      ["{\n}", "(object)"],
      ["f(1, [2],)", "(call f 1 (array 2))"],
      ["f(\n)", "(call f)"],
      ["1 +\n2", "(+ 1 2)"],
      ["a.\nb", "(. a b)"],
      ["a /* c */ + 2", "(+ a 2)"],
      ["1 // c", "1"],
      ["null", "null"],
      ["`a\nb`", "`a\nb`"]
    ]
    for (const [text, expected] of cases) {
      it(`reads ${JSON.stringify(text)}`, () => {
        assert.strictEqual(parseExpression(text), expected)
      })
    }

    it("does not process escapes in keys", () => {
      assert.strictEqual(parseExpression(String.raw`{"a\u0062" = 1}`), String.raw`(object ('a\u0062' 1))`)
      assert.strictEqual(parseExpression(String.raw`{"x\"y" = 1}`), String.raw`(object ('x\"y' 1))`)
    })

    it("takes a raw string for a key, and names an empty key by its quotes", () => {
      assert.strictEqual(parseExpression("{`a b` = 1}"), "(object ('a b' 1))")
      assert.strictEqual(parseExpression("{\"\" = 1}"), "(object (\"\" 1))")
    })

    it("is all there may be in a text", () => {
      assert.deepStrictEqual(parseExpression("1 a"), ["1:3 expected TERMINATOR, got IDENT"])
      assert.deepStrictEqual(parseExpression("1\na"), ["2:1 expected EOF, got IDENT"])
      assert.deepStrictEqual(parseExpression(""), ["1:1 expected expression, got EOF"])
    })
  })

  describe("ranges", () => {
    const source = Source.make("test", "ab = x.yy + [1, -2]\nb.c \"l\" {\n\te = f(a)[\"k\"]\n}")
    const [first, second] = Result.getOrThrow(Parser.parse(source)).body

    const written = (range: Source.Range | undefined): string | undefined =>
      range && Source.text(source, range.start.offset, range.end.offset + 1)

    it("run over an attribute from its name to the end of its value", () => {
      assert(first?._tag === "Attribute" && first.value._tag === "Binary")
      const { left, right } = first.value
      assert.strictEqual(written(first.range), "ab = x.yy + [1, -2]")
      assert.strictEqual(written(first.name.range), "ab")
      assert.strictEqual(written(first.value.range), "x.yy + [1, -2]")
      assert.strictEqual(written(left.range), "x.yy")
      assert(right._tag === "Array")
      assert.deepStrictEqual(right.elements.map(({ range }) => written(range)), ["1", "-2"])
    })

    it("run over a block from its name to its closing brace", () => {
      assert(second?._tag === "Block")
      assert.strictEqual(written(second.range), "b.c \"l\" {\n\te = f(a)[\"k\"]\n}")
      assert.strictEqual(written(second.nameRange), "b.c")
      assert.strictEqual(written(second.label?.range), "\"l\"")
      assert.strictEqual(written(second.open), "{")
      const [inner] = second.body
      assert(inner?._tag === "Attribute" && inner.value._tag === "Index")
      assert.strictEqual(written(inner.value.range), "f(a)[\"k\"]")
      assert.strictEqual(written(inner.value.value.range), "f(a)")
      assert.deepStrictEqual(inner.range.end, { offset: 43, line: 3, column: 14 })
    })
  })

  describe("errors", () => {
    const cases: ReadonlyArray<readonly [text: string, problems: ReadonlyArray<string>]> = [
      ["= 1", ["1:1 expected identifier, got ="]],
      ["null = 1", ["1:1 expected identifier, got NULL"]],
      ["a.1 { }", ["1:2 expected block label, got FLOAT"]],
      ["a.= 1", ["1:3 expected identifier, got ="]],
      ["a 1", ["1:3 expected block label, got NUMBER"]],
      ["b\n{\n}", ["1:2 expected block label, got TERMINATOR"]],
      ["b `l` { }", ["1:3 expected block label to be a double quoted string"]],
      ...["null", "a-b", "1a", "a b", " a"].map((label) =>
        [`b "${label}" { }`, ["1:3 expected block label to be a valid identifier"]] as const
      ),
      ["b \"a\\tb\" { }", ["1:3 expected block label to be a valid identifier"]],
      ["a \"\"\n", ["1:5 expected attribute assignment or block body, got TERMINATOR"]],
      ["a \"b\"\n", ["1:6 expected block body, got TERMINATOR"]],
      ["a.b \"\"\n", ["1:7 expected block body, got TERMINATOR"]],
      ["a = \n", ["2:1 expected expression, got EOF"]],
      ["a = ]\n", ["1:5 expected expression, got ]"]],
      ["a = [1 2]", ["1:8 missing ',' in expression list"]],
      ["a = f(1 2)", ["1:9 missing ',' in expression list"]],
      ["a = [\n  1\n]", ["2:4 missing ',' in expression list"]],
      ["a = {b = 1 c = 2}", ["1:12 missing ',' in field list"]],
      ["a = {\n  b = 1\n}", ["2:8 missing ',' in field list"]],
      ["a = {1 = 2}", ["1:6 expected field name (string or identifier), got NUMBER"]],
      ["a = {b 2}", ["1:8 expected =, got NUMBER"]],
      ["a = (1\n)", ["1:7 expected ), got TERMINATOR", "2:1 expected TERMINATOR, got )"]],
      ["a = x[0\n]", ["1:8 expected ], got TERMINATOR", "2:1 expected TERMINATOR, got ]"]],
      ["a = x.1", ["1:6 expected TERMINATOR, got FLOAT"]],
      ["a = x.\"b\"", ["1:7 expected IDENT, got STRING"]],
      ["a = 1\n+ 2", ["2:1 expected identifier, got +"]],
      ["a = x\n.y", ["2:1 expected identifier, got ."]],
      ["b { x = 1 y = 2 }", ["1:11 expected TERMINATOR, got IDENT"]],
      ["b { c { } d { } }", ["1:11 expected TERMINATOR, got IDENT"]],
      ["b {", ["1:4 expected }, got EOF: the block b opened at 1:1 is not closed"]],
      ["a.b \"x\" {\n  c {\n", ["3:1 expected }, got EOF: the block c opened at 2:3 is not closed"]],
      ["a = [{b = f(", ["1:13 expected ), got EOF: the list of arguments opened at 1:12 is not closed"]],
      ["a = [{b = 1,", ["1:13 expected }, got EOF: the object opened at 1:6 is not closed"]],
      ["a = [1,", ["1:8 expected ], got EOF: the array opened at 1:5 is not closed"]],
      ["a.bb.c = 1", ["1:1-1:6 attribute names may only consist of a single identifier with no \".\""]],
      ["a.\nb = 1", ["1:1-1:3 attribute names may only consist of a single identifier with no \".\""]],
      ["a \"lbl\" = 1", ["1:3-1:7 attribute names may not have labels"]],
      ["a = b { }", ["1:5-1:9 cannot use a block as an expression"]],
      ["a = b.c \"x\" {\n  d = 1\n}", ["1:5-3:1 cannot use a block as an expression"]],
      ["a = b \"x\"", ["1:10 expected {, got TERMINATOR"]]
    ]
    for (const [text, expected] of cases) {
      it(`finds ${expected.join(", ")} in ${JSON.stringify(text)}`, () => {
        assert.deepStrictEqual(parse(text), expected)
      })
    }

    it("are reported once a line when they are generic", () => {
      assert.deepStrictEqual(parse("a = [1 2 3]\nb = 1 c\nd = ]"), [
        "1:8 missing ',' in expression list",
        "2:7 expected TERMINATOR, got IDENT",
        "3:5 expected expression, got ]"
      ])
    })

    it("of the lexer and those with a range are always reported", () => {
      assert.deepStrictEqual(parse("a = #"), [
        "1:5 illegal character U+0023 '#'",
        "1:5 expected expression, got ILLEGAL"
      ])
      assert.deepStrictEqual(parse("a. b.1 \"x\" = 1"), ["1:5 expected block label, got FLOAT"])
      assert.deepStrictEqual(parse("a \"b c\" = 1"), [
        "1:3 expected block label to be a valid identifier",
        "1:3-1:7 attribute names may not have labels"
      ])
    })

    it("come in the order raised, the lexer being one token ahead", () => {
      assert.deepStrictEqual(parse("a = ] #\nb = \"\\q\"\n1"), [
        "1:5 expected expression, got ]",
        "1:7 illegal character U+0023 '#'",
        "2:7 unknown escape sequence",
        "3:1 expected identifier, got NUMBER"
      ])
    })

    it("do not hide those of later statements", () => {
      assert.deepStrictEqual(
        parse("a = [1\n]\nb = 1\nc = * 2\nd {\n  e = f g\n}\nh = 1 1\n"),
        [
          "1:7 missing ',' in expression list",
          "4:5 expected expression, got *",
          "6:9 expected TERMINATOR, got IDENT",
          "8:7 expected TERMINATOR, got NUMBER"
        ]
      )
    })

    it("skip a bad statement with all the brackets it opens", () => {
      assert.deepStrictEqual(parse("a = 1 b {\n  c = d e\n}\nf = 1 g [\n2,\n3\n]\nh = 1 1"), [
        "1:7 expected TERMINATOR, got IDENT",
        "4:7 expected TERMINATOR, got IDENT",
        "8:7 expected TERMINATOR, got NUMBER"
      ])
    })

    it("after a bad name skip to the next identifier", () => {
      assert.deepStrictEqual(parse("a = 1\n- [\n  1, b\n]\nc = 1 1\n"), [
        "2:1 expected identifier, got -",
        "3:6 expected TERMINATOR, got IDENT",
        "4:1 expected identifier, got ]",
        "5:1 expected TERMINATOR, got IDENT"
      ])
    })
  })

  describe("nesting", () => {
    const tooDeep = (text: string): boolean => {
      const problems = parse(text)
      return typeof problems !== "string" && problems.length === 1 && problems[0]!.endsWith(" nesting is too deep")
    }

    const nestings: ReadonlyArray<readonly [what: string, nested: (depth: number) => string]> = [
      ["parentheses", (depth) => `a = ${"(".repeat(depth)}1${")".repeat(depth)}`],
      ["arrays", (depth) => `a = ${"[".repeat(depth)}${"]".repeat(depth)}`],
      ["objects", (depth) => `a = ${"{b = ".repeat(depth)}1${"}".repeat(depth)}`],
      ["calls", (depth) => `a = ${"f(".repeat(depth / 2)}1${")".repeat(depth / 2)}`],
      ["indexes", (depth) => `a = ${"x[".repeat(depth / 2)}1${"]".repeat(depth / 2)}`],
      ["prefix operators", (depth) => `a = ${"!".repeat(depth)}b`],
      ["powers", (depth) => `a = ${"1 ^ ".repeat(depth)}1`],
      ["sums", (depth) => `a = ${"1 + ".repeat(depth)}1`],
      ["accesses", (depth) => `a = x${".y".repeat(depth)}`],
      ["blocks", (depth) => `${"a {\n".repeat(depth)}${"}\n".repeat(depth)}`]
    ]
    for (const [what, nested] of nestings) {
      it(`of ${what} is limited`, () => {
        assert.strictEqual(typeof parse(nested(maxDepth - 2)), "string")
        assert(tooDeep(nested(maxDepth + 2)))
        assert(tooDeep(nested(100_000)))
      })
    }

    it("counts no siblings", () => {
      const many = 2 * maxDepth
      assert.strictEqual(typeof parse(`a = [${"(-f(x.y) ^ 1 + 2)[0], {b = 1}, ".repeat(many)}]`), "string")
      assert.strictEqual(typeof parse("a {\n}\nb = 1 + 2\n".repeat(many)), "string")
    })

    it("too deep is said once, at the place, and ends the parse", () => {
      assert.deepStrictEqual(parse(`a = ${"(".repeat(100_000)}\n# b`), [`1:${maxDepth + 5} nesting is too deep`])
    })
  })

  describe("any input", () => {
    const total = (text: string | Uint8Array): void => {
      const source = Source.make("test", text)
      for (const parse of [Parser.parse, Parser.parseExpression]) {
        const result: Result.Result<unknown, ReadonlyArray<Diagnostic>> = parse(source)
        if (Result.isFailure(result)) {
          assert.isAbove(result.failure.length, 0)
          for (const { range } of result.failure) {
            assert(range !== undefined)
            assert.deepStrictEqual(range.start, Source.positionAt(source, range.start.offset))
            assert.deepStrictEqual(range.end, Source.positionAt(source, range.end.offset))
            assert.isAtMost(range.start.offset, range.end.offset)
            assert.isAtMost(range.end.offset, source.bytes.length)
          }
        }
      }
    }

    it.prop("of tokens comes to an end, with places inside the text", [notation.tokenSoup], ([text]) => {
      total(text)
    }, { arbitrary: { runs: 500 } })

    it.prop("of bytes comes to an end, with places inside the text", [notation.bytes], ([bytes]) => {
      total(bytes)
    })

    it("of a megabyte and a half takes a moment, right or wrong", () => {
      const units = [
        "discovery.relabel \"x\" {\n\ttargets = concat(a.targets, [{ \"k\" = \"v\" + `w` }]) // why\n}\n",
        "a.b = 1\n",
        "a /**/ ",
        "a = b { }\n",
        "# ",
        "[\n",
        "\"\\q\n",
        "{\"a\" = "
      ]
      const start = process.cpuUsage()
      for (const unit of units) {
        parse(unit.repeat(200_000 / unit.length))
      }
      assert.isBelow(process.cpuUsage(start).user, 10_000_000)
    })
  })
})
