/**
 * What a profile says, apart from how it is written down: written in many ways that mean the same, and read back by a
 * library.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { Profile } from "pprof-format"
import { random } from "./pprof.ts"

export interface Model {
  readonly types: ReadonlyArray<readonly [type: string, unit: string]>
  readonly samples: ReadonlyArray<Sample>
  readonly timeNanos?: bigint
  readonly period?: bigint
}

export interface Sample {
  readonly frames: ReadonlyArray<Frame>
  readonly labels?: ReadonlyArray<Label>
  readonly values: ReadonlyArray<bigint>
}

/** One location. */
export interface Frame {
  readonly address: bigint
  readonly lines: ReadonlyArray<Line>
}

export interface Line {
  readonly name: string
  readonly systemName?: string
  readonly file?: string
  readonly line?: bigint
}

export interface Label {
  readonly key: string
  readonly str?: string
  readonly num?: bigint
  readonly unit?: string
}

export interface Form {
  /** Of the order of everything that may have any. */
  readonly seed?: number
  /** Ids that are no positions. */
  readonly anyIds?: boolean
  readonly packed?: boolean
}

/** What a form leaves out is as Go writes it. */
export const encode = (model: Model, form: Form = {}): Uint8Array<ArrayBuffer> => {
  const { anyIds = false, packed = true, seed } = form
  const below = random(seed ?? 0)
  const mixed = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => seed === undefined ? items : shuffled(items, below)
  const idOf = (index: number): bigint => anyIds ? 2n ** 63n + BigInt(index) * 0x1_0000_0001n : BigInt(index + 1)
  const fields: Array<Uint8Array> = []
  const message = (write: (writer: BinaryWriter) => void): Uint8Array => {
    const writer = new BinaryWriter()
    write(writer)
    return writer.finish()
  }
  const add = (field: number, write: (writer: BinaryWriter) => void): void => {
    fields.push(new BinaryWriter().tag(field, 2).bytes(message(write)).finish())
  }
  const strings = new Interned<string>((text) => text)
  strings.index("")
  if (seed !== undefined) { for (let unused = below(5); unused > 0; unused--) strings.index(`unused ${unused}`) }
  const functions = new Interned<Line>((line) => JSON.stringify([line.name, line.systemName, line.file]))
  const locations = new Interned<Frame>(nameOf)

  for (const [type, unit] of model.types) {
    fields.push(
      new BinaryWriter().tag(1, 2).bytes(
        message((writer) => writer.tag(1, 0).int64(strings.index(type)).tag(2, 0).int64(strings.index(unit)))
      ).finish()
    )
  }
  // The order of types is that of values, and is the only one that has a meaning.
  const types = fields.splice(0)
  for (const sample of mixed(model.samples)) {
    add(2, (writer) => {
      const ids = sample.frames.map((frame) => idOf(locations.index(frame)))
      const parts = [
        () => numbers(writer, 1, ids, packed),
        () => numbers(writer, 2, sample.values.map((value) => BigInt.asUintN(64, value)), packed),
        ...(sample.labels ?? []).map((label) => () => {
          writer.tag(3, 2).bytes(message((writer) => {
            writer.tag(1, 0).int64(strings.index(label.key))
            if (label.str !== undefined) writer.tag(2, 0).int64(strings.index(label.str))
            if (label.num !== undefined) writer.tag(3, 0).int64(label.num)
            if (label.unit !== undefined) writer.tag(4, 0).int64(strings.index(label.unit))
          }))
        })
      ]
      for (const part of mixed(parts)) part()
    })
  }
  for (const [index, { address, lines }] of locations.items.entries()) {
    add(4, (writer) => {
      writer.tag(1, 0).uint64(idOf(index)).tag(3, 0).uint64(address)
      for (const line of lines) {
        writer.tag(4, 2).bytes(message((writer) => {
          writer.tag(1, 0).uint64(idOf(functions.index(line))).tag(2, 0).int64(line.line ?? 0n)
        }))
      }
    })
  }
  for (const [index, { file = "", name, systemName = name }] of functions.items.entries()) {
    add(5, (writer) => {
      writer.tag(1, 0).uint64(idOf(index)).tag(2, 0).int64(strings.index(name))
      writer.tag(3, 0).int64(strings.index(systemName)).tag(4, 0).int64(strings.index(file))
    })
  }
  const text = strings.items.map((string) => new BinaryWriter().tag(6, 2).string(string).finish())
  const head = new BinaryWriter().tag(9, 0).int64(model.timeNanos ?? 0n).tag(12, 0).int64(model.period ?? 0n).finish()
  const tables = mixed([
    () => types,
    () => [head],
    () => text,
    // Samples, locations and functions may be in any order, and among each other too.
    () => mixed(fields)
  ])
  return new Uint8Array(Buffer.concat(tables.flatMap((table) => table())))
}

const numbers = (writer: BinaryWriter, field: number, values: ReadonlyArray<bigint>, packed: boolean): void => {
  if (!packed) { for (const value of values) writer.tag(field, 0).uint64(value) }
  else {
    const content = new BinaryWriter()
    for (const value of values) content.uint64(value)
    writer.tag(field, 2).bytes(content.finish())
  }
}

/** Things with an index each, in the order that they were asked for. */
class Interned<A> {
  readonly items: Array<A> = []
  private readonly indexes = new Map<string, number>()
  private readonly key: (item: A) => string

  constructor(key: (item: A) => string) {
    this.key = key
  }

  index(item: A): number {
    const key = this.key(item)
    const index = this.indexes.get(key) ?? this.items.length
    if (index === this.items.length) {
      this.items.push(item)
      this.indexes.set(key, index)
    }
    return index
  }
}

const shuffled = <A>(items: ReadonlyArray<A>, below: (limit: number) => number): ReadonlyArray<A> => {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = below(at + 1)
    const item = all[at]!
    all[at] = all[other]!
    all[other] = item
  }
  return all
}

const nameOf = ({ address, lines }: Frame): string =>
  address !== 0n ? address.toString() : JSON.stringify(
    lines.map(({ file = "", line = 0n, name, systemName = name }) => [name, systemName, file, line.toString()])
  )

/** Of each stack with its labels, by what it is, the sums of its values; stacks without any are left out. */
export type Sums = ReadonlyMap<string, ReadonlyArray<bigint>>

/** The order of labels has no meaning. */
export const keyOf = ({ frames, labels = [] }: Pick<Sample, "frames" | "labels">): string =>
  `${frames.map(nameOf).join(" ")} | ${
    labels.map(({ key, num = 0n, str = "", unit = "" }) => JSON.stringify([key, str, num.toString(), unit])).sort()
      .join(" ")
  }`

export const sumsOf = (model: Model): Sums => summed(model.samples)

const summed = (samples: ReadonlyArray<Sample>): Sums => {
  const sums = new Map<string, ReadonlyArray<bigint>>()
  for (const sample of samples) {
    const key = keyOf(sample)
    const sum = sums.get(key)
    sums.set(key, sample.values.map((value, column) => BigInt.asIntN(64, value + (sum?.[column] ?? 0n))))
  }
  return new Map([...sums].filter(([, values]) => values.some((value) => value !== 0n)))
}

/** The same from what was written. */
export const decode = (bytes: Uint8Array): Model & { readonly sums: Sums; readonly durationNanos: bigint } => {
  const profile = Profile.decode(bytes)
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)]!
  const functions = new Map(profile.function.map((fn) => [BigInt(fn.id), fn]))
  const locations = new Map(profile.location.map(({ address, id, line }): [bigint, Frame] => [
    BigInt(id),
    {
      address: BigInt(address),
      lines: line.map(({ functionId, line }) => {
        const { filename, name, systemName } = functions.get(BigInt(functionId))!
        return {
          name: text(name),
          systemName: text(systemName),
          file: text(filename),
          line: BigInt.asIntN(64, BigInt(line))
        }
      })
    }
  ]))
  const samples = profile.sample.map(({ label, locationId, value }): Sample => ({
    frames: locationId.map((id) => locations.get(BigInt(id))!),
    labels: label.map(({ key, num, numUnit, str }) => ({
      key: text(key),
      str: text(str),
      num: BigInt.asIntN(64, BigInt(num)),
      unit: text(numUnit)
    })),
    values: value.map((value) => BigInt.asIntN(64, BigInt(value)))
  }))
  return {
    types: profile.sampleType.map(({ type, unit }) => [text(type), text(unit)]),
    samples,
    sums: summed(samples),
    timeNanos: BigInt(profile.timeNanos),
    durationNanos: BigInt(profile.durationNanos),
    period: BigInt(profile.period)
  }
}
