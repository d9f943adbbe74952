/**
 * The messages of `push.v1.PusherService/Push`, in protobuf and in JSON.
 *
 * Profiles are not looked at and not copied: a decoded one is a view of the request it came in, and encoding copies
 * each of them once, to its place in the new request.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire"
import { Result, Schema, SchemaIssue } from "effect"
import type { Labels } from "../profile/Labels.ts"

/** The samples of a series share its labels, which are as the sender wrote them: in any order, with any mistake. */
export interface Series {
  readonly labels: ReadonlyArray<readonly [name: string, value: string]>
  readonly samples: ReadonlyArray<Sample>
}

export interface Sample {
  /** The sender's own mark, mostly a UUID; often empty. */
  readonly id: string
  /** One pprof, gzipped or not. */
  readonly profile: Uint8Array
}

/** The bytes are no `PushRequest`. `at` is a byte's offset in protobuf, a field in JSON. */
export class WireError extends Schema.TaggedError<WireError>()("WireError", {
  at: Schema.Union([Schema.Natural, Schema.String]),
  detail: Schema.String
}) {
  override get message(): string {
    return `malformed PushRequest: ${this.detail} (${typeof this.at === "number" ? `byte ${this.at}` : this.at})`
  }
}

/** A field's tag on the wire; every field we know is length-delimited. */
const delimited = (field: number): number => field << 3 | 2

const pushRequest = { series: delimited(1) }
const rawProfileSeries = { labels: delimited(1), samples: delimited(2) }
const labelPair = { name: delimited(1), value: delimited(2) }
const rawSample = { rawProfile: delimited(1), id: delimited(2) }

/**
 * Labels, series and samples of one request, all together. A few bytes can hold thousands of empty ones, and each takes
 * far more memory than that.
 */
const maxParts = 100_000

/** Decodes a request. Unknown fields are skipped, and so are annotations, which no server takes from a client. */
export const decode = (bytes: Uint8Array): Result.Result<ReadonlyArray<Series>, WireError> => {
  const reader = new BinaryReader(bytes)
  return Result.try({
    try: () => readRequest(reader, makeCount()),
    catch: (cause) =>
      new WireError({
        at: Math.min(reader.pos, bytes.length),
        detail: cause instanceof Error ? cause.message : String(cause)
      })
  })
}

type Count = () => void

const makeCount = (): Count => {
  let parts = 0
  return () => {
    if (++parts > maxParts) throw new Error(tooMany)
  }
}

const tooMany = `more than ${maxParts} series, labels and samples`

const readRequest = (reader: BinaryReader, count: Count): Array<Series> => {
  const request: Array<Series> = []
  readFields(reader, reader.len, (tag) => {
    if (tag !== pushRequest.series) return false
    count()
    request.push(readSeries(reader, reader.len, count))
    return true
  })
  return request
}

const readSeries = (reader: BinaryReader, within: number, count: Count): Series => {
  const end = readEnd(reader, within)
  const labels: Array<readonly [string, string]> = []
  const samples: Array<Sample> = []
  readFields(reader, end, (tag) => {
    count()
    if (tag === rawProfileSeries.labels) labels.push(readLabel(reader, end))
    else if (tag === rawProfileSeries.samples) samples.push(readSample(reader, end))
    else return false
    return true
  })
  return { labels, samples }
}

const readLabel = (reader: BinaryReader, within: number): readonly [string, string] => {
  let name = ""
  let value = ""
  readFields(reader, readEnd(reader, within), (tag) => {
    if (tag === labelPair.name) name = reader.string(true)
    else if (tag === labelPair.value) value = reader.string(true)
    else return false
    return true
  })
  return [name, value]
}

const readSample = (reader: BinaryReader, within: number): Sample => {
  let id = ""
  let profile: Uint8Array = nothing
  readFields(reader, readEnd(reader, within), (tag) => {
    if (tag === rawSample.rawProfile) profile = reader.bytes()
    else if (tag === rawSample.id) id = reader.string(true)
    else return false
    return true
  })
  return { id, profile }
}

const nothing = new Uint8Array(0)

/** Offers each field up to `end` to `read`, and skips those it does not take. */
const readFields = (reader: BinaryReader, end: number, read: (tag: number) => boolean): void => {
  while (reader.pos < end) {
    const [field, type] = reader.tag()
    if (!read(field << 3 | type)) reader.skip(type, field)
  }
  if (reader.pos !== end) throw new Error(overlong)
}

/** Where the message that begins here, with its length, ends. */
const readEnd = (reader: BinaryReader, within: number): number => {
  const length = reader.uint32()
  if (reader.pos + length > within) throw new Error(overlong)
  return reader.pos + length
}

const overlong = "a field is longer than the message it is in"

const repeated = <S extends Schema.Top>(item: S) =>
  Schema.optionalKey(Schema.NullOr(Schema.Array(item).check(Schema.isMaxLength(maxParts))))
const text = Schema.optionalKey(Schema.NullOr(Schema.String))
const base64 = Schema.optionalKey(Schema.NullOr(
  Schema.String.check(Schema.makeFilter((text) => isBase64(text) || "Expected base64"))
))
/** Of either alphabet, padded or not, in lines or not. */
const isBase64 = (text: string): boolean => {
  const line = text.includes("\n") || text.includes("\r") ? text.replace(/[\r\n]+/g, "") : text
  const padding = line.endsWith("==") ? 2 : line.endsWith("=") ? 1 : 0
  const digits = line.length - padding
  return digits % 4 !== 1 && !/[^\w+/-]/.test(padding === 0 ? line : line.slice(0, digits))
}

/** Names as the JSON mapping of protobuf has them, and for `rawProfile` the field's own name, which it allows too. */
const JsonRequest = Schema.Struct({
  series: repeated(Schema.Struct({
    labels: repeated(Schema.Struct({ name: text, value: text })),
    samples: repeated(Schema.Struct({ rawProfile: base64, raw_profile: base64, ID: text }))
  }))
})
const decodeRequest = Schema.decodeUnknownResult(JsonRequest)
const issues = SchemaIssue.makeFormatterStandardSchemaV1()

/** Decodes a request in JSON: unknown fields are skipped, `null` is absent, base64 may be of either alphabet. */
export const decodeJson = (bytes: Uint8Array): Result.Result<ReadonlyArray<Series>, WireError> =>
  Result.try({
    try: (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    catch: () => new WireError({ at: "body", detail: "not JSON" })
  }).pipe(
    Result.flatMap((json) => Result.mapError(decodeRequest(json), (error) => fromIssue(error.issue))),
    Result.map((request) =>
      (request.series ?? []).map((series) => ({
        labels: (series.labels ?? []).map(({ name, value }) => [name ?? "", value ?? ""] as const),
        samples: (series.samples ?? []).map((sample) => ({
          id: sample.ID ?? "",
          profile: Buffer.from(sample.rawProfile ?? sample.raw_profile ?? "", "base64")
        }))
      }))
    )
  )

const fromIssue = (issue: SchemaIssue.Issue): WireError => {
  const [first] = issues(issue).issues
  return new WireError({ at: first?.path?.map(String).join(".") || "body", detail: first?.message ?? "not a request" })
}

/**
 * Encodes a request of one series. All sizes are computed first and one array is filled: the library's writer grows, and
 * shifts what it has to make room for lengths, so that it would copy each profile several times.
 */
export const encode = (labels: Labels, samples: ReadonlyArray<Sample>): Uint8Array => {
  let seriesSize = 0
  for (const [name, value] of labels) seriesSize += fieldSize(pairSize(name, value))
  for (const sample of samples) seriesSize += fieldSize(sampleSize(sample))

  // Not zeroed first: every byte is written below.
  const request = Buffer.allocUnsafeSlow(fieldSize(seriesSize))
  let position = 0
  const open = (tag: number, size: number): void => {
    request[position++] = tag
    let rest = size
    for (; rest > 0x7f; rest >>>= 7) request[position++] = rest & 0x7f | 0x80
    request[position++] = rest
  }
  const write = (tag: number, value: string): void => {
    open(tag, Buffer.byteLength(value))
    position += request.write(value, position)
  }

  open(pushRequest.series, seriesSize)
  for (const [name, value] of labels) {
    open(rawProfileSeries.labels, pairSize(name, value))
    write(labelPair.name, name)
    write(labelPair.value, value)
  }
  for (const sample of samples) {
    open(rawProfileSeries.samples, sampleSize(sample))
    open(rawSample.rawProfile, sample.profile.length)
    request.set(sample.profile, position)
    position += sample.profile.length
    write(rawSample.id, sample.id)
  }
  return request
}

const pairSize = (name: string, value: string): number =>
  fieldSize(Buffer.byteLength(name)) + fieldSize(Buffer.byteLength(value))

const sampleSize = (sample: Sample): number =>
  fieldSize(sample.profile.length) + fieldSize(Buffer.byteLength(sample.id))

/** Bytes of a length-delimited field: its tag, its length as a varint, its content. */
const fieldSize = (length: number): number => {
  let size = 2 + length
  for (let rest = length; rest > 0x7f; rest >>>= 7) size++
  return size
}
