import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as StringLiteral from "../../src/syntax/StringLiteral.ts"
import * as Utf8 from "../../src/syntax/Utf8.ts"
import * as notation from "./notation.ts"

const isLiteral = (text: string): boolean => {
  const { diagnostics, tokens } = notation.lex(text)
  return diagnostics.length === 0 && tokens[0]?.kind === "STRING" && tokens[0].text === text
}

describe("StringLiteral", () => {
  describe("decode", () => {
    it("takes off the quotes", () => {
      assert.strictEqual(StringLiteral.decode("\"\""), "")
      assert.strictEqual(StringLiteral.decode("\"a\t`é😀\""), "a\t`é😀")
    })

    it("knows every escape", () => {
      assert.strictEqual(StringLiteral.decode(String.raw`"\a\b\f\n\r\t\v\\\""`), "\u0007\b\f\n\r\t\v\\\"")
      assert.strictEqual(StringLiteral.decode(String.raw`"\101\x41\u00e9\U0001F600"`), "AAé😀")
      assert.strictEqual(StringLiteral.decode(String.raw`"\\n\\x41"`), "\\n\\x41")
    })

    it("joins bytes that make up UTF-8", () => {
      assert.strictEqual(StringLiteral.decode(String.raw`"<\xc3\xa9\360\237\230\200>"`), "<é😀>")
    })

    it("keeps a byte that does not decode as a lone surrogate", () => {
      assert.strictEqual(StringLiteral.decode(String.raw`"a\xffb\x80"`), "a\udcffb\udc80")
      assert.strictEqual(StringLiteral.decode(String.raw`"\xc3é\xa9"`), "\udcc3é\udca9")
      assert.strictEqual(StringLiteral.decode(String.raw`"\xc3\u00a9"`), "\udcc3©")
    })

    it("leaves characters alone whose second half looks like such a byte", () => {
      assert.strictEqual(StringLiteral.decode(`"\u{1f4c3}\\xa9"`), "\u{1f4c3}\udca9")
    })

    it("keeps all of a raw string but carriage returns", () => {
      assert.strictEqual(StringLiteral.decode("`a\\n\r\n\"b\r`"), "a\\n\n\"b")
    })
  })

  describe("quote", () => {
    it("escapes what cannot be shown", () => {
      assert.strictEqual(
        StringLiteral.quote("a \"\\ \n\t\u0007\u0001\u007f é😀 \u00a0\u200b\u{e0001}\udcff"),
        String.raw`"a \"\\ \n\t\a\x01\x7f é😀 \u00a0\u200b\U000e0001\xff"`
      )
    })

    it.prop("makes a literal that decodes to the text", [Schema.String], ([text]) => {
      const wellFormed = text.replaceAll(/[\ud800-\udfff]/gu, "")
      const literal = StringLiteral.quote(wellFormed)
      assert(isLiteral(literal))
      assert.strictEqual(StringLiteral.decode(literal), wellFormed)
    })

    it.prop("makes a literal that decodes to any bytes", [notation.bytes], ([bytes]) => {
      const text = Utf8.decode(bytes)
      const literal = StringLiteral.quote(text)
      assert(isLiteral(literal))
      assert.strictEqual(StringLiteral.decode(literal), text)
    })
  })
})
