import { assert, describe, it } from "@effect/vitest"
import * as Source from "../../src/syntax/Source.ts"
import * as notation from "./notation.ts"

/** `KIND text`, or only the kind where the text adds nothing; terminators as `;`, the end left out. */
const tokens = (text: string): ReadonlyArray<string> =>
  notation.lex(text).tokens.slice(0, -1).map(({ kind, text }) =>
    kind === "TERMINATOR" ? ";" : kind === text ? kind : `${kind} ${text}`
  )

const problems = (text: string | Uint8Array): ReadonlyArray<string> =>
  notation.lex(text).diagnostics.map(notation.problem)

describe("Lexer", () => {
  describe("tokens", () => {
    it("reads every operator", () => {
      const operators = "|| && ! = == != < <= > >= + - * / % ^ { ( [ , .".split(" ")
      assert.deepStrictEqual(tokens(operators.join(" ")), operators)
      assert.deepStrictEqual(tokens("===!=<=>=!!"), ["==", "=", "!=", "<=", ">=", "!", "!"])
      assert.deepStrictEqual(tokens(")]}"), [")", "]", "}", ";"])
    })

    it("reads identifiers of any script, and null, true and false as keywords", () => {
      assert.deepStrictEqual(
        tokens("null true false nullable _a1 größe 名前 x٣"),
        [
          "NULL null",
          "BOOL true",
          "BOOL false",
          "IDENT nullable",
          "IDENT _a1",
          "IDENT größe",
          "IDENT 名前",
          "IDENT x٣",
          ";"
        ]
      )
    })

    it("tells numbers from floats", () => {
      assert.deepStrictEqual(tokens("0 010 12"), ["NUMBER 0", "NUMBER 010", "NUMBER 12", ";"])
      for (const float of ["1.5", "1.", "1.e3", ".5", ".5e-1", "1e3", "1E+3", "1.5e3"]) {
        assert.deepStrictEqual(tokens(float), [`FLOAT ${float}`, ";"])
      }
    })

    it("takes a dot before a digit into the number", () => {
      assert.deepStrictEqual(tokens("a.5"), ["IDENT a", "FLOAT .5", ";"])
      assert.deepStrictEqual(tokens("1..2"), ["FLOAT 1.", "FLOAT .2", ";"])
      assert.deepStrictEqual(tokens("1.x"), ["FLOAT 1.", "IDENT x", ";"])
    })

    it("knows no other base than ten", () => {
      assert.deepStrictEqual(tokens("0x10"), ["NUMBER 0", "IDENT x10", ";"])
      assert.deepStrictEqual(tokens("1_0"), ["NUMBER 1", "IDENT _0", ";"])
    })

    it("keeps strings as written", () => {
      assert.deepStrictEqual(tokens("\"a\\\"\tb\""), ["STRING \"a\\\"\tb\"", ";"])
      assert.deepStrictEqual(tokens("`a\\\r\n\"b`"), ["STRING `a\\\r\n\"b`", ";"])
    })

    it("accepts every escape", () => {
      assert.deepStrictEqual(problems(String.raw`"\a\b\f\n\r\t\v\\\"\000\377\x00\xfF\u00e9\U0001F600"`), [])
    })

    it("counts offsets and columns in bytes", () => {
      const { tokens } = notation.lex("é = 1\n\t名 = 2")
      assert.deepStrictEqual(tokens.filter(({ kind }) => kind === "NUMBER").map(({ range }) => range.start), [
        { offset: 5, line: 1, column: 6 },
        { offset: 14, line: 2, column: 8 }
      ])
    })

    it("gives a token its first and its last byte", () => {
      const { tokens } = notation.lex("`a\n名`")
      assert.deepStrictEqual(tokens[0]?.range, {
        start: { offset: 0, line: 1, column: 1 },
        end: { offset: 6, line: 2, column: 4 }
      })
    })

    it("skips one byte-order mark at the start", () => {
      const { diagnostics, tokens } = notation.lex("\ufeffa")
      assert.deepStrictEqual(diagnostics, [])
      assert.deepStrictEqual(tokens[0]?.range.start, { offset: 3, line: 1, column: 4 })
    })
  })

  describe("terminators", () => {
    it("come at the end of a line or file after what can end a statement", () => {
      for (const ender of ["a", "null", "true", "1", "1.5", "\"s\"", "`s`", ")", "]", "}"]) {
        assert.strictEqual(tokens(`${ender}\n`).at(-1), ";", ender)
        assert.strictEqual(tokens(`${ender} \t\r\n+`).at(1), ";", ender)
        assert.strictEqual(tokens(ender).at(-1), ";", ender)
      }
    })

    it("do not come after anything else", () => {
      for (const other of ["=", "{", "(", "[", ",", ".", "+", "-", "!", "==", "&&"]) {
        assert.deepStrictEqual(tokens(`${other}\n`), [other])
      }
      assert.deepStrictEqual(tokens("\n\n"), [])
    })

    it("come once, however many newlines follow", () => {
      assert.deepStrictEqual(tokens("a\n\n\nb"), ["IDENT a", ";", "IDENT b", ";"])
    })

    it("stand just past the end of the line", () => {
      const { tokens } = notation.lex("a = [1\n]")
      assert.deepStrictEqual(tokens[4], {
        kind: "TERMINATOR",
        text: "\n",
        range: Source.point({ offset: 6, line: 1, column: 7 })
      })
    })

    it("come before a comment that reaches the end of the line", () => {
      assert.deepStrictEqual(tokens("a // c\nb"), ["IDENT a", ";", "COMMENT // c", "IDENT b", ";"])
      assert.deepStrictEqual(tokens("a // c"), ["IDENT a", ";", "COMMENT // c"])
      assert.deepStrictEqual(tokens("a /* c */ \n"), ["IDENT a", ";", "COMMENT /* c */"])
      assert.deepStrictEqual(tokens("a /* c */"), ["IDENT a", ";", "COMMENT /* c */"])
      assert.deepStrictEqual(tokens("a /*1*/ /*2*/ // 3"), [
        "IDENT a",
        ";",
        "COMMENT /*1*/",
        "COMMENT /*2*/",
        "COMMENT // 3"
      ])
    })

    it("come before a block comment with a newline in it, whatever follows", () => {
      assert.deepStrictEqual(tokens("a /*\n*/ b"), ["IDENT a", ";", "COMMENT /*\n*/", "IDENT b", ";"])
      assert.deepStrictEqual(tokens("a /* */ /*\n*/ b"), [
        "IDENT a",
        ";",
        "COMMENT /* */",
        "COMMENT /*\n*/",
        "IDENT b",
        ";"
      ])
    })

    it("are taken away by a comment inside the line", () => {
      assert.deepStrictEqual(tokens("a /* c */ + 2"), ["IDENT a", "COMMENT /* c */", "+", "NUMBER 2", ";"])
      assert.deepStrictEqual(tokens("a /* c */ ,\n"), ["IDENT a", "COMMENT /* c */", ","])
    })

    it("stay due after an illegal character exactly if they were before", () => {
      assert.deepStrictEqual(tokens("a #\n"), ["IDENT a", "ILLEGAL #", ";"])
      assert.deepStrictEqual(tokens("= #\n"), ["=", "ILLEGAL #"])
      assert.deepStrictEqual(tokens("= 'x'\n"), ["=", "ILLEGAL 'x'", ";"])
    })
  })

  describe("comments", () => {
    it("do not nest", () => {
      assert.deepStrictEqual(tokens("/* /* */ a"), ["COMMENT /* /* */", "IDENT a", ";"])
    })

    it("lose the carriage returns of line ends", () => {
      assert.deepStrictEqual(tokens("// c\r\n"), ["COMMENT // c"])
      assert.deepStrictEqual(tokens("/* a\r\n b\r\n */"), ["COMMENT /* a\n b\n */"])
    })

    it("keep a carriage return that holds a star and a slash apart", () => {
      assert.deepStrictEqual(tokens("/* *\r/ */"), ["COMMENT /* *\r/ */"])
      assert.deepStrictEqual(tokens("// *\r/"), ["COMMENT // */"])
    })
  })

  describe("errors", () => {
    const cases: ReadonlyArray<readonly [text: string, problems: ReadonlyArray<string>]> = [
      ["1.5e", ["1:1 exponent has no digits"]],
      ["1e+", ["1:1 exponent has no digits"]],
      ["a #", ["1:3 illegal character U+0023 '#'"]],
      ["\u0007", ["1:1 illegal character U+0007"]],
      ["😀", ["1:1 illegal character U+1F600 '😀'"]],
      ["; : ? $ @ ~ \\", [
        "1:1 illegal character U+003B ';'",
        "1:3 illegal character U+003A ':'",
        "1:5 illegal character U+003F '?'",
        "1:7 illegal character U+0024 '$'",
        "1:9 illegal character U+0040 '@'",
        "1:11 illegal character U+007E '~'",
        "1:13 illegal character U+005C '\\'"
      ]],
      ["'x'", ["1:1 illegal single-quoted string; use double quotes"]],
      ["'x", ["1:1 illegal single-quoted string; use double quotes", "1:1 string literal not terminated"]],
      ["a | b", ["1:4 missing second | in ||"]],
      ["a & b", ["1:4 missing second & in &&"]],
      ["a\u0000", ["1:2 illegal character NUL"]],
      ["\"\u0000\"", ["1:2 illegal character NUL"]],
      ["a\ufeff", ["1:2 illegal byte order mark"]],
      ["\"a\n", ["1:1 string literal not terminated"]],
      ["\"a", ["1:1 string literal not terminated"]],
      ["`a\n", ["1:1 string literal not terminated"]],
      ["a /* b", ["1:3 block comment not terminated"]],
      [String.raw`"\q"`, ["1:3 unknown escape sequence"]],
      [String.raw`"\'"`, ["1:3 unknown escape sequence"]],
      [String.raw`"\uZ000"`, ["1:3 illegal character U+005A 'Z' in escape sequence"]],
      [String.raw`"\x4"`, ["1:3 illegal character U+0022 '\"' in escape sequence"]],
      [String.raw`"\08"`, ["1:3 illegal character U+0038 '8' in escape sequence"]],
      [String.raw`"\400"`, ["1:3 escape sequence is invalid Unicode code point"]],
      [String.raw`"\ud800"`, ["1:3 escape sequence is invalid Unicode code point"]],
      [String.raw`"\U00110000"`, ["1:3 escape sequence is invalid Unicode code point"]],
      ["\"\\", ["1:3 escape sequence not terminated", "1:1 string literal not terminated"]],
      ["\"\\x4", ["1:3 escape sequence not terminated", "1:1 string literal not terminated"]]
    ]
    for (const [text, expected] of cases) {
      it(`finds: ${expected.join(", ").replaceAll(/\d+:\d+ /g, "")} in ${JSON.stringify(text)}`, () => {
        assert.deepStrictEqual(problems(text), expected)
      })
    }

    it("reports each byte that is not UTF-8 once", () => {
      const text = Source.make("", "a /* x */ = \"x\"").bytes
      for (const offset of [6, 13]) {
        const broken = Uint8Array.from(text)
        broken[offset] = 0xff
        assert.deepStrictEqual(problems(broken), [`1:${offset + 1} illegal UTF-8 encoding`])
      }
      assert.deepStrictEqual(
        problems(Uint8Array.of(0xe2, 0x82)),
        ["1:1 illegal UTF-8 encoding", "1:2 illegal UTF-8 encoding"]
      )
    })

    it("goes on behind an error with tokens that keep their kind", () => {
      assert.deepStrictEqual(tokens("a | b"), ["IDENT a", "|| |", "IDENT b", ";"])
      assert.deepStrictEqual(tokens("\"a\nb"), ["STRING \"a", ";", "IDENT b", ";"])
      assert.deepStrictEqual(tokens("1e\nb"), ["FLOAT 1e", ";", "IDENT b", ";"])
    })
  })

  describe("any input", () => {
    const covers = (text: string | Uint8Array): void => {
      const source = Source.make("", text)
      const { tokens } = notation.lex(source.bytes)
      let offset = 0
      for (const { kind, range, text } of tokens) {
        const { end, start } = range
        assert.deepStrictEqual(start, Source.positionAt(source, start.offset))
        assert.deepStrictEqual(end, Source.positionAt(source, end.offset))
        const gap = Source.text(source, offset, start.offset)
        assert.match(gap, /^\ufeff?[ \t\r\n]*$/, `before ${kind} ${text}`)
        const empty = kind === "TERMINATOR" || kind === "EOF"
        offset = empty ? start.offset : end.offset + 1
        if (!empty && kind !== "COMMENT") {
          assert.strictEqual(Source.text(source, start.offset, offset), text)
        }
      }
      assert.strictEqual(offset, source.bytes.length)
    }

    it.prop("is covered by tokens in order, with nothing but blanks between", [notation.tokenSoup], ([text]) => {
      covers(text)
    })

    it.prop("is covered, be it text or not", [notation.bytes], ([bytes]) => {
      covers(bytes)
    })
  })
})
