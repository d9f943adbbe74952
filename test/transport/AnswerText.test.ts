import { assert, describe, it } from "@effect/vitest"
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib"
import { Reader } from "../../src/transport/AnswerText.ts"

const textOf = (bytes: Uint8Array, encoding: string): string => {
  const reader = new Reader()
  reader.add(bytes)
  return reader.decode(encoding)
}

/** Not easily compressed. */
const noise = Array.from({ length: 2000 }, (_, index) => Math.sin(index)).join()

const encodings: ReadonlyArray<readonly [name: string, encoding: string, encode: (text: string) => Uint8Array]> = [
  ["gzip", "gzip", gzipSync],
  ["gzip, as it was called", "X-GZip", gzipSync],
  ["deflate", "deflate", deflateSync],
  ["deflate without a frame", "deflate", deflateRawSync],
  ["br", "br", brotliCompressSync],
  ["none", "identity", Buffer.from]
]

describe("The text of an answer", () => {
  for (const [name, encoding, encode] of encodings) {
    it(`is read as it was before it was encoded: ${name}`, () => {
      assert.strictEqual(textOf(encode("sorry, \u20ac"), encoding), "sorry, \u20ac")
      assert.strictEqual(textOf(new Uint8Array(0), encoding), "")
    })

    it(`has a beginning when no more of it was read: ${name}`, () => {
      const text = textOf(encode(noise), encoding)
      assert.isAtLeast(text.length, 1000)
      assert.isTrue(noise.startsWith(text))
    })

    it(`is no longer than it may be: ${name}`, () => {
      const text = textOf(encode("x".repeat(20_000)), encoding)
      assert.strictEqual(text, "x".repeat(2048))
    })
  }

  it("is none where it is not what it says, is in no known encoding, or would be too much", () => {
    assert.strictEqual(textOf(Buffer.from("sorry"), "gzip"), "")
    assert.strictEqual(textOf(Buffer.from("sorry"), "br"), "")
    assert.strictEqual(textOf(gzipSync("sorry"), "compress"), "")
    assert.strictEqual(textOf(gzipSync(gzipSync("sorry")), "gzip, gzip"), "")
    for (const encode of [gzipSync, deflateSync, brotliCompressSync]) {
      const bomb = encode(Buffer.alloc(2_000_000))
      assert.strictEqual(textOf(bomb, encode === gzipSync ? "gzip" : encode === deflateSync ? "deflate" : "br"), "")
    }
  })

  it("is read for a megabyte more, and no further", () => {
    const reader = new Reader()
    const piece = new Uint8Array(65_536)
    for (let count = 0; count < 16; count++) assert.isTrue(reader.add(piece))
    assert.isFalse(reader.add(piece))
  })
})
