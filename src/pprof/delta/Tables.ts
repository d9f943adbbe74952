/**
 * What the samples of a pprof refer to, and what else is said of all of them.
 *
 * The format: https://github.com/google/pprof/blob/main/proto/profile.proto
 */
import { Digest } from "./Digest.ts"
import { delimited, Fields, varint } from "./Fields.ts"
import { Ids } from "./Ids.ts"
import { limits, TooMany } from "./Limits.ts"
import { Strings } from "./Strings.ts"

/** The tags of a profile's fields. */
export const profile = {
  sampleType: delimited(1),
  sample: delimited(2),
  mapping: delimited(3),
  location: delimited(4),
  function: delimited(5),
  string: delimited(6),
  dropFrames: varint(7),
  keepFrames: varint(8),
  timeNanos: varint(9),
  durationNanos: varint(10),
  periodType: delimited(11),
  period: varint(12),
  comment: varint(13),
  comments: delimited(13),
  defaultSampleType: varint(14),
  docUrl: varint(15)
}

const valueType = { type: varint(1), unit: varint(2) }
const mapping = { filename: varint(5), buildId: varint(6) }
const location = { id: varint(1), address: varint(3), line: delimited(4) }
const line = { functionId: varint(1), line: varint(2), column: varint(3) }
const fn = { id: varint(1), name: varint(2), systemName: varint(3), filename: varint(4) }

/** What a column of values is, by indexes of strings. */
export interface ValueType {
  type: number
  unit: number
}

/** How many there are of what takes memory and time. */
const count = (bytes: Uint8Array) => {
  if (bytes.length > limits.bytes) throw new TooMany("bytes", limits.bytes)
  const fields = new Fields(bytes)
  const counts = { samples: 0, locations: 0, functions: 0, strings: 0 }
  for (let tag = fields.next(bytes.length); tag !== 0; tag = fields.next(bytes.length)) {
    if (tag === profile.sample) counts.samples += 1
    else if (tag === profile.location) counts.locations += 1
    else if (tag === profile.function) counts.functions += 1
    else if (tag === profile.string) counts.strings += 1
  }
  if (counts.strings === 0) throw new Error("it has no strings")
  for (const what of ["samples", "locations", "functions", "strings"] as const) {
    if (counts[what] > limits.entries) throw new TooMany(what, limits.entries)
  }
  return counts
}

export class Tables {
  readonly bytes: Uint8Array
  readonly sampleTypes: Array<ValueType> = []
  readonly periodType: ValueType = { type: 0, unit: 0 }
  period = 0n
  timeNanos = 0n
  /** How many there are. */
  readonly samples: number
  readonly locations: number
  readonly functions: number
  /** Those are marked that something refers to which is kept in any case. */
  readonly strings: Strings
  /** Indexes of locations by id. */
  readonly locationIds: Ids
  /** Where a location is. */
  readonly locationFrom: Int32Array
  readonly locationTo: Int32Array
  /** The address of a location: two words, both 0 where there is none. */
  readonly addresses: Int32Array
  readonly functionIds: Ids
  /** The name, the system name and the file of each function. */
  readonly functionStrings: Int32Array
  private readonly place = new Int32Array(4)
  /** Of what is called at locations without an address. */
  private lineDigests: Int32Array | undefined

  constructor(bytes: Uint8Array) {
    const { samples, locations, functions, strings } = count(bytes)
    this.bytes = bytes
    this.samples = samples
    this.locations = locations
    this.functions = functions
    this.strings = new Strings(bytes, strings)
    this.locationIds = new Ids(locations)
    this.locationFrom = new Int32Array(locations)
    this.locationTo = new Int32Array(locations)
    this.addresses = new Int32Array(2 * locations)
    this.functionIds = new Ids(functions)
    this.functionStrings = new Int32Array(3 * functions)
    const withoutAddress = this.read()
    this.locationIds.seal("location")
    this.functionIds.seal("function")
    if (withoutAddress) this.lineDigests = this.digestLines()
  }

  /** Adds to a digest what a location is: its address, or what is called there where it has none. */
  digestLocation(digest: Digest, index: number): void {
    const lo = this.addresses[2 * index]!
    const hi = this.addresses[2 * index + 1]!
    digest.pair(lo, hi)
    if (lo === 0 && hi === 0) digest.words(this.lineDigests!, index)
  }

  /**
   * Reads the lines of a location, of functions inlined into each other. Calls `visit` for each with the index of its
   * function, -1 if it has none; the numbers of its line and column are in `place` then.
   */
  lines(index: number, fields: Fields, visit: (fn: number) => void): void {
    const { place } = this
    const to = this.locationTo[index]!
    fields.pos = this.locationFrom[index]!
    for (let tag = fields.next(to); tag !== 0; tag = fields.next(to)) {
      if (tag !== location.line) continue
      const end = fields.to
      fields.pos = fields.from
      place.fill(0)
      let fn = -1
      for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
        if (tag === line.functionId) fn = this.functionAt(fields)
        else if (tag === line.line || tag === line.column) {
          const at = tag === line.line ? 0 : 2
          place[at] = fields.lo
          place[at + 1] = fields.hi
        }
      }
      visit(fn)
    }
  }

  /** The index of the location whose id was just read. */
  locationAt(fields: Fields): number {
    const index = this.locationIds.indexOf(fields.lo, fields.hi)
    if (index < 0) throw new Error(`it has no location ${fields.unsigned()}`)
    return index
  }

  private functionAt(fields: Fields): number {
    if (fields.lo === 0 && fields.hi === 0) return -1
    const index = this.functionIds.indexOf(fields.lo, fields.hi)
    if (index < 0) throw new Error(`it has no function ${fields.unsigned()}`)
    return index
  }

  /** Whether there is a location without an address. */
  private read(): boolean {
    const { bytes } = this
    const fields = new Fields(bytes)
    let withoutAddress = false
    let locations = 0
    let functions = 0
    for (let tag = fields.next(bytes.length); tag !== 0; tag = fields.next(bytes.length)) {
      switch (tag) {
        case profile.location:
          withoutAddress = this.readLocation(fields, locations++) || withoutAddress
          break
        case profile.function:
          this.readFunction(fields, functions++)
          break
        case profile.string:
          this.strings.add(fields.from, fields.to)
          break
        case profile.sampleType:
          if (this.sampleTypes.length === limits.sampleTypes) throw new TooMany("sample types", limits.sampleTypes)
          this.sampleTypes.push(this.readValueType(fields, { type: 0, unit: 0 }))
          break
        case profile.periodType:
          this.readValueType(fields, this.periodType)
          break
        case profile.period:
          this.period = fields.signed()
          break
        case profile.timeNanos:
          this.timeNanos = fields.signed()
          break
        case profile.mapping:
          this.readMapping(fields)
          break
        case profile.dropFrames:
        case profile.keepFrames:
        case profile.comment:
        case profile.defaultSampleType:
        case profile.docUrl:
          this.strings.use(fields)
          break
        case profile.comments: {
          const end = fields.to
          fields.pos = fields.from
          while (fields.pos < end) {
            fields.number(end)
            this.strings.use(fields)
          }
        }
      }
    }
    return withoutAddress
  }

  private readValueType(fields: Fields, into: ValueType): ValueType {
    const end = fields.to
    fields.pos = fields.from
    for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
      if (tag !== valueType.type && tag !== valueType.unit) continue
      this.strings.use(fields)
      into[tag === valueType.type ? "type" : "unit"] = fields.lo
    }
    return into
  }

  private readMapping(fields: Fields): void {
    const end = fields.to
    fields.pos = fields.from
    for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
      if (tag === mapping.filename || tag === mapping.buildId) this.strings.use(fields)
    }
  }

  private readLocation(fields: Fields, index: number): boolean {
    const end = fields.to
    let idLo = 0
    let idHi = 0
    let lo = 0
    let hi = 0
    this.locationFrom[index] = fields.from
    this.locationTo[index] = end
    fields.pos = fields.from
    for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
      if (tag === location.id) {
        idLo = fields.lo
        idHi = fields.hi
      } else if (tag === location.address) {
        lo = fields.lo
        hi = fields.hi
      }
    }
    this.locationIds.add(idLo, idHi)
    this.addresses[2 * index] = lo
    this.addresses[2 * index + 1] = hi
    return lo === 0 && hi === 0
  }

  private readFunction(fields: Fields, index: number): void {
    const end = fields.to
    let idLo = 0
    let idHi = 0
    fields.pos = fields.from
    for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
      if (tag === fn.id) {
        idLo = fields.lo
        idHi = fields.hi
      } else if (tag === fn.name) this.functionStrings[3 * index] = this.strings.index(fields)
      else if (tag === fn.systemName) this.functionStrings[3 * index + 1] = this.strings.index(fields)
      else if (tag === fn.filename) this.functionStrings[3 * index + 2] = this.strings.index(fields)
    }
    this.functionIds.add(idLo, idHi)
  }

  private digestLines(): Int32Array {
    const digests = new Int32Array(4 * this.locations)
    const digest = new Digest()
    const fields = new Fields(this.bytes)
    const add = (fn: number): void => {
      for (let at = 0; at < 3; at++) this.strings.digest(digest, fn < 0 ? 0 : this.functionStrings[3 * fn + at]!)
      digest.words(this.place, 0)
    }
    for (let index = 0; index < this.locations; index++) {
      if (this.addresses[2 * index] !== 0 || this.addresses[2 * index + 1] !== 0) continue
      digest.start()
      this.lines(index, fields, add)
      digest.end()
      digest.put(digests, index)
    }
    return digests
  }
}
