import { assert, describe, it } from "@effect/vitest"
import * as Token from "../../src/syntax/Token.ts"
import * as notation from "./notation.ts"

describe("Token", () => {
  it("tells an identifier from any other text", () => {
    for (const identifier of ["a", "_", "a1", "größe", "nullable", "x٣"]) {
      assert(Token.isIdentifier(identifier), identifier)
    }
    for (const other of ["", "1a", "a-b", "a b", " a", "a\n", "null", "true", "false", "a.b", "😀"]) {
      assert(!Token.isIdentifier(other), other)
    }
  })

  it.prop("an identifier is what the lexer reads as one", [notation.tokenSoup], ([text]) => {
    const [first] = notation.lex(text).tokens
    assert.strictEqual(Token.isIdentifier(text), first?.kind === "IDENT" && first.text === text)
  })
})
