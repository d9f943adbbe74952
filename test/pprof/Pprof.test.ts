import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"
import * as Zlib from "node:zlib"
import { Function, Location, Profile, type ProfileInput, Sample, StringTable, ValueType } from "pprof-format"
import * as Pprof from "../../src/pprof/Pprof.ts"
import { makePprof } from "../support/pprof.ts"
import { int } from "../wire/arbitraries.ts"

const options = { top: 10, maxBytes: 4_000_000 }

/** Two functions, `inner` inlined into `outer` at location 1; `outer` alone at 2; no symbols at 3. */
const profile = (overrides: (string: (text: string) => number) => ProfileInput = () => ({})): Uint8Array => {
  const stringTable = new StringTable()
  const string = (text: string) => stringTable.dedup(text)
  return new Profile({
    stringTable,
    sampleType: [
      new ValueType({ type: string("samples"), unit: string("count") }),
      new ValueType({ type: string("cpu"), unit: string("nanoseconds") })
    ],
    function: [new Function({ id: 7, name: string("inner") }), new Function({ id: 9n << 40n, name: string("outer") })],
    location: [
      new Location({ id: 1, address: 16, line: [{ functionId: 7 }, { functionId: 9n << 40n }] }),
      new Location({ id: 2, address: 32, line: [{ functionId: 9n << 40n }] }),
      new Location({ id: 3, address: 0xffffffff81000000n })
    ],
    sample: [
      new Sample({ locationId: [1, 2], value: [1, 10] }),
      new Sample({ locationId: [2], value: [2, 20] }),
      new Sample({ locationId: [1], value: [3, 30] }),
      new Sample({ locationId: [3, 2], value: [4, 5] }),
      new Sample({ locationId: [], value: [5, 1] })
    ],
    ...overrides(string)
  }).encode()
}

/** Places and the bytes to put there. */
const damages = Arbitrary.array(Arbitrary.all([int(0, 10_000), int(0, 255)]), { minLength: 1, maxLength: 4 })

const refused = (bytes: Uint8Array, maxBytes = options.maxBytes) =>
  Effect.map(Effect.flip(Pprof.summarize(bytes, { top: 10, maxBytes })), (error) => error.message)

describe("Pprof", () => {
  it.effect("sums each sample type and names the leaf functions by self value of the last", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Pprof.summarize(profile(), options), {
        sampleTypes: [
          { type: "samples", unit: "count", total: 15 },
          { type: "cpu", unit: "nanoseconds", total: 66 }
        ],
        samples: 5,
        top: [
          { function: "inner", value: 40 },
          { function: "outer", value: 20 },
          { function: "0xffffffff81000000", value: 5 },
          { function: "<unknown>", value: 1 }
        ]
      })
    }))

  it.effect("follows the profile's default sample type", () =>
    Effect.gen(function*() {
      const bytes = profile((string) => ({ defaultSampleType: string("samples") }))
      assert.deepStrictEqual((yield* Pprof.summarize(bytes, { ...options, top: 1 })).top, [
        { function: "<unknown>", value: 5 }
      ])
    }))

  it.effect("leaves out functions with nothing, and counts what is negative as such", () =>
    Effect.gen(function*() {
      const bytes = profile(() => ({
        sample: [new Sample({ locationId: [1], value: [0, 0] }), new Sample({ locationId: [2], value: [-3, -1n] })]
      }))
      const summary = yield* Pprof.summarize(bytes, options)
      assert.deepStrictEqual(summary.sampleTypes.map((type) => type.total), [-3, -1])
      assert.deepStrictEqual(summary.top, [{ function: "outer", value: -1 }])
    }))

  it.effect("says in digits what a number cannot hold", () =>
    Effect.gen(function*() {
      const large = 9_007_199_254_740_991n
      const bytes = profile(() => ({
        sample: [new Sample({ locationId: [1], value: [1, large] }), new Sample({ locationId: [2], value: [large, 2] })]
      }))
      const summary = yield* Pprof.summarize(bytes, options)
      assert.deepStrictEqual(summary.sampleTypes.map((type) => type.total), ["9007199254740992", "9007199254740993"])
      assert.strictEqual(summary.top[0]?.value, 9_007_199_254_740_991)
    }))

  it.effect("reads gzip as well", () =>
    Effect.gen(function*() {
      const raw = makePprof({
        samples: 300,
        sampleTypes: [["objects", "count"], ["space", "bytes"], ["live", "count"]]
      })
      const summary = yield* Pprof.summarize(Zlib.gzipSync(raw), { ...options, top: 5 })
      assert.deepStrictEqual(summary, yield* Pprof.summarize(raw, { ...options, top: 5 }))
      assert.strictEqual(summary.samples, 300)
      assert.strictEqual(summary.sampleTypes.length, 3)
      assert.strictEqual(summary.top.length, 5)
    }))

  it.effect("reads a profile without samples", () =>
    Effect.gen(function*() {
      const summary = yield* Pprof.summarize(profile(() => ({ sample: [] })), options)
      assert.deepStrictEqual(summary.sampleTypes.map((type) => type.total), [0, 0])
      assert.deepStrictEqual(summary.top, [])
    }))

  it.effect("refuses what is larger than allowed, gzipped or not", () =>
    Effect.gen(function*() {
      const raw = makePprof({ size: 50_000 })
      assert.strictEqual(yield* refused(raw, 49_999), "pprof too large: larger than 49999 bytes")
      assert.match(yield* refused(Zlib.gzipSync(raw), 49_999), /^pprof too large: /)
      assert.strictEqual((yield* Pprof.summarize(raw, { top: 1, maxBytes: 50_000 })).samples, 100)
    }))

  it.effect("refuses what is not a pprof", () =>
    Effect.gen(function*() {
      const raw = profile()
      assert.strictEqual(yield* refused(new Uint8Array(0)), "not a pprof: it has no sample type")
      assert.match(yield* refused(Buffer.from("main;work 12\nmain;rest 3\n")), /^not a pprof: /)
      assert.match(yield* refused(Buffer.from([0x1f, 0x8b, 8, 0])), /^not a pprof: malformed gzip: /)
      assert.match(yield* refused(raw.subarray(0, -1)), /^not a pprof: /)
      assert.strictEqual(
        yield* refused(profile(() => ({ sample: [new Sample({ value: [1] })] }))),
        "not a pprof: a sample has not one value for each sample type"
      )
      assert.strictEqual(
        yield* refused(profile(() => ({ sampleType: [new ValueType({ type: 99 })], sample: [] }))),
        "not a pprof: it has no string 99"
      )
    }))

  it.effect("refuses a varint without end before it is decoded", () =>
    Effect.gen(function*() {
      const endless = new Uint8Array(1000).fill(0xff)
      endless[999] = 0
      const timeNanos = new BinaryWriter().raw(profile()).tag(9, 2).bytes(endless).finish()
      assert.strictEqual(yield* refused(timeNanos), "not a pprof: a varint without end")
    }))

  it.effect.prop(
    "fails with a PprofError if at all, whatever is changed in a profile",
    [damages],
    ([damages]) =>
      Effect.gen(function*() {
        const damaged = profile()
        for (const [index, byte] of damages) damaged[index % damaged.length] = byte
        const result = yield* Effect.result(Pprof.summarize(damaged, options))
        if (Result.isFailure(result)) assert.strictEqual(result.failure._tag, "PprofError")
        else assert.isAbove(result.success.sampleTypes.length, 0)
      }),
    { arbitrary: { runs: 500 } }
  )
})

describe("makePprof", () => {
  it("makes the same profile from the same seed, and another from another", () => {
    assert.deepStrictEqual(makePprof({ seed: 7 }), makePprof({ seed: 7 }))
    assert.notDeepEqual(makePprof({ seed: 7 }), makePprof({ seed: 8 }))
  })

  it("meets the size", () => {
    for (const size of [10_000, 20_137, 50_000]) {
      assert.closeTo(makePprof({ size }).length, size, 1)
      assert.isTrue(Buffer.from(makePprof({ size })).equals(Zlib.gunzipSync(makePprof({ size, gzip: true }))))
    }
  })
})
