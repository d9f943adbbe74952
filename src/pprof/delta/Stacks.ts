/** The stacks of a profile, with their labels: each once, with the sums of its samples. */
import { Digest } from "./Digest.ts"
import { delimited, Fields, varint } from "./Fields.ts"
import { slotsFor } from "./Ids.ts"
import { TooMany } from "./Limits.ts"
import { profile, type Tables } from "./Tables.ts"

/** The tags of a sample's fields. */
export const sample = {
  locationId: varint(1),
  locationIds: delimited(1),
  value: varint(2),
  values: delimited(2),
  label: delimited(3)
}

export const label = { key: varint(1), str: varint(2), num: varint(3), numUnit: varint(4) }

export class Stacks {
  count = 0
  /** Digests of stacks and their labels. */
  readonly keys: Int32Array
  /** A number of two words for each of the columns. */
  readonly values: Int32Array
  /** Where the first sample of a stack is. */
  readonly from: Int32Array
  readonly to: Int32Array
  readonly columns: number
  /** Indexes plus one, by the first word of the key. */
  private readonly slots: Int32Array
  private readonly tables: Tables
  private readonly most: number
  private readonly stack = new Digest()
  private readonly labels = new Int32Array(4)
  private readonly label = new Digest()
  private readonly numbers: Int32Array

  constructor(tables: Tables, most: number) {
    const { bytes, samples, sampleTypes: { length: columns } } = tables
    // A sample has a byte for each value, two around it, and two more if it is to be another one.
    const capacity = Math.min(samples, most, Math.floor(bytes.length / (columns + 4)))
    this.tables = tables
    this.columns = columns
    this.most = most
    this.keys = new Int32Array(4 * capacity)
    this.values = new Int32Array(2 * columns * capacity)
    this.from = new Int32Array(capacity)
    this.to = new Int32Array(capacity)
    this.slots = new Int32Array(slotsFor(capacity))
    this.numbers = new Int32Array(2 * columns)
    const fields = new Fields(bytes)
    for (let tag = fields.next(bytes.length); tag !== 0; tag = fields.next(bytes.length)) {
      if (tag === profile.sample) this.add(fields)
    }
  }

  /** The index of a stack, and -1 if there is none with this key. */
  indexOf(keys: Int32Array, index: number): number {
    return this
      .slots[this.slotOf(keys[4 * index]!, keys[4 * index + 1]!, keys[4 * index + 2]!, keys[4 * index + 3]!)]! - 1
  }

  /** Whether a stack has a value other than 0. */
  get some(): boolean {
    for (let index = 0; index < this.count; index++) {
      if (!this.isEmpty(index)) return true
    }
    return false
  }

  /** Whether all values of a stack are 0. */
  isEmpty(index: number): boolean {
    const end = 2 * this.columns * (index + 1)
    for (let at = end - 2 * this.columns; at < end; at++) {
      if (this.values[at] !== 0) return false
    }
    return true
  }

  /** Where it is, or where it would be. */
  private slotOf(a: number, b: number, c: number, d: number): number {
    const { keys, slots } = this
    const mask = slots.length - 1
    let slot = a & mask
    for (;;) {
      const at = 4 * (slots[slot]! - 1)
      if (at < 0 || (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d)) return slot
      slot = slot + 1 & mask
    }
  }

  private add(fields: Fields): void {
    const { from, to } = fields
    this.read(fields, from, to)
    const { a, b, c, d } = this.stack
    const slot = this.slotOf(a, b, c, d)
    let index = this.slots[slot]! - 1
    if (index < 0) {
      if (this.count === this.most) throw new TooMany("stacks", this.most)
      index = this.count++
      this.slots[slot] = index + 1
      this.stack.put(this.keys, index)
      this.from[index] = from
      this.to[index] = to
    }
    const { values, numbers } = this
    for (let at = 2 * this.columns * index, column = 0; column < numbers.length; column += 2, at += 2) {
      const lo = values[at]! + numbers[column]! | 0
      const carry = lo >>> 0 < numbers[column]! >>> 0 ? 1 : 0
      values[at] = lo
      values[at + 1] = values[at + 1]! + numbers[column + 1]! + carry
    }
  }

  /** Leaves its key in `stack` and its values in `numbers`. */
  private read(fields: Fields, from: number, to: number): void {
    const { stack, labels } = this
    let numbers = 0
    let hasLabels = false
    stack.start()
    fields.pos = from
    for (let tag = fields.next(to); tag !== 0; tag = fields.next(to)) {
      switch (tag) {
        case sample.locationIds:
          this.readLocations(fields)
          break
        case sample.locationId:
          this.tables.digestLocation(stack, this.tables.locationAt(fields))
          break
        case sample.values:
          numbers = this.readValues(fields, numbers)
          break
        case sample.value:
          this.take(fields, numbers++)
          break
        case sample.label:
          if (!hasLabels) labels.fill(0)
          hasLabels = true
          this.readLabel(fields)
      }
    }
    if (numbers !== this.columns) throw notOneEach()
    if (hasLabels) stack.words(labels, 0)
    stack.end()
  }

  private readLocations(fields: Fields): void {
    const { stack, tables } = this
    const end = fields.to
    fields.pos = fields.from
    while (fields.pos < end) {
      fields.number(end)
      tables.digestLocation(stack, tables.locationAt(fields))
    }
  }

  private readValues(fields: Fields, first: number): number {
    const end = fields.to
    let column = first
    fields.pos = fields.from
    while (fields.pos < end) {
      fields.number(end)
      this.take(fields, column++)
    }
    return column
  }

  private take(fields: Fields, column: number): void {
    if (column === this.columns) throw notOneEach()
    this.numbers[2 * column] = fields.lo
    this.numbers[2 * column + 1] = fields.hi
  }

  /** Their order does not matter: what stands for all of them is a sum. */
  private readLabel(fields: Fields): void {
    const { label: digest, labels, tables } = this
    const end = fields.to
    let key = 0
    let str = 0
    let unit = 0
    let lo = 0
    let hi = 0
    fields.pos = fields.from
    for (let tag = fields.next(end); tag !== 0; tag = fields.next(end)) {
      if (tag === label.key) key = tables.strings.index(fields)
      else if (tag === label.str) str = tables.strings.index(fields)
      else if (tag === label.numUnit) unit = tables.strings.index(fields)
      else if (tag === label.num) {
        lo = fields.lo
        hi = fields.hi
      }
    }
    digest.start()
    tables.strings.digest(digest, key)
    tables.strings.digest(digest, str)
    tables.strings.digest(digest, unit)
    digest.pair(lo, hi)
    digest.end()
    labels[0]! += digest.a
    labels[1]! += digest.b
    labels[2]! += digest.c
    labels[3]! += digest.d
  }
}

const notOneEach = () => new Error("a sample has not one value for each sample type")
