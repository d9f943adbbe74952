import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Source from "../../src/syntax/Source.ts"
import * as notation from "./notation.ts"

describe("Source", () => {
  describe("check", () => {
    const text = Source.make("", "a = \"é😀\"").bytes

    it("accepts UTF-8, with and without a byte-order mark", () => {
      assert.deepStrictEqual(Source.check(text), Result.succeed(text))
      const marked = Uint8Array.of(0xef, 0xbb, 0xbf, ...text)
      assert.deepStrictEqual(Source.check(marked), Result.succeed(marked))
      assert.deepStrictEqual(Source.check(new Uint8Array()), Result.succeed(new Uint8Array()))
    })

    it("names another encoding by its byte-order mark", () => {
      const marks = {
        UTF16BigEndian: [0xfe, 0xff],
        UTF16LittleEndian: [0xff, 0xfe],
        UTF32BigEndian: [0, 0, 0xfe, 0xff],
        UTF32LittleEndian: [0xff, 0xfe, 0, 0]
      }
      for (const [encoding, mark] of Object.entries(marks)) {
        assert.deepStrictEqual(
          Source.check(Uint8Array.of(...mark, 0x61, 0)),
          Result.fail(`configuration is encoded with ${encoding} but must be utf8`)
        )
      }
    })

    it("refuses bytes that are not UTF-8", () => {
      const broken = [
        [0xff],
        [0x61, 0x80],
        [0xc3],
        [0xc0, 0x80],
        [0xe0, 0x80, 0x80],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xf8, 0x88, 0x80, 0x80]
      ]
      for (const bytes of broken) {
        assert.deepStrictEqual(Source.check(Uint8Array.from(bytes)), Result.fail("unknown encoding for config"))
      }
    })

    it.prop("accepts exactly what a strict decoder does, but for marks", [notation.bytes], ([bytes]) => {
      const unmarked = Uint8Array.of(0x61, ...bytes)
      const decodes = Result.isSuccess(Result.try(() => new TextDecoder("utf-8", { fatal: true }).decode(unmarked)))
      assert.strictEqual(Result.isSuccess(Source.check(unmarked)), decodes)
    })
  })

  it("positionAt counts lines and bytes, from the start or from a place before", () => {
    const source = Source.make("", "é\n\nab\n")
    const positions = [[0, 1, 1], [2, 1, 3], [3, 2, 1], [4, 3, 1], [5, 3, 2], [6, 3, 3], [7, 4, 1]]
      .map(([offset, line, column]) => ({ offset: offset!, line: line!, column: column! }))
    for (const position of positions) {
      assert.deepStrictEqual(Source.positionAt(source, position.offset), position)
      for (const from of positions.filter(({ offset }) => offset <= position.offset)) {
        assert.deepStrictEqual(Source.positionAt(source, position.offset, from), position)
      }
    }
  })
})
