import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber, Result } from "effect"
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

  it.effect("refuses a varint without end", () =>
    Effect.gen(function*() {
      const endless = new Uint8Array(1000).fill(0xff)
      const timeNanos = new BinaryWriter().raw(profile()).tag(9, 0).raw(endless).finish()
      assert.strictEqual(yield* refused(timeNanos), "not a pprof: invalid varint")
    }))

  it.effect("reads what samples refer to wherever it is, and numbers in either way that there is to write them", () =>
    Effect.gen(function*() {
      const unpacked = new BinaryWriter()
      for (const [field, value] of [[1, 5], [1, 6], [2, 7]] as const) unpacked.tag(field, 0).uint64(value)
      const line = new BinaryWriter().tag(1, 0).uint64(9).finish()
      const location = new BinaryWriter().tag(1, 0).uint64(5).tag(4, 2).bytes(line).finish()
      const fn = new BinaryWriter().tag(1, 0).uint64(9).tag(2, 0).int64(1).finish()
      const bytes = new BinaryWriter()
        .tag(2, 2).bytes(unpacked.finish())
        .tag(4, 2).bytes(location)
        .tag(5, 2).bytes(fn)
        .tag(1, 2).bytes(new BinaryWriter().tag(1, 0).int64(1).finish())
        .tag(6, 2).string("")
        .tag(6, 2).string("work")
        .finish()
      assert.deepStrictEqual(yield* Pprof.summarize(bytes, options), {
        sampleTypes: [{ type: "work", unit: "", total: 7 }],
        samples: 1,
        top: [{ function: "work", value: 7 }]
      })
    }))

  it.effect("cuts long names", () =>
    Effect.gen(function*() {
      const name = "ä".repeat(700_000)
      const bytes = profile((string) => ({
        function: [new Function({ id: 7, name: string(name) })],
        sampleType: [new ValueType({ type: string(name), unit: string(name) })],
        sample: [new Sample({ locationId: [1], value: [1] })]
      }))
      const { sampleTypes, top } = yield* Pprof.summarize(bytes, options)
      const cut = `${"ä".repeat(200)}…`
      assert.deepStrictEqual(sampleTypes, [{ type: cut, unit: cut, total: 1 }])
      assert.deepStrictEqual(top, [{ function: cut, value: 1 }])
    }))

  const repeated = (bytes: ReadonlyArray<number>, size: number) =>
    new Uint8Array(Buffer.alloc(size - size % bytes.length, Uint8Array.from(bytes)))

  it.effect("refuses what is made of more than any profiler writes, however little of it there is to read", () =>
    Effect.gen(function*() {
      const size = 2_200_000
      const message = (field: number, content: Uint8Array) => new BinaryWriter().tag(field, 2).bytes(content).finish()
      const manyEntries = "pprof too large: more than 1000000 entries"
      const manyFields = "pprof too large: more than 100000 fields in a message"
      // Empty samples, locations and strings, and fields that there are none of.
      for (const entry of [[0x12, 0], [0x22, 0], [0x32, 0], [0x78, 1]]) {
        assert.strictEqual(yield* refused(repeated(entry, size)), manyEntries)
      }
      for (const field of [2, 4, 5]) {
        const before = field === 2 ? [profile()] : []
        const bytes = Buffer.concat([...before, message(field, repeated([0x78, 1], size))])
        assert.strictEqual(yield* refused(bytes), manyFields)
      }
      const lines = message(4, message(4, repeated([0x78, 1], size)))
      assert.strictEqual(yield* refused(lines), manyFields)
      assert.strictEqual(
        yield* refused(repeated([0x0a, 0], size)),
        "pprof too large: more than 16 sample types"
      )
      assert.strictEqual(yield* refused(repeated([0x0b], size)), "not a pprof: it has a group")
    }))

  it.effect("lets others have their turn while it reads", () =>
    Effect.gen(function*() {
      const samples = Buffer.concat([
        profile(() => ({ sample: [] })),
        repeated([0x12, 6, 0x08, 1, 0x12, 2, 1, 1], 800_000)
      ])
      let turns = 0
      const others = yield* Effect.forkChild(
        Effect.forever(Effect.andThen(Effect.yieldNow, Effect.sync(() => turns++)))
      )
      const { samples: count } = yield* Pprof.summarize(samples, options)
      yield* Fiber.interrupt(others)
      assert.strictEqual(count, 100_000)
      // A turn per so many fields: two of them are in a sample.
      assert.isAtLeast(turns, 10)
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
