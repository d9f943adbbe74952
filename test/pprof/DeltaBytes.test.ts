/**
 * What a delta does with the bytes of a profile: how they may be written, what is kept of them, and what is refused.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Profile } from "pprof-format"
import * as Delta from "../../src/pprof/Delta.ts"

type Field = (writer: BinaryWriter) => void

const message = (...fields: ReadonlyArray<Field>): Uint8Array => {
  const writer = new BinaryWriter()
  for (const field of fields) field(writer)
  return writer.finish()
}

const number = (field: number, value: bigint | number): Field => (writer) => {
  writer.tag(field, 0).uint64(BigInt.asUintN(64, BigInt(value)))
}
const bytes = (field: number, value: Uint8Array | string): Field => (writer) => {
  writer.tag(field, 2).bytes(typeof value === "string" ? Buffer.from(value) : value)
}
const nested = (field: number, ...fields: ReadonlyArray<Field>): Field => bytes(field, message(...fields))
const raw = (...values: ReadonlyArray<number>): Field => (writer) => {
  writer.raw(Uint8Array.from(values))
}

const texts = ["", "contentions", "count", "lock", "lock.go", "unlock", "key", "gone", "/bin/app", "said"]
const strings = texts.map((text) => bytes(6, text))
const index = (text: string) => texts.indexOf(text)

const types = nested(1, number(1, index("contentions")), number(2, index("count")))
const location = (id: number, fn: number, ...more: ReadonlyArray<Field>) =>
  nested(4, number(1, id), number(3, 0x1000 + id), nested(4, number(1, fn), number(2, 5)), ...more)
const fn = (id: number, name: string, ...more: ReadonlyArray<Field>) =>
  nested(5, number(1, id), number(2, index(name)), number(4, index("lock.go")), ...more)
const sample = (id: number, value: number, ...more: ReadonlyArray<Field>) =>
  nested(2, number(1, id), number(2, value), ...more)
const tables = [location(1, 1), location(2, 2), fn(1, "lock"), fn(2, "unlock")]

const step = (before: Uint8Array, after: Uint8Array): Result.Result<Delta.Step, Delta.DeltaError> =>
  Result.flatMap(Delta.step(undefined, before), (first) => {
    assert.strictEqual(first._tag, "First")
    return Delta.step(first._tag === "First" ? first.baseline : undefined, after)
  })

const deltaOf = (before: Uint8Array, after: Uint8Array): Uint8Array => {
  const delta = Result.getOrThrow(step(before, after))
  assert.strictEqual(delta._tag, "Delta")
  return delta._tag === "Delta" ? delta.profile : new Uint8Array()
}

const rises = [sample(1, 4), sample(2, 4)]
const before = message(types, ...rises, ...tables, ...strings)

describe("Delta", () => {
  it("keeps every field that it need not change as it is, those unknown too", () => {
    const kept = [
      types,
      nested(3, number(1, 1), number(2, 0x1000), number(5, index("/bin/app")), number(99, 7)),
      location(2, 2, number(2, 1), bytes(100, "of a location")),
      fn(2, "unlock", bytes(101, "of a function")),
      bytes(102, "of a profile"),
      number(103, 2n ** 63n),
      raw(0xc5, 0x06, 1, 2, 3, 4),
      raw(0xc9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8),
      nested(13, (writer) => writer.uint32(index("said"))),
      nested(11, number(1, index("contentions")), number(2, index("count"))),
      number(12, 1)
    ]
    const pruned = [location(1, 1), fn(1, "lock")]
    const used = new Set(["contentions", "count", "/bin/app", "unlock", "lock.go", "said", "key"])
    const after = message(
      ...kept,
      ...pruned,
      sample(1, 4),
      sample(2, 6, nested(3, number(1, index("key")))),
      ...strings
    )
    const delta = deltaOf(message(...kept, ...pruned, sample(1, 4), ...strings), after)
    const expected = message(
      ...kept,
      nested(2, number(1, 2), nested(3, number(1, index("key"))), bytes(2, Uint8Array.of(6))),
      ...texts.map((text) => bytes(6, used.has(text) ? text : ""))
    )
    assert.strictEqual(Buffer.from(delta).toString("hex"), Buffer.from(expected).toString("hex"))
  })

  const read = (name: string, after: Uint8Array, expected: ReadonlyArray<number>, of = before) =>
    it(`reads ${name}`, () => {
      const { sample } = Profile.decode(deltaOf(of, after))
      assert.deepStrictEqual(sample.map(({ value }) => Number(value[0])), expected)
    })

  const packed = (...values: ReadonlyArray<number>) => Uint8Array.from(values)
  read("strings before all else", message(...strings, ...tables, types, sample(1, 5), sample(2, 9)), [1, 5])
  read(
    "of a number that is there twice the last one",
    message(
      types,
      nested(2, number(1, 1), number(2, 6)),
      sample(2, 4),
      ...strings,
      ...tables.slice(1),
      location(7, 1, number(1, 1), number(3, 0x1001))
    ),
    [2]
  )
  read(
    "numbers in any number of pieces, packed or not",
    message(
      types,
      types,
      nested(2, bytes(1, packed()), bytes(2, packed(7)), bytes(1, packed(1, 2)), number(1, 1), number(2, 8)),
      ...tables,
      ...strings
    ),
    [4],
    message(types, types, nested(2, bytes(2, packed(3, 8)), bytes(1, packed(1, 2, 1))), ...tables, ...strings)
  )
  read(
    "numbers that are longer than they need be",
    message(
      types,
      nested(2, raw(0x08, 0x81, 0x80, 0x00), raw(0x90, 0x80, 0x00, 0x86, 0x00)),
      sample(2, 4),
      ...tables,
      ...strings
    ),
    [2]
  )
  read("ids that come in no order", message(types, sample(2, 4), sample(1, 9), ...tables.toReversed(), ...strings), [5])

  it("says when there is nothing to subtract from, and when nothing only rises", () => {
    assert.strictEqual(Result.getOrThrow(Delta.step(undefined, before))._tag, "First")
    const inuse = message(
      nested(1, number(1, index("key")), number(2, index("count"))),
      ...rises,
      ...tables,
      ...strings
    )
    assert.deepStrictEqual(Result.getOrThrow(Delta.step(undefined, inuse)), { _tag: "NotCumulative" })
  })

  it("tells how much memory is held, and holds no more than is allowed", () => {
    const first = Result.getOrThrow(Delta.step(undefined, before, { maxBaselineBytes: 48 }))
    assert.deepInclude(first, { _tag: "First" })
    if (first._tag === "First") assert.deepInclude(first.baseline, { stacks: 2, byteLength: 64 })
    const refused = Result.getOrThrow(Result.flip(Delta.step(undefined, before, { maxBaselineBytes: 47 })))
    assert.deepStrictEqual(refused.reason, { _tag: "TooMany", what: "stacks", limit: 1 })
    assert.strictEqual(refused.message, "pprof too large for a delta: more than 1 stacks")
  })

  it("refuses a profile with more tables, or more in them, than there can be a use for", () => {
    const refused = (count: number, field: ReadonlyArray<number>) =>
      Result.getOrThrow(Result.flip(
        Delta.step(undefined, Buffer.concat([before, Buffer.alloc(field.length * count, Buffer.from(field))]))
      )).message
    assert.strictEqual(refused(1_000_000, [0x12, 0]), "pprof too large for a delta: more than 1000000 samples")
    assert.strictEqual(refused(1_000_000, [0x32, 0]), "pprof too large for a delta: more than 1000000 strings")
    assert.strictEqual(refused(100, [0x0a, 0]), "pprof too large for a delta: more than 100 sample types")
  })

  const refused = (name: string, detail: string, ...fields: ReadonlyArray<Field>) =>
    it(`refuses ${name}`, () => {
      const { reason } = Result.getOrThrow(Result.flip(step(before, message(...fields))))
      assert.deepStrictEqual(reason, { _tag: "Malformed", detail })
    })

  refused("nothing", "it has no strings")
  refused("text", "it has a group", raw(...Buffer.from("<html>")))
  refused("a field that is cut off", "it is cut off", ...strings, raw(0x32, 5, 1))
  refused("a number that is cut off", "it is cut off", ...strings, raw(0x48, 0x80))
  refused("a length of more than 32 bits", "it is cut off", ...strings, raw(0x32, 0x80, 0x80, 0x80, 0x80, 0x10))
  refused("a message longer than the one that it is in", "it is cut off", types, ...strings, nested(2, raw(0x0a, 5, 1)))
  refused("a field of number 0", "it has an impossible field", raw(0x00, 0x00))
  refused(
    "a number of more than 64 bits",
    "it has a number of more than ten bytes",
    raw(0x48, ...Array.from({ length: 10 }, () => 0x80), 0)
  )
  refused(
    "a sample with too few values",
    "a sample has not one value for each sample type",
    types,
    ...strings,
    nested(2)
  )
  refused(
    "one with too many",
    "a sample has not one value for each sample type",
    types,
    ...strings,
    nested(2, number(2, 1), number(2, 1))
  )
  refused("a location that is not there", "it has no location 9", types, sample(9, 1), ...tables, ...strings)
  refused(
    "a function that is not there",
    "it has no function 9",
    types,
    sample(1, 9),
    sample(2, 4),
    location(1, 9),
    location(2, 2),
    ...strings
  )
  refused("a string that is not there", "it has no string 10", types, fn(1, "lock", number(3, 10)), ...strings)
  refused(
    "two locations with an id",
    "it has two locations with the same id",
    types,
    location(1, 1),
    location(1, 2),
    ...strings
  )
})
