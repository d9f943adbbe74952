import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Bytes from "../../src/evaluation/Bytes.ts"
import * as Utf8 from "../../src/syntax/Utf8.ts"

/** Whole characters, their pieces and bytes of no character. */
const pieces = Arbitrary.array(
  Arbitrary.schema(
    Schema.Literals([0x00, 0x61, 0x7f, 0x80, 0xa9, 0xbf, 0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x94, 0xff])
  )
)

describe("Bytes", () => {
  it.prop("a text gives back the bytes it was made of", [pieces], ([bytes]) => {
    assert.deepStrictEqual(Array.from(Bytes.encode(Utf8.decode(Uint8Array.from(bytes)))), bytes)
  })

  it.prop("joined texts are the text of the joined bytes", { left: pieces, right: pieces }, ({ left, right }) => {
    const [a, b, joined] = [left, right, left.concat(right)].map((bytes) => Utf8.decode(Uint8Array.from(bytes)))
    assert.strictEqual(Bytes.join(a!, b!), joined)
  })

  it.prop("texts are ordered as their bytes are", { left: pieces, right: pieces }, ({ left, right }) => {
    const sign = Math.sign(Bytes.compare(Utf8.decode(Uint8Array.from(left)), Utf8.decode(Uint8Array.from(right))))
    const hex = (bytes: ReadonlyArray<number>) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")
    assert.strictEqual(sign, hex(left) < hex(right) ? -1 : hex(left) > hex(right) ? 1 : 0)
  })
})
