/**
 * A look into a pprof: what it counts, how much of it, and where most of it was spent.
 *
 * For people to read, never for the way through: profiles are forwarded without being decoded.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire"
import { Effect, Result, Schema } from "effect"
import { Profile } from "pprof-format"
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

/** Reads a pprof, gzipped or not, of at most `maxBytes` uncompressed; with the `top` functions that have most. */
export const summarize = Effect.fnUntraced(function*(
  bytes: Uint8Array,
  options: { readonly top: number; readonly maxBytes: number }
) {
  const raw = Compression.isGzip(bytes) ? yield* gunzip(bytes, options.maxBytes) : bytes
  if (raw.length > options.maxBytes) {
    return yield* new PprofError({ reason: "TooLarge", detail: `larger than ${options.maxBytes} bytes` })
  }
  return yield* Effect.fromResult(Result.try({
    try: () => summary(decode(raw), options.top),
    catch: (cause) => malformed(cause instanceof Error ? cause.message : String(cause))
  }))
})

const gunzip = (bytes: Uint8Array, maxBytes: number): Effect.Effect<Uint8Array, PprofError> =>
  Effect.mapError(
    Compression.gunzip(bytes, maxBytes),
    (error) => new PprofError({ reason: error._tag, detail: error.message })
  )

const malformed = (detail: string) => new PprofError({ reason: "Malformed", detail })

/**
 * pprof-format believes what it is given: it reads a message that is cut off as if it were whole, and takes quadratic
 * time for a varint that does not end, so that a megabyte of continuation bytes would stop the process for minutes. Hence
 * the fields are counted out first, and a run of bytes that no varint and hardly any text has is refused.
 */
const decode = (bytes: Uint8Array): Profile => {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    reader.skip(type, field)
  }
  let run = 0
  for (const byte of bytes) {
    run = byte < 0x80 ? 0 : run + 1
    if (run > maxRun) throw new Error("a varint without end")
  }
  return Profile.decode(bytes)
}

/** A varint has ten bytes at most. Text in a script without ASCII has longer runs: this is about 170 such characters. */
const maxRun = 512

const summary = (profile: Profile, top: number): Summary => {
  const totals = profile.sampleType.map(() => 0n)
  if (totals.length === 0) throw new Error("it has no sample type")
  const shown = defaultType(profile)
  const nameOf = names(profile)
  const self = new Map<string, bigint>()
  for (const sample of profile.sample) {
    if (sample.value.length !== totals.length) throw new Error("a sample has not one value for each sample type")
    sample.value.forEach((value, index) => {
      totals[index]! += signed(value)
    })
    const leaf = nameOf(sample.locationId[0])
    self.set(leaf, (self.get(leaf) ?? 0n) + signed(sample.value[shown]!))
  }
  return {
    sampleTypes: profile.sampleType.map(({ type, unit }, index) => ({
      type: text(profile, type),
      unit: text(profile, unit),
      total: amount(totals[index]!)
    })),
    samples: profile.sample.length,
    top: Array.from(self)
      .filter(([, value]) => value !== 0n)
      .sort(([, a], [, b]) => a < b ? 1 : a > b ? -1 : 0)
      .slice(0, top)
      .map(([name, value]) => ({ function: name, value: amount(value) }))
  }
}

/** The index of the sample type that the profile says is looked at first: by convention the last. */
const defaultType = (profile: Profile): number => {
  const named = profile.sampleType.findIndex(({ type }) => Number(type) === Number(profile.defaultSampleType))
  return named < 0 ? profile.sampleType.length - 1 : named
}

/** The name of the innermost function at a location; its address where there are no symbols. */
const names = (profile: Profile): (location: number | bigint | undefined) => string => {
  const locations = new Map(profile.location.map((location) => [location.id, location]))
  const functions = new Map(profile.function.map((fn) => [fn.id, text(profile, fn.name)]))
  return (id) => {
    const location = id === undefined ? undefined : locations.get(id)
    if (location === undefined) return "<unknown>"
    const line = location.line[0]
    return line && functions.get(line.functionId) || `0x${location.address.toString(16)}`
  }
}

const text = (profile: Profile, index: number | bigint): string => {
  const string = profile.stringTable.strings[Number(index)]
  if (string === undefined) throw new Error(`it has no string ${index}`)
  return string
}

/** The library reads all numbers as unsigned. */
const signed = (value: number | bigint): bigint => BigInt.asIntN(64, BigInt(value))

const amount = (value: bigint): Amount => Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
