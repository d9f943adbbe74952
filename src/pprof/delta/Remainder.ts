/** A profile with only some of its stacks, and with what these and the profile itself refer to. */
import { Fields } from "./Fields.ts"
import { label, sample, type Stacks } from "./Stacks.ts"
import { profile, type Tables } from "./Tables.ts"

/**
 * Writes the profile with the stacks that have a value other than 0, and with the values that they have now. All other
 * fields are copied as they are, in their order; strings that nothing refers to are empty, so that no index changes.
 */
export const write = (
  tables: Tables,
  stacks: Stacks,
  times: { readonly timeNanos: bigint; readonly durationNanos: bigint }
): Uint8Array => {
  const { bytes } = tables
  const used = usedBy(tables, stacks)
  const output = new Output()
  const fields = new Fields(bytes)
  let locations = 0
  let functions = 0
  let strings = 0
  let samples = 0
  // What is copied next goes from here to where the first field is that is not.
  let pending = 0
  for (;;) {
    const start = fields.pos
    const tag = fields.next(bytes.length)
    if (tag === 0) break
    switch (tag) {
      case profile.sample:
        samples += 1
        break
      case profile.location:
        if (used.locations[locations++] === 1) continue
        break
      case profile.function:
        if (used.functions[functions++] === 1) continue
        break
      case profile.string:
        if (used.strings[strings++] === 1 || fields.from === fields.to) continue
        break
      case profile.timeNanos:
      case profile.durationNanos:
        break
      default:
        continue
    }
    output.bytes(bytes, pending, start)
    pending = fields.pos
    if (tag === profile.string) {
      output.number(tag, 0)
      output.number(0, 0)
    } else if (tag === profile.sample && samples === 1) writeSamples(output, stacks, bytes)
  }
  output.bytes(bytes, pending, bytes.length)
  output.field(profile.timeNanos, times.timeNanos)
  output.field(profile.durationNanos, times.durationNanos)
  return output.written
}

const writeSamples = (output: Output, stacks: Stacks, bytes: Uint8Array): void => {
  const { columns, values } = stacks
  const fields = new Fields(bytes)
  for (let index = 0; index < stacks.count; index++) {
    if (stacks.isEmpty(index)) continue
    const from = stacks.from[index]!
    const to = stacks.to[index]!
    const first = 2 * columns * index
    let size = 0
    for (let column = 0; column < columns; column++) {
      size += sizeOf(values[first + 2 * column]!, values[first + 2 * column + 1]!)
    }
    let others = 0
    fields.pos = from
    for (let start = from, tag = fields.next(to); tag !== 0; start = fields.pos, tag = fields.next(to)) {
      if (!isValue(tag)) others += fields.pos - start
    }
    output.number(profile.sample, 0)
    output.number(1 + sizeOf(size, 0) + size + others, 0)
    fields.pos = from
    for (let start = from, tag = fields.next(to); tag !== 0; start = fields.pos, tag = fields.next(to)) {
      if (!isValue(tag)) output.bytes(bytes, start, fields.pos)
    }
    output.number(sample.values, 0)
    output.number(size, 0)
    for (let column = 0; column < columns; column++) {
      output.number(values[first + 2 * column]!, values[first + 2 * column + 1]!)
    }
  }
}

const isValue = (tag: number): boolean => tag === sample.value || tag === sample.values

/** What is referred to by the profile itself and by stacks that are not empty: 1 for each that is. */
const usedBy = (tables: Tables, stacks: Stacks) => {
  const locations = new Uint8Array(tables.locations)
  const functions = new Uint8Array(tables.functions)
  const strings = tables.strings.used.slice()
  const fields = new Fields(tables.bytes)
  for (let index = 0; index < stacks.count; index++) {
    if (stacks.isEmpty(index)) continue
    const to = stacks.to[index]!
    fields.pos = stacks.from[index]!
    for (let tag = fields.next(to); tag !== 0; tag = fields.next(to)) {
      if (tag === sample.locationId) locations[tables.locationAt(fields)] = 1
      else if (tag === sample.locationIds) {
        const end = fields.to
        fields.pos = fields.from
        while (fields.pos < end) {
          fields.number(end)
          locations[tables.locationAt(fields)] = 1
        }
      } else if (tag === sample.label) {
        const end = fields.to
        fields.pos = fields.from
        for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
          if (tag === label.key || tag === label.str || tag === label.numUnit) strings[tables.strings.index(fields)] = 1
        }
      }
    }
  }
  const use = (fn: number): void => {
    if (fn >= 0) functions[fn] = 1
  }
  for (let index = 0; index < locations.length; index++) {
    if (locations[index] === 1) tables.lines(index, fields, use)
  }
  for (let index = 0; index < functions.length; index++) {
    if (functions[index] === 0) continue
    for (let at = 3 * index; at < 3 * index + 3; at++) strings[tables.functionStrings[at]!] = 1
  }
  return { locations, functions, strings }
}

/** How many bytes a number has on the wire. */
const sizeOf = (lo: number, hi: number): number =>
  hi === 0 ? Math.max(1, Math.ceil((32 - Math.clz32(lo)) / 7)) : Math.ceil((64 - Math.clz32(hi)) / 7)

class Output {
  private buffer = new Uint8Array(16 * 1024)
  private length = 0

  get written(): Uint8Array {
    return this.buffer.slice(0, this.length)
  }

  bytes(bytes: Uint8Array, from: number, to: number): void {
    const count = to - from
    this.reserve(count)
    // To make a view costs more than to copy few bytes.
    if (count > 256) this.buffer.set(bytes.subarray(from, to), this.length)
    else for (let at = 0; at < count; at++) this.buffer[this.length + at] = bytes[from + at]!
    this.length += count
  }

  number(lo: number, hi: number): void {
    this.reserve(10)
    const { buffer } = this
    let { length } = this
    let low = lo
    let high = hi
    while (high !== 0 || low >>> 7 !== 0) {
      buffer[length++] = low & 0x7f | 0x80
      low = low >>> 7 | high << 25
      high >>>= 7
    }
    buffer[length++] = low
    this.length = length
  }

  /** A number in a field of its own, if it is not 0. */
  field(tag: number, value: bigint): void {
    if (value === 0n) return
    this.number(tag, 0)
    this.number(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(2 * this.buffer.length, this.length + count))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}
