import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import * as PushV1 from "../../src/wire/PushV1.ts"
import { makePprof } from "../support/pprof.ts"
import * as arbitraries from "./arbitraries.ts"

/** The request as the library writes it. */
const written = (series: ReadonlyArray<PushV1.Series>): Uint8Array => {
  const writer = new BinaryWriter()
  for (const { labels, samples } of series) {
    writer.tag(1, 2).fork()
    for (const [name, value] of labels) writer.tag(1, 2).fork().tag(1, 2).string(name).tag(2, 2).string(value).join()
    for (const { id, profile } of samples) writer.tag(2, 2).fork().tag(1, 2).bytes(profile).tag(2, 2).string(id).join()
    writer.join()
  }
  return writer.finish()
}

const series = Arbitrary.map(
  Arbitrary.all([arbitraries.pairs, arbitraries.samples]),
  ([labels, samples]): PushV1.Series => ({ labels, samples })
)

const decoded = (bytes: Uint8Array) => Result.getOrThrow(PushV1.decode(bytes))

const refused = (bytes: Uint8Array) => Result.getOrThrow(Result.flip(PushV1.decode(bytes)))

const json = (value: unknown) =>
  PushV1.decodeJson(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)))

const refusedJson = (value: unknown) => Result.getOrThrow(Result.flip(json(value))).message

describe("PushV1", () => {
  describe("encode", () => {
    it("writes the bytes of the message", () => {
      const bytes = PushV1.encode(Labels.make({ b: "\u00e9", a: "1" }), [{ id: "i", profile: Uint8Array.of(1, 2, 3) }])
      assert.strictEqual(
        Buffer.from(bytes).toString("hex"),
        ["0a1b", "0a06", "0a0161", "120131", "0a07", "0a0162", "1202c3a9", "1208", "0a03010203", "120169"].join("")
      )
    })

    it.prop("writes what the library writes", [arbitraries.labels, arbitraries.samples], ([labels, samples]) => {
      const expected = written([{ labels: [...labels], samples }])
      assert.deepStrictEqual(PushV1.encode(labels, samples), expected)
    })

    it("writes lengths of one to four bytes", () => {
      for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
        const samples = [{ id: "", profile: new Uint8Array(size) }]
        assert.isTrue(
          Buffer.from(written([{ labels: [], samples }])).equals(PushV1.encode(new Map(), samples)),
          `${size}`
        )
      }
    })
  })

  describe("decode", () => {
    it.prop("reads what was written", [Arbitrary.array(series, { maxLength: 3 })], ([request]) => {
      assert.deepStrictEqual(decoded(written(request)), request)
    })

    it.prop("reads what encode writes", [arbitraries.labels, arbitraries.samples], ([labels, samples]) => {
      assert.deepStrictEqual(decoded(PushV1.encode(labels, samples)), [{ labels: [...labels], samples }])
    })

    it("gives views of the request, not copies", () => {
      const profile = makePprof({ gzip: true })
      const request = PushV1.encode(Labels.make({ a: "1" }), [{ id: "", profile }])
      const [sample] = decoded(request)[0]!.samples
      assert.strictEqual(sample!.profile.buffer, request.buffer)
      assert.deepStrictEqual(sample!.profile, profile)
    })

    it("takes no bytes for no series", () => {
      assert.deepStrictEqual(decoded(new Uint8Array(0)), [])
    })

    it("skips annotations, unknown fields and known fields of another type", () => {
      const request = new BinaryWriter()
        .tag(7, 0).uint64(1n << 63n)
        .tag(1, 2).fork()
        .tag(3, 2).fork().tag(1, 2).string("key").tag(2, 2).string("value").join()
        .tag(1, 2).fork().tag(1, 2).string("a").tag(2, 0).uint32(5).tag(2, 2).string("1").tag(9, 5).fixed32(1).join()
        .tag(2, 2).fork().tag(100, 1).fixed64(1).tag(2, 2).string("id").tag(4, 3).tag(5, 0).uint32(1).tag(4, 4).join()
        .join()
        .finish()
      assert.deepStrictEqual(decoded(request), [{
        labels: [["a", "1"]],
        samples: [{ id: "id", profile: new Uint8Array(0) }]
      }])
    })

    it("says where the request is malformed", () => {
      const error = refused(Uint8Array.of(0x0a, 0x03, 0x0a, 0x01, 0x00))
      assert.strictEqual(error._tag, "WireError")
      assert.strictEqual(error.message, "malformed PushRequest: illegal tag: field no 0 wire type 0 (byte 5)")
      assert.strictEqual(refused(Uint8Array.of(0x0a, 0x80)).message, "malformed PushRequest: premature EOF (byte 2)")
    })

    it.each<[what: string, at: number, bytes: Array<number>]>([
      ["series", 2, [0x0a, 0x01]],
      ["label", 4, [0x0a, 0x02, 0x0a, 0x03, 0x0a, 0x01, 0x61]],
      ["label's name", 7, [0x0a, 0x04, 0x0a, 0x02, 0x0a, 0x01, 0x61]],
      ["unknown field", 5, [0x0a, 0x02, 0x32, 0x01, 0x61]]
    ])("refuses a %s that is longer than the message it is in", (_, at, bytes) => {
      const error = refused(Uint8Array.from(bytes))
      assert.deepStrictEqual([error.detail, error.at], ["a field is longer than the message it is in", at])
    })

    it("refuses text that is not UTF-8", () => {
      const request = new BinaryWriter()
        .tag(1, 2).fork().tag(1, 2).fork().tag(2, 2).bytes(Uint8Array.of(0x61, 0xff)).join().join().finish()
      assert.isTrue(Result.isFailure(PushV1.decode(request)))
    })

    it.prop("never throws, whatever the bytes", [arbitraries.bytes(60)], ([bytes]) => {
      const result = PushV1.decode(bytes)
      if (Result.isFailure(result)) assert.isTrue(Number(result.failure.at) <= bytes.length)
    })

    it.prop("refuses a request of one series that is cut off anywhere", [arbitraries.labels], ([labels]) => {
      const request = PushV1.encode(labels, [{ id: "id", profile: Uint8Array.of(1, 2, 3) }])
      for (let length = 1; length < request.length; length++) {
        assert.isTrue(Result.isFailure(PushV1.decode(request.subarray(0, length))), `${length}`)
      }
    })
  })

  describe("decodeJson", () => {
    const profile = Uint8Array.of(0xfb, 0xff, 0xfe, 0x00)

    it("reads the fields by their JSON names and skips others", () => {
      const request = {
        unknown: 1,
        series: [{
          labels: [{ name: "a", value: "1", x: {} }],
          samples: [{ rawProfile: "+//+AA==", ID: "id", id: "not this" }],
          annotations: [{ key: "k" }]
        }]
      }
      const [series] = Result.getOrThrow(json(request))
      assert.deepStrictEqual(series!.labels, [["a", "1"]])
      assert.strictEqual(series!.samples[0]!.id, "id")
      assert.deepStrictEqual(Uint8Array.from(series!.samples[0]!.profile), profile)
    })

    it.each(["+//+AA==", "+//+AA", "-__-AA==", "-__-AA", "+//+\r\nAA==\n"])("takes %j for base64", (text) => {
      for (const name of ["rawProfile", "raw_profile"]) {
        const [series] = Result.getOrThrow(json({ series: [{ samples: [{ [name]: text }] }] }))
        assert.deepStrictEqual(Uint8Array.from(series!.samples[0]!.profile), profile)
      }
    })

    it.each(["A", "AAAAA", "+//+ AA", "AA=A", "AA===", "*"])("does not take %j for base64", (text) => {
      assert.strictEqual(
        refusedJson({ series: [{}, { samples: [{ rawProfile: text }] }] }),
        "malformed PushRequest: Expected base64 (series.1.samples.0.rawProfile)"
      )
    })

    it("takes null and nothing for the default value", () => {
      const empty = { labels: [], samples: [] }
      assert.deepStrictEqual(Result.getOrThrow(json({})), [])
      assert.deepStrictEqual(Result.getOrThrow(json({ series: null })), [])
      assert.deepStrictEqual(Result.getOrThrow(json({ series: [{}, { labels: null, samples: null }] })), [empty, empty])
      assert.deepStrictEqual(Result.getOrThrow(json({ series: [{ labels: [{ name: "a", value: null }] }] })), [
        { labels: [["a", ""]], samples: [] }
      ])
      const [series] = Result.getOrThrow(json({ series: [{ samples: [{ ID: null }] }] }))
      assert.strictEqual(series!.samples[0]!.id, "")
      assert.strictEqual(series!.samples[0]!.profile.length, 0)
    })

    it("says which field is malformed", () => {
      assert.strictEqual(refusedJson(""), "malformed PushRequest: not JSON (body)")
      assert.strictEqual(refusedJson("{\"series\": secret"), "malformed PushRequest: not JSON (body)")
      assert.match(refusedJson("[]"), /\(body\)$/)
      assert.match(refusedJson({ series: [null] }), /\(series\.0\)$/)
      assert.match(refusedJson({ series: [{ labels: [{ name: 7 }] }] }), /\(series\.0\.labels\.0\.name\)$/)
      assert.isTrue(Result.isFailure(PushV1.decodeJson(Uint8Array.of(0x22, 0xff, 0x22))))
    })

    it.prop("reads the same as from protobuf", [Arbitrary.array(series, { maxLength: 3 })], ([request]) => {
      const read = Result.getOrThrow(json({
        series: request.map(({ labels, samples }) => ({
          labels: labels.map(([name, value]) => ({ name, value })),
          samples: samples.map(({ id, profile }) => ({ ID: id, rawProfile: Buffer.from(profile).toString("base64") }))
        }))
      }))
      assert.deepStrictEqual(
        read.map(({ labels, samples }) => ({
          labels,
          samples: samples.map(({ id, profile }) => ({ id, profile: Uint8Array.from(profile) }))
        })),
        decoded(written(request))
      )
    })
  })

  describe("bounds", () => {
    const times = (count: number, ...bytes: ReadonlyArray<number>) =>
      Buffer.alloc(count * bytes.length, Uint8Array.from(bytes))

    const field = (number: number, content: Uint8Array) => new BinaryWriter().tag(number, 2).bytes(content).finish()

    /** Around so many fields, and how many there are besides. */
    const around: ReadonlyArray<readonly [where: string, besides: number, f: (fields: Uint8Array) => Uint8Array]> = [
      ["the request", 0, (fields) => fields],
      ["a series", 1, (fields) => field(1, fields)],
      ["a label", 2, (fields) => field(1, field(1, fields))],
      ["a sample", 2, (fields) => field(1, field(2, fields))],
      ["a group", 2, (fields) => Buffer.concat([Uint8Array.of(0x5b), fields, Uint8Array.of(0x5c)])],
      [
        "a group in a sample",
        4,
        (fields) => field(1, field(2, Buffer.concat([Uint8Array.of(0x5b), fields, Uint8Array.of(0x5c)])))
      ]
    ]
    const kinds: ReadonlyArray<readonly [what: string, each: number, bytes: ReadonlyArray<number>]> = [
      ["numbers", 1, [0x48, 1]],
      ["nothing", 1, [0x4a, 0]],
      ["fixed numbers", 1, [0x4d, 0, 0, 0, 0]],
      ["groups", 2, [0x53, 0x54]]
    ]
    for (const [where, besides, wrap] of around) {
      for (const [what, each, bytes] of kinds) {
        it(`takes a hundred thousand fields with ${what} in ${where}, and not one more`, () => {
          const most = Math.floor((100_000 - besides) / each)
          assert.isTrue(Result.isSuccess(PushV1.decode(wrap(times(most, ...bytes)))))
          const error = refused(wrap(times(most + 1, ...bytes)))
          assert.strictEqual(error.detail, "more than 100000 fields")
        })
      }
    }

    it("counts fields that it knows, in all messages together", () => {
      const labels = Array.from({ length: 11_000 }, (): readonly [string, string] => ["a", "b"])
      const series = (count: number) => written(Array.from({ length: count }, () => ({ labels, samples: [] })))
      assert.isTrue(Result.isSuccess(PushV1.decode(series(3))))
      assert.strictEqual(refused(series(4)).detail, "more than 100000 fields")
      const names = field(1, field(1, times(100_000, 0x0a, 1, 0x61)))
      assert.strictEqual(refused(names).detail, "more than 100000 fields")
    })

    it("takes groups a hundred deep and no deeper", () => {
      const nested = (depth: number) => Buffer.concat([times(depth, 0x5b), times(depth, 0x5c)])
      assert.deepStrictEqual(decoded(nested(100)), [])
      assert.strictEqual(refused(nested(101)).detail, "groups nested more than 100 deep")
    })

    it("refuses a number that does not end, where it begins to be too long", () => {
      const error = refused(Buffer.concat([Uint8Array.of(0x48), times(1_000_000, 0x80), Uint8Array.of(0)]))
      assert.deepStrictEqual([error.detail, error.at], ["invalid varint", 11])
    })

    it("takes 4 MiB of labels and IDs, and does not decode more", () => {
      const text = (bytes: number) => "a".repeat(bytes)
      const mebibyte = 1024 * 1024
      const request = (further: number): ReadonlyArray<PushV1.Series> => [{
        labels: [[text(mebibyte), text(mebibyte)], [text(1), text(mebibyte - 1)]],
        samples: [{ id: text(mebibyte + further), profile: new Uint8Array(mebibyte) }]
      }]
      assert.isTrue(Result.isSuccess(PushV1.decode(written(request(0)))))
      assert.strictEqual(refused(written(request(1))).detail, "more than 4194304 bytes of labels and IDs")
      const inJson = (further: number) => ({
        series: request(further).map(({ labels, samples }) => ({
          labels: labels.map(([name, value]) => ({ name, value })),
          samples: samples.map(({ id }) => ({ ID: id }))
        }))
      })
      assert.isTrue(Result.isSuccess(json(inJson(0))))
      assert.strictEqual(
        refusedJson(inJson(1)),
        "malformed PushRequest: more than 4194304 bytes of labels and IDs (body)"
      )
    })

    it("takes no more fields in JSON, wherever they are", () => {
      const wide = (count: number) => `{"x":[${Array.from({ length: count }, () => "0").join()}]}`
      assert.isTrue(Result.isSuccess(json(wide(99_999))))
      assert.strictEqual(refusedJson(wide(100_000)), "malformed PushRequest: more than 100000 fields (body)")
    })

    it("quotes nothing of what it refuses", () => {
      const long = "secret".repeat(100_000)
      for (
        const request of [
          long,
          { series: long },
          { series: [long] },
          { series: [{ labels: [{ name: [long] }] }] },
          { series: [{ samples: [{ rawProfile: `${long}!` }] }] },
          { series: [{ [long]: 1, samples: { [long]: long } }] }
        ]
      ) {
        const message = refusedJson(request)
        assert.notInclude(message, "secret")
        assert.isBelow(message.length, 100)
      }
    })

    it("says how much memory a request takes besides its bytes", () => {
      const request = PushV1.encode(Labels.make({ a: "1", service_name: "shop" }), [
        { id: "id", profile: new Uint8Array(1000) }
      ])
      const fromProtobuf = PushV1.heapBytes(decoded(request), request)
      const body = new TextEncoder().encode(
        JSON.stringify({
          series: [{
            labels: [{ name: "a", value: "1" }, { name: "service_name", value: "shop" }],
            samples: [{ ID: "id", rawProfile: Buffer.alloc(1000).toString("base64") }]
          }]
        })
      )
      const fromJson = PushV1.heapBytes(Result.getOrThrow(PushV1.decodeJson(body)), body)
      assert.strictEqual(fromJson - fromProtobuf, 1000)
      assert.isAbove(PushV1.heapBytes(decoded(times(50_000, 0x0a, 0)), request), 50_000 * 300)
    })

    it("looks once at each character of a profile in base64", () => {
      const profile = (text: string) =>
        PushV1.decodeJson(new TextEncoder().encode(JSON.stringify({ series: [{ samples: [{ rawProfile: text }] }] })))
      // Quadratic time would be hours for a megabyte.
      for (const text of ["\n".repeat(1_000_000), "=".repeat(1_000_000), "A".repeat(1_000_000)]) {
        assert.isTrue(Result.isFailure(profile(`${text}!`)))
      }
      assert.isTrue(Result.isSuccess(profile("AA\r\nAA==\n")))
    })
  })
})
