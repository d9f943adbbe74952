import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Zlib from "node:zlib"
import * as Compression from "../../src/wire/Compression.ts"
import { bytes } from "./arbitraries.ts"

const refused = (gzipped: Uint8Array, maxBytes: number) =>
  Effect.map(Effect.flip(Compression.gunzip(gzipped, maxBytes)), (error) => error._tag)

/** Gzip of `size` zero bytes that claims another size. */
const claiming = (size: number, claimed: number): Buffer => {
  const gzipped = Zlib.gzipSync(Buffer.alloc(size))
  gzipped.writeUInt32LE(claimed, gzipped.length - 4)
  return gzipped
}

describe("Compression", () => {
  it("knows gzip by its first two bytes", () => {
    assert.isTrue(Compression.isGzip(Zlib.gzipSync("")))
    assert.isFalse(Compression.isGzip(Uint8Array.of(0x1f)))
    assert.isFalse(Compression.isGzip(Uint8Array.of(0x0a, 0x8b)))
    assert.isFalse(Compression.isGzip(new Uint8Array(0)))
  })

  it.effect.prop(
    "gives back what was compressed, up to the very limit",
    [bytes(2000)],
    ([plain]) =>
      Effect.gen(function*() {
        const gzipped = Zlib.gzipSync(plain)
        const size = Math.max(1, plain.length)
        assert.deepStrictEqual(Uint8Array.from(yield* Compression.gunzip(gzipped, size)), plain)
        if (plain.length > 1) assert.strictEqual(yield* refused(gzipped, plain.length - 1), "TooLarge")
      })
  )

  it.effect("reads a view into a larger array", () =>
    Effect.gen(function*() {
      const gzipped = Zlib.gzipSync("profile")
      const body = Buffer.concat([Buffer.alloc(5, 0xff), gzipped, Buffer.alloc(5, 0xff)]).subarray(
        5,
        5 + gzipped.length
      )
      assert.strictEqual(Buffer.from(yield* Compression.gunzip(body, 100)).toString(), "profile")
    }))

  it.effect("reads several members as one", () =>
    Effect.gen(function*() {
      const both = Buffer.concat([Zlib.gzipSync("a".repeat(40_000)), Zlib.gzipSync("b")])
      assert.strictEqual((yield* Compression.gunzip(both, 40_001)).length, 40_001)
      assert.strictEqual(yield* refused(both, 40_000), "TooLarge")
    }))

  it.effect("refuses what says it is too large without inflating it", () =>
    Effect.gen(function*() {
      const bomb = Zlib.gzipSync(Buffer.alloc(100_000))
      // Inflating would now fail at the first byte, and as Malformed.
      bomb.fill(0xff, 10, bomb.length - 8)
      assert.strictEqual(yield* refused(bomb, 99_999), "TooLarge")
      assert.strictEqual(yield* refused(bomb, 100_000), "Malformed")
    }))

  it.effect("refuses what is larger than it says", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused(claiming(10_000_000, 5), 100_000), "TooLarge")
    }))

  it.effect("does not believe a size that cannot be", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused(claiming(1000, 0xffffffff), 100_000), "Malformed")
    }))

  it.effect("tells what is cut off from what is too large", () =>
    Effect.gen(function*() {
      // The last four bytes of a part are any bytes, and mostly a large number.
      const whole = Zlib.gzipSync(Buffer.from(Array.from({ length: 5000 }, (_, i) => i * i * 7 & 0xff)))
      for (let length = 0; length < whole.length; length++) {
        const tag = yield* refused(whole.subarray(0, length), 100_000)
        assert.isTrue(tag === "Malformed", `${length} of ${whole.length}`)
      }
    }))

  it.effect("refuses what is not gzip", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Compression.gunzip(Buffer.from("hello, this is no gzip at all"), 100))
      assert.strictEqual(error.message, "malformed gzip: incorrect header check")
    }))
})
