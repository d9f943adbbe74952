/**
 * A look into a pprof: what it counts, how much of it, and where most of it was spent.
 *
 * For people to read, never for the way through: profiles are forwarded without being decoded. Anybody may have sent it:
 * nothing else waits while it is read, little is kept of it meanwhile, and what comes out is small.
 *
 * The format: https://github.com/google/pprof/blob/main/proto/profile.proto
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire"
import { Effect, Schema } from "effect"
import * as Compression from "../wire/Compression.ts"

export interface Summary {
  readonly sampleTypes: ReadonlyArray<SampleType>
  /** How many samples, that is distinct stacks with labels, there are. */
  readonly samples: number
  /** The functions that were on top of their stacks with the most of the default sample type, most first. */
  readonly top: ReadonlyArray<{ readonly function: string; readonly value: Amount }>
}

export interface SampleType {
  readonly type: string
  readonly unit: string
  /** The sum over all samples. */
  readonly total: Amount
}

/** In decimal digits if it is more than a number can say exactly. */
export type Amount = number | string

/** The bytes are no pprof, or more than was allowed. */
export class PprofError extends Schema.TaggedError<PprofError>()("PprofError", {
  reason: Schema.Literals(["TooLarge", "Malformed"]),
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.reason === "TooLarge" ? "pprof too large" : "not a pprof"}: ${this.detail}`
  }
}

/** What is read of a pprof, by far more than profilers write. */
export const limits = {
  /** Samples, locations, functions, strings and all else that a profile is made of. */
  entries: 1_000_000,
  /** Of one of these. */
  fields: 100_000,
  sampleTypes: 16,
  /** Characters of a name; the rest is cut off. */
  name: 200
}

/** Reads a pprof, gzipped or not, of at most `maxBytes` uncompressed; with the `top` functions that have most. */
export const summarize = Effect.fnUntraced(function*(
  bytes: Uint8Array,
  options: { readonly top: number; readonly maxBytes: number }
) {
  const raw = Compression.isGzip(bytes) ? yield* gunzip(bytes, options.maxBytes) : bytes
  if (raw.length > options.maxBytes) return yield* tooLarge(`larger than ${options.maxBytes} bytes`)
  const steps = read(raw, options.top)
  for (;;) {
    const step = yield* Effect.try({
      try: () => steps.next(),
      catch: (cause) =>
        cause instanceof PprofError ? cause : malformed(String(cause instanceof Error ? cause.message : cause))
    })
    if (step.done === true) return step.value
    yield* Effect.yieldNow
  }
})

const gunzip = (bytes: Uint8Array, maxBytes: number): Effect.Effect<Uint8Array, PprofError> =>
  Effect.mapError(
    Compression.gunzip(bytes, maxBytes),
    (error) => new PprofError({ reason: error._tag, detail: error.message })
  )

const tooLarge = (detail: string) => new PprofError({ reason: "TooLarge", detail })

const malformed = (detail: string) => new PprofError({ reason: "Malformed", detail })

/** How many fields are read at a time, which takes some milliseconds. */
const stride = 20_000

type Step = Generator<void, void>

/** Reads in steps, between which others have their turn. Samples come last: what they refer to may follow them. */
function* read(bytes: Uint8Array, top: number): Generator<void, Summary> {
  const tables = new Tables(bytes)
  yield* entries(bytes, (fields, field, value, end) => tables.take(fields, field, value, end))
  const sums = new Sums(tables)
  yield* entries(bytes, (fields, field, _value, end) => {
    if (field === 2 && end >= 0) sums.take(fields, end)
  })
  const most = yield* largest(sums.self, top)
  return {
    sampleTypes: tables.sampleTypes.map(({ type, unit }, index) => ({
      type: tables.text(type),
      unit: tables.text(unit),
      total: amount(sums.totals[index]!)
    })),
    samples: sums.count,
    top: most.map(([leaf, value]) => ({ function: tables.nameOf(leaf), value: amount(value) }))
  }
}

/** A field is a number, or bytes: those from where the reader is to `end`, which is -1 otherwise. */
type Visit = (fields: Fields, field: number, value: bigint, end: number) => void

class Fields extends BinaryReader {
  /** How many have been read. */
  count = 0

  one(limit: number, visit: Visit): void {
    this.count += 1
    const [field, type] = this.tag()
    switch (type) {
      case WireType.Varint:
        return visit(this, field, this.number(), -1)
      case WireType.LengthDelimited: {
        const end = this.uint32() + this.pos
        if (end > limit) throw new Error("it is cut off")
        visit(this, field, 0n, end)
        this.pos = end
        return
      }
      case WireType.Bit32:
        this.pos += 4
        return
      case WireType.Bit64:
        this.pos += 8
        return
      default:
        throw new Error("it has a group")
    }
  }

  /** Those of a message. */
  all(end: number, visit: Visit): void {
    const most = this.count + limits.fields
    while (this.pos < end) {
      if (this.count >= most) throw tooLarge(`more than ${limits.fields} fields in a message`)
      this.one(end, visit)
    }
    if (this.pos > end) throw new Error("it is cut off")
  }

  number(): bigint {
    return BigInt(this.uint64())
  }
}

function* entries(bytes: Uint8Array, visit: Visit): Step {
  const fields = new Fields(bytes)
  let pause = stride
  for (let count = 1; fields.pos < bytes.length; count++) {
    if (count > limits.entries) throw tooLarge(`more than ${limits.entries} entries`)
    fields.one(bytes.length, visit)
    if (fields.count < pause) continue
    pause = fields.count + stride
    yield
  }
  if (fields.pos > bytes.length) throw new Error("it is cut off")
}

/** What a sample was taken in, by the index of the function's name; an address where there are no symbols. */
type Leaf = number | bigint | undefined

/** What samples refer to. */
class Tables {
  readonly sampleTypes: Array<{ type: bigint; unit: bigint }> = []
  private readonly bytes: Uint8Array
  private readonly locations = new Map<bigint, { readonly address: bigint; readonly fn: bigint | undefined }>()
  private readonly functions = new Map<bigint, bigint>()
  /** Where strings begin and end. */
  private readonly starts: Array<number> = []
  private readonly ends: Array<number> = []
  private defaultType = 0n

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  take(fields: Fields, field: number, value: bigint, end: number): void {
    if (field === 14) this.defaultType = value
    if (end < 0) return
    switch (field) {
      case 1:
        return this.takeSampleType(fields, end)
      case 4:
        return this.takeLocation(fields, end)
      case 5:
        return this.takeFunction(fields, end)
      case 6:
        this.starts.push(fields.pos)
        this.ends.push(end)
    }
  }

  private takeSampleType(fields: Fields, end: number): void {
    const sampleType = { type: 0n, unit: 0n }
    fields.all(end, (_fields, field, value) => {
      if (field === 1) sampleType.type = value
      if (field === 2) sampleType.unit = value
    })
    if (this.sampleTypes.push(sampleType) > limits.sampleTypes) {
      throw tooLarge(`more than ${limits.sampleTypes} sample types`)
    }
  }

  /** Of several functions, inlined into each other, the first is the innermost. */
  private takeLocation(fields: Fields, end: number): void {
    let id = 0n
    let address = 0n
    let fn: bigint | undefined
    let lines = 0
    fields.all(end, (_fields, field, value, end) => {
      if (field === 1) id = value
      if (field === 3) address = value
      if (field !== 4 || end < 0 || lines++ > 0) return
      fn = 0n
      fields.all(end, (_fields, field, value) => {
        if (field === 1) fn = value
      })
    })
    this.locations.set(id, { address, fn })
  }

  private takeFunction(fields: Fields, end: number): void {
    let id = 0n
    let name = 0n
    fields.all(end, (_fields, field, value) => {
      if (field === 1) id = value
      if (field === 2) name = value
    })
    this.functions.set(id, name)
  }

  /** The index of the sample type that the profile says is looked at first: by convention the last. */
  get shown(): number {
    const named = this.sampleTypes.findIndex(({ type }) => type === this.defaultType)
    return named < 0 ? this.sampleTypes.length - 1 : named
  }

  leafAt(id: bigint | undefined): Leaf {
    const location = id === undefined ? undefined : this.locations.get(id)
    if (location === undefined) return undefined
    const name = location.fn === undefined ? undefined : this.functions.get(location.fn)
    if (name === undefined) return location.address
    const index = this.indexOf(name)
    return this.starts[index] === this.ends[index] ? location.address : index
  }

  nameOf(leaf: Leaf): string {
    if (leaf === undefined) return "<unknown>"
    return typeof leaf === "bigint" ? `0x${leaf.toString(16)}` : this.text(BigInt(leaf))
  }

  text(name: bigint): string {
    const index = this.indexOf(name)
    const start = this.starts[index]!
    const end = this.ends[index]!
    // A character has four bytes at most.
    const text = new TextDecoder().decode(this.bytes.subarray(start, Math.min(end, start + 4 * limits.name)))
    return text.length > limits.name ? `${text.slice(0, limits.name)}…` : text
  }

  private indexOf(name: bigint): number {
    if (name >= BigInt(this.starts.length)) throw new Error(`it has no string ${name}`)
    return Number(name)
  }
}

class Sums {
  count = 0
  readonly totals: Array<bigint>
  /** Of the sample type that is shown, by what is on top of the stack. */
  readonly self = new Map<Leaf, bigint>()
  private readonly tables: Tables
  private readonly shown: number
  private readonly values: Array<bigint> = []

  constructor(tables: Tables) {
    if (tables.sampleTypes.length === 0) throw new Error("it has no sample type")
    this.tables = tables
    this.shown = tables.shown
    this.totals = tables.sampleTypes.map(() => 0n)
  }

  take(fields: Fields, end: number): void {
    const { totals, values } = this
    values.length = 0
    let leaf: bigint | undefined
    const value = (value: bigint): void => {
      // The format has them unsigned.
      if (values.push(BigInt.asIntN(64, value)) > totals.length) throw notOneEach()
    }
    fields.all(end, (_fields, field, number, end) => {
      if (field === 1) {
        if (end < 0) leaf ??= number
        else if (fields.pos < end) leaf ??= fields.number()
      } else if (field === 2) {
        if (end < 0) value(number)
        while (fields.pos < end) value(fields.number())
      }
    })
    if (values.length < totals.length) throw notOneEach()
    this.count += 1
    for (let index = 0; index < totals.length; index++) totals[index]! += values[index]!
    const top = this.tables.leafAt(leaf)
    this.self.set(top, (this.self.get(top) ?? 0n) + values[this.shown]!)
  }
}

const notOneEach = () => new Error("a sample has not one value for each sample type")

/** Most first. What has nothing is left out. */
function* largest(
  self: ReadonlyMap<Leaf, bigint>,
  count: number
): Generator<void, ReadonlyArray<readonly [Leaf, bigint]>> {
  const most: Array<readonly [Leaf, bigint]> = []
  let seen = 0
  for (const entry of self) {
    if (++seen % stride === 0) yield
    const [, value] = entry
    if (value === 0n || (most.length === count && value <= most[count - 1]![1])) continue
    const place = most.findIndex(([, other]) => other < value)
    most.splice(place < 0 ? most.length : place, 0, entry)
    if (most.length > count) most.pop()
  }
  return most
}

const amount = (value: bigint): Amount => Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
