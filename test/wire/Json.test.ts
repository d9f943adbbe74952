import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Json from "../../src/wire/Json.ts"

const parse = (text: string | Uint8Array, limits: Partial<Json.Limits> = {}) =>
  Json.parse(typeof text === "string" ? Buffer.from(text) : text, { maxFields: 5, maxDepth: 3, ...limits })

const refused = (...args: Parameters<typeof parse>) => Result.getOrThrow(Result.flip(parse(...args)))

describe("Json", () => {
  it.each([
    "null",
    "[0,0,0,0,0]",
    "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0}",
    "[[[0,0,0]]]",
    "[[],{}]",
    " {\"a\" : [ { } ] } ",
    // What stands in a string is no structure, whatever is escaped in it.
    "[\"[[[[[[{{{{{{,,,,,,,]\",\"\\\"[[[[[[\"]",
    "{\"\\\\\":[\"\\\\\\\"{{{{{{{{{\"]}",
    "\"\u{1f525}[[[[\""
  ])("parses %s", (text) => {
    assert.deepStrictEqual(parse(text), Result.succeed(JSON.parse(text) as unknown))
  })

  it.each([
    "[0,0,0,0,0,0]",
    "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0}",
    "[[],[],[],[]]",
    "[\"\\\\\",[],[],[]]"
  ])("counts what %s has too much of", (text) => {
    assert.strictEqual(refused(text), "more than 5 fields")
  })

  it.each(["[[[[0]]]]", "{\"a\":[{\"b\":[]}]}"])("refuses %s for its depth", (text) => {
    assert.strictEqual(refused(text), "nested more than 3 deep")
  })

  it.each(["", "{", "[", "[0,]", "\"", "\"\\", "\"\\\"", "]]]][[[[", "[]]", "[0] [0]", "secret"])(
    "says that %j is not JSON",
    (text) => {
      assert.match(refused(text), /^not JSON$|^nested/)
    }
  )

  it("refuses what is not UTF-8, and takes a byte order mark", () => {
    assert.strictEqual(refused(Uint8Array.of(0x22, 0xff, 0x22)), "not JSON")
    assert.deepStrictEqual(parse(Uint8Array.of(0xef, 0xbb, 0xbf, 0x30)), Result.succeed(0))
  })
})
