/**
 * Counts of a process since it has started, as Go keeps them: each stack has its values, and every profile has all of them.
 */
import { gunzipSync, gzipSync } from "node:zlib"
import { Function, Location, Profile, Sample, StringTable, ValueType } from "pprof-format"

const sampleTypes = {
  memory: [
    ["alloc_objects", "count"],
    ["alloc_space", "bytes"],
    ["inuse_objects", "count"],
    ["inuse_space", "bytes"]
  ],
  contention: [["contentions", "count"], ["delay", "nanoseconds"]]
} as const

/** Values by stack: the names of its functions, the innermost first, with a semicolon between them. */
export type ByStack = Readonly<Record<string, ReadonlyArray<number>>>

export class Counts {
  private readonly kind: keyof typeof sampleTypes
  private readonly stacks = new Map<string, Array<number>>()

  constructor(kind: keyof typeof sampleTypes) {
    this.kind = kind
  }

  add(stack: string, ...values: ReadonlyArray<number>): void {
    const known = this.stacks.get(stack) ?? values.map(() => 0)
    this.stacks.set(stack, known.map((value, index) => value + values[index]!))
  }

  /** As a process that has started anew. */
  clear(): void {
    this.stacks.clear()
  }

  /** Those of them that only rise: how often, and how much. */
  get rising(): ByStack {
    return Object.fromEntries(Array.from(this.stacks, ([stack, values]) => [stack, values.slice(0, 2)]))
  }

  /** A pprof, gzipped. */
  profile(): Uint8Array {
    const stringTable = new StringTable()
    const types = sampleTypes[this.kind].map(([type, unit]) =>
      new ValueType({ type: stringTable.dedup(type), unit: stringTable.dedup(unit) })
    )
    const names = [...new Set([...this.stacks.keys()].flatMap((stack) => stack.split(";")))]
    const idOf = new Map(names.map((name, index) => [name, index + 1]))
    return gzipSync(
      new Profile({
        stringTable,
        sampleType: types,
        function: names.map((name) => new Function({ id: idOf.get(name)!, name: stringTable.dedup(name) })),
        location: names.map((name) =>
          new Location({
            id: idOf.get(name)!,
            address: addressOf(name),
            line: [{ functionId: idOf.get(name)!, line: 1 }]
          })
        ),
        sample: Array.from(
          this.stacks,
          ([stack, value]) => new Sample({ locationId: stack.split(";").map((name) => idOf.get(name)!), value })
        ),
        timeNanos: BigInt(Date.now()) * 1_000_000n,
        periodType: types[0]!,
        period: 1
      }).encode()
    )
  }
}

const addresses = new Map<string, number>()

/** The same in every profile, and after a restart, as of one binary. */
const addressOf = (name: string): number => {
  const address = addresses.get(name) ?? 0x400000 + addresses.size * 16
  addresses.set(name, address)
  return address
}

/** What these pprofs, gzipped or not, have together of what Go counts for a stack; where that is nothing, it is left out. */
export const sumOf = (profiles: ReadonlyArray<Uint8Array>): ByStack => {
  const sums: Record<string, Array<number>> = {}
  for (const bytes of profiles) {
    const { function: functions, location, sample, stringTable } = Profile.decode(
      bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
    )
    const names = new Map(functions.map(({ id, name }) => [Number(id), stringTable.strings[Number(name)]!]))
    const functionsAt = new Map(location.map(({ id, line }) => [
      Number(id),
      line.map(({ functionId }) => names.get(Number(functionId))!)
    ]))
    for (const { locationId, value } of sample) {
      const stack = locationId.flatMap((id) => functionsAt.get(Number(id))!).join(";")
      const sum = sums[stack] ??= [0, 0]
      sum.forEach((_, index) => sum[index]! += Number(value[index]))
    }
  }
  return Object.fromEntries(Object.entries(sums).filter(([, values]) => values.some((value) => value !== 0)))
}
