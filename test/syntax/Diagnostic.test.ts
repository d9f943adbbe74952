import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"

const plain = { color: false }

/** A text without secrets. */
const open = (name: string, text: string): Source.Source => {
  const source = Source.make(name, text)
  return { ...source, masked: source.bytes }
}

/** A range from the first byte of `from` to the last byte of `to`. */
const between = (source: Source.Source, from: string, to: string): Source.Range => {
  const text = Source.text(source, 0, source.bytes.length)
  const offset = (index: number): number => Source.make("", text.slice(0, index)).bytes.length
  return {
    start: Source.positionAt(source, offset(text.indexOf(from))),
    end: Source.positionAt(source, offset(text.indexOf(to) + to.length) - 1)
  }
}

/** The lines shown for a problem that runs `from` one string `to` the end of another. */
const render = (text: string, from: string, to: string): ReadonlyArray<string> => {
  const source = open("config.river", text)
  const diagnostic = Diagnostic.error("synthetic error", "config.river", between(source, from, to))
  return Diagnostic.render(diagnostic, new Map([[source.name, source]]), plain).split("\n")
}

const parseErrors = (source: Source.Source): ReadonlyArray<Diagnostic.Diagnostic> =>
  Result.getOrThrow(Result.flip(Parser.parse(source)))

describe("Diagnostic", () => {
  describe("render", () => {
    it("underlines a range of one line, with a line before and after", () => {
      assert.deepStrictEqual(render("a = 1\nb = wrong + 2\nc = 3\nd = 4", "wrong", "wrong"), [
        "Error: config.river:2:5: synthetic error",
        "",
        "1 | a = 1",
        "2 | b = wrong + 2",
        "  |     ^^^^^",
        "3 | c = 3",
        ""
      ])
    })

    it("joins the lines of a longer range", () => {
      const text = "FILE_BEGIN\nSTART\nTEXT\n\tTEXT\n\t\tTEXT\n\t\t\tDONE after\nFILE_END"
      assert.deepStrictEqual(render(text, "START", "DONE"), [
        "Error: config.river:2:1: synthetic error",
        "",
        "1 |   FILE_BEGIN",
        "2 |   START",
        "  |  _^^^^^",
        "3 | | TEXT",
        "4 | |     TEXT",
        "5 | |         TEXT",
        "6 | |             DONE after",
        "  | |_____________^^^^",
        "7 |   FILE_END",
        ""
      ])
    })

    it("marks a longer range from its start and up to its end, indents of spaces included", () => {
      assert.deepStrictEqual(render("ab = {\n  c = 1,\n  d }\n", "= {", "d"), [
        "Error: config.river:1:4: synthetic error",
        "",
        "1 |   ab = {",
        "  |  ____^^^",
        "2 | |   c = 1,",
        "3 | |   d }",
        "  | |_^^^",
        "4 |   ",
        ""
      ])
    })

    it("aligns line numbers to the last one shown", () => {
      assert.deepStrictEqual(render(`${"\n".repeat(8)}wrong\n`, "wrong", "wrong").slice(2), [
        " 8 | ",
        " 9 | wrong",
        "   | ^^^^^",
        "10 | ",
        ""
      ])
    })

    it("shows tabs as four blanks, also between carets, and no carriage returns", () => {
      assert.deepStrictEqual(render("\ta\tb\tc\r\n", "a", "b").slice(2), [
        "1 |     a    b    c",
        "  |     ^    ^",
        "2 | ",
        ""
      ])
    })

    it("gives each character as many marks as it takes columns, whatever its bytes", () => {
      assert.deepStrictEqual(render("é = 名前 + 1", "名", "前").slice(2), [
        "1 | é = 名前 + 1",
        "  |     ^^^^",
        ""
      ])
      assert.deepStrictEqual(render("e\u0301a = wrong", "wrong", "wrong").slice(2), [
        "1 | e\u0301a = wrong",
        "  |      ^^^^^",
        ""
      ])
    })

    it("prints a caret past the end of the line", () => {
      const source = open("a", "x = [\n\t1\n]\n")
      assert.strictEqual(
        Diagnostic.renderAll(parseErrors(source), new Map([["a", source]]), plain),
        "Error: a:2:3: missing ',' in expression list\n\n1 | x = [\n2 |     1\n  |      ^\n3 | ]\n"
      )
    })

    it("shows the first and the last line of a text", () => {
      assert.deepStrictEqual(render("\nab", "\n", "\n").slice(2), ["1 | ", "  | ^", "2 | ab", ""])
      assert.deepStrictEqual(render("\nab", "a", "b").slice(2), ["1 | ", "2 | ab", "  | ^^", ""])
    })

    it("shows of a long line what is around the range, with the caret under it", () => {
      const lines = render(`${"名".repeat(1_000_000)}\t= wrong + ${"b".repeat(1_000_000)}\n`, "wrong", "wrong")
      const [, , text = "", carets = ""] = lines
      assert.isBelow(text.length, 200)
      assert.match(text, /^1 \| …名+ {4}= wrong \+ b+…$/)
      const columns = text.slice(0, text.indexOf("wrong")).replace(/名/g, "xx").length
      assert.deepStrictEqual([carets.indexOf("^"), carets.trimEnd().length], [columns, columns + "wrong".length])
    })

    it("shows of a long range its first and its last lines", () => {
      const text = `a = [\n${"  1,\n".repeat(10_000)}  2]\nb = 1`
      assert.deepStrictEqual(render(text, "[", "]").slice(2), [
        "    1 |   a = [",
        "      |  _____^",
        ...[2, 3, 4, 5, 6].map((number) => `    ${number} | |   1,`),
        "      | | ...",
        ...[10_000, 10_001].map((number) => `${String(number).padStart(5)} | |   1,`),
        "10002 | |   2]",
        "      | |_^^^^",
        "10003 |   b = 1",
        ""
      ])
    })

    it("shows nothing that a terminal would take for a command, nor more of a message than can be read", () => {
      const shown = render("a = \u001b[31m\u202e", "a", "a").join("\n")
      assert.match(shown, /1 \| a = \ufffd\[31m\ufffd$/m)
      const message = Diagnostic.render(
        Diagnostic.error(`\u001b[2J${"x".repeat(1_000_000)} should be`),
        new Map(),
        plain
      )
      assert.match(message, /^Error: -: \ufffd\[2Jx+ … x+ should be\n$/)
      assert.isBelow(message.length, 700)
    })

    it("stands on one line without the text or without a place", () => {
      const range = between(Source.make("", "ab"), "b", "b")
      const show = (file: string | undefined, range: Source.Range | undefined): string =>
        Diagnostic.render(Diagnostic.error("oh", file, range), new Map(), plain)
      assert.strictEqual(show("a", range), "Error: a:1:2: oh\n")
      assert.strictEqual(show(undefined, range), "Error: 1:2: oh\n")
      assert.strictEqual(show("a", undefined), "Error: a: oh\n")
      assert.strictEqual(show(undefined, undefined), "Error: -: oh\n")
    })

    it("names a warning one", () => {
      assert.strictEqual(Diagnostic.render(Diagnostic.warning("hm"), new Map(), plain), "Warning: -: hm\n")
    })

    it("colours the header and never the snippet", () => {
      const source = open("a", "x")
      const range = between(source, "x", "x")
      const show = (diagnostic: Diagnostic.Diagnostic): string =>
        Diagnostic.render(diagnostic, new Map([["a", source]]), { color: true })
      const snippet = "\n\n1 | x\n  | ^\n"
      assert.strictEqual(
        show(Diagnostic.error("oh", "a", range)),
        `\u001b[31;1mError: \u001b[0m\u001b[1ma:1:1: oh\u001b[0m${snippet}`
      )
      assert.strictEqual(
        show(Diagnostic.warning("hm", "a", range)),
        `\u001b[33;1mWarning: \u001b[0m\u001b[1ma:1:1: hm\u001b[0m${snippet}`
      )
    })
  })

  it("shows a mask of one width for what is hidden, and the marks at their places", () => {
    const show = (text: string, from: string, to: string): ReadonlyArray<string> => {
      const source = Source.make("a", text)
      const diagnostic = Diagnostic.error("oh", "a", between(source, from, to))
      return Diagnostic.render(diagnostic, new Map([["a", source]]), plain).split("\n").slice(2, 4)
    }
    assert.deepStrictEqual(show("password = \"a\" + 1 x", "+", "1"), [
      "1 | password = \"***\" + *** ***",
      "  |                  ^^^^^"
    ])
    assert.deepStrictEqual(show(`password = "${"long ".repeat(20)}" + ]`, "]", "]"), [
      "1 | password = \"***\" + ]",
      "  |                    ^"
    ])
    assert.deepStrictEqual(show(`password = "${"long ".repeat(2_000)}" + ]`, "]", "]"), [
      "1 | …***\" + ]",
      "  |         ^"
    ])
    assert.deepStrictEqual(show("password = \"a long one\" ]", "long", "long"), [
      "1 | password = \"***\" ]",
      "  |             ^^^"
    ])
    assert.deepStrictEqual(show("password = \"one\" ]", "\"", "e"), [
      "1 | password = \"***\" ]",
      "  |            ^^^^"
    ])
  })

  it("renderAll puts a blank line between diagnostics, each with its own source", () => {
    const sources = new Map(["a", "b"].map((name) => [name, Source.make(name, `${name} = #`)]))
    const diagnostics = [...sources.values()].flatMap((source) => parseErrors(source).slice(0, 1))
    assert.strictEqual(
      Diagnostic.renderAll(diagnostics, sources, plain),
      [
        "Error: a:1:5: illegal character U+0023 '#'\n\n1 | a = #\n  |     ^\n",
        "Error: b:1:5: illegal character U+0023 '#'\n\n1 | b = #\n  |     ^\n"
      ].join("\n")
    )
  })

  it("summary tells the first and how many more there are", () => {
    const [first, second] = [Diagnostic.error("oh"), Diagnostic.error("no")]
    assert.strictEqual(Diagnostic.summary([first]), "-: oh")
    assert.strictEqual(Diagnostic.summary([first, second]), "-: oh (and 1 more diagnostics)")
    const source = open("a", "x = #")
    assert.strictEqual(
      Diagnostic.summary(parseErrors(source)),
      "a:1:5: illegal character U+0023 '#' (and 1 more diagnostics)"
    )
  })
})
