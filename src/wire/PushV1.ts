/**
 * The messages of `push.v1.PusherService/Push`, in protobuf and in JSON.
 *
 * Profiles are not looked at and not copied: a decoded one is a view of the request it came in, and encoding copies
 * each of them once, to its place in the new request.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire"
import { Result, Schema } from "effect"
import type { Labels } from "../profile/Labels.ts"
import * as Json from "./Json.ts"

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
 * What one request may have. Each field costs time and memory, however few bytes it has and whether we know it or not; a
 * batch of a thousand series with thirty labels each has less. Profiles are no text.
 */
const limits = { fields: 100_000, textBytes: 4 * 1024 * 1024, depth: 100 }

/** The largest request in JSON: a profile of 4 MiB, as large as servers take by default, and its labels, in base64. */
export const maxJsonBytes = 8 * 1024 * 1024

/** Decodes a request. Unknown fields are skipped, and so are annotations, which no server takes from a client. */
export const decode = (bytes: Uint8Array): Result.Result<ReadonlyArray<Series>, WireError> => {
  const reader = new BinaryReader(bytes)
  return Result.try({
    try: () => readRequest(reader, makeCount()),
    catch: (cause) => wireError(Math.min(reader.pos, bytes.length), cause)
  })
}

const wireError = (at: WireError["at"], cause: unknown): WireError =>
  cause instanceof WireError
    ? cause
    : new WireError({ at, detail: cause instanceof Error ? cause.message : String(cause) })

/** Throws when there are too many. */
interface Count {
  readonly field: () => void
  readonly text: (bytes: number) => void
}

const makeCount = (): Count => {
  let fields = 0
  let textBytes = 0
  return {
    field: () => {
      if (++fields > limits.fields) throw new Error(`more than ${limits.fields} fields`)
    },
    text: (bytes) => {
      textBytes += bytes
      if (textBytes > limits.textBytes) throw new Error(`more than ${limits.textBytes} bytes of labels and IDs`)
    }
  }
}

const readRequest = (reader: BinaryReader, count: Count): Array<Series> => {
  const request: Array<Series> = []
  readFields(reader, reader.len, count, (tag) => {
    if (tag !== pushRequest.series) return false
    request.push(readSeries(reader, reader.len, count))
    return true
  })
  return request
}

const readSeries = (reader: BinaryReader, within: number, count: Count): Series => {
  const end = readEnd(reader, within)
  const labels: Array<readonly [string, string]> = []
  const samples: Array<Sample> = []
  readFields(reader, end, count, (tag) => {
    if (tag === rawProfileSeries.labels) labels.push(readLabel(reader, end, count))
    else if (tag === rawProfileSeries.samples) samples.push(readSample(reader, end, count))
    else return false
    return true
  })
  return { labels, samples }
}

const readLabel = (reader: BinaryReader, within: number, count: Count): readonly [string, string] => {
  let name = ""
  let value = ""
  readFields(reader, readEnd(reader, within), count, (tag) => {
    if (tag === labelPair.name) name = readText(reader, count)
    else if (tag === labelPair.value) value = readText(reader, count)
    else return false
    return true
  })
  return [name, value]
}

const readSample = (reader: BinaryReader, within: number, count: Count): Sample => {
  let id = ""
  let profile: Uint8Array = nothing
  readFields(reader, readEnd(reader, within), count, (tag) => {
    if (tag === rawSample.rawProfile) profile = reader.bytes()
    else if (tag === rawSample.id) id = readText(reader, count)
    else return false
    return true
  })
  return { id, profile }
}

const nothing = new Uint8Array(0)

const readText = (reader: BinaryReader, count: Count): string => {
  const start = reader.pos
  count.text(reader.uint32())
  reader.pos = start
  return reader.string(true)
}

/** Offers each field up to `end` to `read`, and skips those it does not take. */
const readFields = (reader: BinaryReader, end: number, count: Count, read: (tag: number) => boolean): void => {
  while (reader.pos < end) {
    count.field()
    const [field, type] = reader.tag()
    if (!read(field << 3 | type)) skip(reader, field, type, count, limits.depth)
  }
  if (reader.pos !== end) throw new Error(overlong)
}

/** The library's own counts no fields of a group, and takes a varint of any length. */
const skip = (reader: BinaryReader, field: number, type: WireType, count: Count, depth: number): void => {
  if (type === WireType.Varint) reader.uint32()
  else if (type === WireType.StartGroup) skipGroup(reader, field, count, depth)
  else reader.skip(type)
}

const skipGroup = (reader: BinaryReader, group: number, count: Count, depth: number): void => {
  if (depth === 0) throw new Error(`groups nested more than ${limits.depth} deep`)
  for (;;) {
    count.field()
    const [field, type] = reader.tag()
    if (type !== WireType.EndGroup) skip(reader, field, type, count, depth - 1)
    else if (field === group) return
    else throw new Error("invalid end group tag")
  }
}

/** Where the message that begins here, with its length, ends. */
const readEnd = (reader: BinaryReader, within: number): number => {
  const length = reader.uint32()
  if (reader.pos + length > within) throw new Error(overlong)
  return reader.pos + length
}

const overlong = "a field is longer than the message it is in"

/**
 * Decodes a request in JSON: names as the JSON mapping of protobuf has them, and for `rawProfile` the field's own name,
 * which it allows too. Unknown fields are skipped, `null` is absent, base64 may be of either alphabet.
 */
export const decodeJson = (bytes: Uint8Array): Result.Result<ReadonlyArray<Series>, WireError> =>
  Result.flatMap(
    Result.mapError(
      Json.parse(bytes, { maxFields: limits.fields, maxDepth: limits.depth }),
      (detail) => new WireError({ at: "body", detail })
    ),
    (json) => Result.try({ try: () => requestFrom(json), catch: (cause) => wireError("body", cause) })
  )

const requestFrom = (json: unknown): Array<Series> => {
  const count = makeCount()
  const label = (at: string, json: unknown): readonly [string, string] => {
    const fields = objectFrom(at, json)
    return [textFrom(at, fields, "name", count), textFrom(at, fields, "value", count)]
  }
  const sample = (at: string, json: unknown): Sample => {
    const fields = objectFrom(at, json)
    const profile = bytesFrom(at, fields, "rawProfile") ?? bytesFrom(at, fields, "raw_profile")
    return { id: textFrom(at, fields, "ID", count), profile: profile ?? nothing }
  }
  const series = (at: string, json: unknown): Series => {
    const fields = objectFrom(at, json)
    return { labels: listFrom(at, fields, "labels", label), samples: listFrom(at, fields, "samples", sample) }
  }
  return listFrom("", objectFrom("", json), "series", series)
}

/** Of an object, which `at` leads to from the body. No name is one that objects inherit. */
type Fields = Readonly<Record<string, unknown>>

const expected = (what: string, at: string): WireError =>
  new WireError({ at: at || "body", detail: `Expected ${what}` })

const below = (at: string, name: string | number): string => at === "" ? String(name) : `${at}.${name}`

const objectFrom = (at: string, json: unknown): Fields => {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw expected("an object", at)
  return json as Fields
}

const listFrom = <A>(at: string, fields: Fields, name: string, read: (at: string, json: unknown) => A): Array<A> => {
  const json = fields[name] ?? []
  const path = below(at, name)
  if (!Array.isArray(json)) throw expected("an array", path)
  return json.map((item, index) => read(below(path, index), item))
}

const stringFrom = (at: string, fields: Fields, name: string): string | undefined => {
  const json = fields[name] ?? undefined
  if (json !== undefined && typeof json !== "string") throw expected("a string", below(at, name))
  return json
}

const textFrom = (at: string, fields: Fields, name: string, count: Count): string => {
  const text = stringFrom(at, fields, name) ?? ""
  count.text(Buffer.byteLength(text))
  return text
}

const bytesFrom = (at: string, fields: Fields, name: string): Uint8Array | undefined => {
  const text = stringFrom(at, fields, name)
  if (text === undefined) return undefined
  if (!isBase64(text)) throw expected("base64", below(at, name))
  return Buffer.from(text, "base64")
}

/** Of either alphabet, padded or not, in lines or not. */
const isBase64 = (text: string): boolean => {
  let digits = 0
  let padding = 0
  for (let at = 0; at < text.length; at++) {
    const kind = base64Kinds[text.charCodeAt(at)]
    if (kind === base64.digit && padding === 0) digits++
    else if (kind === base64.padding) padding++
    else if (kind !== base64.newline) return false
  }
  return padding <= 2 && digits % 4 !== 1
}

const base64 = { digit: 1, padding: 2, newline: 3 }
/** By the code of a character. */
const base64Kinds = new Uint8Array(128)
for (const byte of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")) {
  base64Kinds[byte] = base64.digit
}
for (const byte of Buffer.from("\r\n")) base64Kinds[byte] = base64.newline
for (const byte of Buffer.from("=")) base64Kinds[byte] = base64.padding

/**
 * What a request takes in memory, besides the bytes that it was decoded from: measured on Node 24, and rounded up. Its
 * text is counted as what V8 keeps where not all of it is Latin-1.
 */
export const heapBytes = (request: ReadonlyArray<Series>, decodedFrom: Uint8Array): number => {
  let bytes = 0
  for (const { labels, samples } of request) {
    bytes += 512
    for (const [name, value] of labels) bytes += 160 + 2 * (name.length + value.length)
    for (const { id, profile } of samples) {
      bytes += 192 + 2 * id.length + (profile.buffer === decodedFrom.buffer ? 0 : profile.byteLength)
    }
  }
  return bytes
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
