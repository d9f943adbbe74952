/**
 * What comes from outside is decoded or refused: as another implementation does it, without an exception, and within
 * bounds.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"
import * as Zlib from "node:zlib"
import * as Pprof from "../../src/pprof/Pprof.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Compression from "../../src/wire/Compression.ts"
import * as IngestName from "../../src/wire/IngestName.ts"
import * as PushV1 from "../../src/wire/PushV1.ts"
import { makePprof } from "../support/pprof.ts"
import * as arbitraries from "../wire/arbitraries.ts"
import { damaged, damages } from "./damages.ts"
import { inputs } from "./effort.ts"
import * as pushMessages from "./pushMessages.ts"

const { int } = arbitraries

const runs = (few: number) => ({ arbitrary: { runs: inputs(few) } })

const orThrown = <A>(f: () => A): Result.Result<A, unknown> => Result.try({ try: f, catch: (cause) => cause })

// ---- Requests in protobuf ----

/**
 * Fields that messages have, and others, of every type, with contents and lengths that need not be right, up to `depth`
 * within each other.
 */
const message = (depth: number): Arbitrary.Arbitrary<Uint8Array> =>
  Arbitrary.map(Arbitrary.array(field(depth), { maxLength: 4 }), (fields) => Buffer.concat(fields))

const field = (depth: number): Arbitrary.Arbitrary<Uint8Array> =>
  Arbitrary.map(
    Arbitrary.all([int(0, 12), int(1, 4), int(0, 400), depth === 0 ? arbitraries.bytes(4) : message(depth - 1)]),
    ([kind, number, value, content]) => {
      const writer = new BinaryWriter()
      const known = number < 3 ? number : 1
      const any = number < 3 ? number : number + value
      switch (kind) {
        case 0:
          return writer.tag(any, 0).uint64(BigInt(value) << 40n).finish()
        case 1:
          return writer.tag(any, 1).fixed64(BigInt(value)).finish()
        case 2:
          return writer.tag(any, 5).fixed32(value).finish()
        case 3:
          return Buffer.concat([writer.tag(any, 3).raw(content).tag(any, 4).finish()])
        case 4:
          return writer.tag(any, 2).bytes(content).finish()
        case 5:
          return writer.tag(known, 2).uint32(value % 20).raw(content).finish()
        default:
          return writer.tag(known, 2).bytes(content).finish()
      }
    }
  )

const encoded = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([arbitraries.labels, arbitraries.samples]), { maxLength: 3 }),
  (series) => Buffer.concat(series.map(([labels, samples]) => PushV1.encode(labels, samples)))
)

/** What the library takes and we do not. */
const refusedByUsAlone = "invalid varint"

// ---- Requests in JSON ----

const jsonText = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([arbitraries.pairs, arbitraries.samples]), { maxLength: 2 }),
  (series) =>
    Buffer.from(JSON.stringify({
      series: series.map(([labels, samples]) => ({
        labels: labels.map(([name, value]) => ({ name, value })),
        samples: samples.map(({ id, profile }) => ({ ID: id, rawProfile: Buffer.from(profile).toString("base64") })),
        "[{\",\\": [null, 1.5e3, true, {}]
      })),
      x: [[[]]]
    }))
)

const parsed = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))

const plain = (series: ReadonlyArray<PushV1.Series>) =>
  series.map(({ labels, samples }) => ({
    labels,
    samples: samples.map(({ id, profile }) => ({ id, profile: Buffer.from(profile).toString("hex") }))
  }))

describe("Decoders", () => {
  it.prop(
    "PushV1.decode reads fields of any kind as the library does",
    [message(4), int(0, 20)],
    ([whole, cut]) => {
      const bytes = whole.subarray(0, whole.length - cut)
      const ours = PushV1.decode(bytes)
      const theirs = orThrown(() => pushMessages.fromProtobuf(bytes))
      if (Result.isSuccess(ours)) assert.deepStrictEqual(plain(ours.success), plain(Result.getOrThrow(theirs)))
      else if (Result.isSuccess(theirs)) assert.strictEqual(ours.failure.detail, refusedByUsAlone)
    },
    runs(300)
  )

  it.prop(
    "PushV1.decode refuses a damaged request, or reads what can be written and read again",
    [encoded, damages],
    ([bytes, damages]) => {
      const ours = PushV1.decode(damaged(bytes, damages))
      if (Result.isFailure(ours)) return
      const labels = (series: PushV1.Series) => new Map(series.labels)
      const written = Buffer.concat(ours.success.map((series) => PushV1.encode(labels(series), series.samples)))
      const expected = ours.success.map((series) => ({ labels: [...labels(series)], samples: series.samples }))
      assert.deepStrictEqual(plain(Result.getOrThrow(PushV1.decode(written))), plain(expected))
    },
    runs(300)
  )

  it.prop(
    "PushV1.decodeJson reads what JSON.parse parses as the library does",
    [jsonText, damages],
    ([text, damages]) => {
      const bytes = damaged(text, damages)
      const ours = PushV1.decodeJson(bytes)
      const json = orThrown(() => parsed(bytes))
      if (Result.isFailure(json)) {
        assert.strictEqual(Result.getOrThrow(Result.flip(ours)).detail, "not JSON")
        return
      }
      const theirs = orThrown(() => pushMessages.fromParsedJson(json.success))
      if (Result.isSuccess(ours) && Result.isSuccess(theirs)) {
        assert.deepStrictEqual(plain(ours.success), plain(theirs.success))
      } else if (Result.isSuccess(theirs)) {
        // Only its base64 is looser.
        assert.strictEqual(Result.getOrThrow(Result.flip(ours)).detail, "Expected base64")
      }
    },
    runs(300)
  )

  it.prop(
    "IngestName reads or refuses a name, and reads what it has written as the same labels",
    [encoded, arbitraries.labels, damages],
    ([bytes, labels, damages]) => {
      const written = IngestName.format(labels)
      for (const name of [damaged(Buffer.from(written), damages), bytes]) {
        const read = IngestName.parse(Buffer.from(name).toString())
        if (Result.isFailure(read)) continue
        const again = Result.flatMap(Result.succeed(IngestName.format(read.success)), IngestName.parse)
        // Some characters have no form in a name; once they are replaced, nothing changes any more.
        if (Result.isFailure(again)) assert.notMatch(Labels.get(read.success, "__name__"), /^[\w./-]+$/)
        else assert.strictEqual(IngestName.format(again.success), IngestName.format(read.success))
      }
    },
    runs(300)
  )

  it.effect.prop(
    "gunzip gives what zlib gives, or refuses, and never more than is allowed",
    [encoded, damages, int(1, 2000)],
    ([bytes, damages, maxBytes]) =>
      Effect.gen(function*() {
        const gzip = damaged(Zlib.gzipSync(bytes), damages)
        const ours = yield* Effect.result(Compression.gunzip(gzip, maxBytes))
        if (Result.isFailure(ours)) return
        assert.isAtMost(ours.success.length, maxBytes)
        assert.isTrue(Buffer.from(ours.success).equals(Zlib.gunzipSync(gzip)))
      }),
    runs(100)
  )

  const pprof = makePprof()
  it.effect.prop(
    "Pprof.summarize summarizes a damaged profile or refuses it",
    [damages, int(0, 1)],
    ([damages, gzip]) =>
      Effect.gen(function*() {
        const bytes = damaged(pprof, damages)
        const read = yield* Effect.result(
          Pprof.summarize(gzip === 1 ? Zlib.gzipSync(bytes) : bytes, { top: 3, maxBytes: 100_000 })
        )
        if (Result.isSuccess(read)) assert.isAtMost(read.success.top.length, 3)
        else assert.strictEqual(read.failure._tag, "PprofError")
      }),
    runs(200)
  )
})
