/**
 * What a target has done since it was last asked: the difference of two profiles whose counters only rise, as Go's of
 * allocations, of blocking and of mutexes do. Storage adds up what it is sent: such profiles must not be sent as they
 * are.
 *
 * It is computed on the bytes of a pprof, which are not decoded to objects, and of the last profile only a table of its
 * counters is kept. Counters are those of a stack and its labels: all samples that have these are added up. Which
 * stacks are the same does not depend on ids or on the order of tables, which differ from one profile to the next, but on
 * the addresses of their locations, of which no two mappings have the same; at a location without an address, on
 * functions, files and lines.
 *
 * Pure, and done at once: a megabyte takes some milliseconds.
 *
 * The format: https://github.com/google/pprof/blob/main/proto/profile.proto
 */
import { Result, Schema } from "effect"
import { Digest } from "./delta/Digest.ts"
import { TooMany } from "./delta/Limits.ts"
import * as Remainder from "./delta/Remainder.ts"
import { Stacks } from "./delta/Stacks.ts"
import { Tables, type ValueType } from "./delta/Tables.ts"

/** The counters of a profile: a table, which is never changed. Nothing of the profile's bytes is held. */
export interface Baseline {
  /** What is held, to report it. */
  readonly byteLength: number
  /** How many stacks there are. */
  readonly stacks: number
  /** 0 if the profile has none. */
  readonly timeNanos: bigint
  /** A digest of what is counted: of the sample types and the period. */
  readonly counted: Int32Array
  /** A digest for each stack. */
  readonly keys: Int32Array
  /** For each stack the counters, each as two words, the low one first. */
  readonly counters: Int32Array
}

/**
 * Why two profiles have no difference: the clock went back, a counter fell, a stack with counters is gone, or other
 * things are counted, or with another period.
 */
export type Why = "TimeWentBack" | "CounterFell" | "StackGone" | "CountsOther"

/** What comes of one more profile. */
export type Step =
  /** There was nothing to subtract. Nothing is to be sent. */
  | { readonly _tag: "First"; readonly baseline: Baseline }
  /** The target is not the one that it was. Nothing is to be sent. */
  | { readonly _tag: "Restarted"; readonly baseline: Baseline; readonly why: Why }
  /** The difference has no samples. Nothing is to be sent. */
  | { readonly _tag: "Unchanged"; readonly baseline: Baseline }
  /** The difference, as a pprof that is not gzipped. */
  | { readonly _tag: "Delta"; readonly baseline: Baseline; readonly profile: Uint8Array }
  /** Nothing in it only rises: it says how things are, as that of Node's heap does. It is to be sent as it is. */
  | { readonly _tag: "NotCumulative" }

/** The profile is of no use, and the baseline before it is as good for the next one. */
export class DeltaError extends Schema.TaggedError<DeltaError>()("DeltaError", {
  reason: Schema.Union([
    Schema.TaggedStruct("Malformed", { detail: Schema.String }),
    Schema.TaggedStruct("TooMany", {
      what: Schema.Literals(["stacks", "sample types", "samples", "locations", "functions", "strings", "bytes"]),
      limit: Schema.Natural
    })
  ])
}) {
  override get message(): string {
    return this.reason._tag === "Malformed"
      ? `not a pprof: ${this.reason.detail}`
      : `pprof too large for a delta: more than ${this.reason.limit} ${this.reason.what}`
  }
}

/** By default what is held of a profile has at most these bytes: half a million stacks, of two counters each. */
export const limits = { maxBaselineBytes: 16 * 1024 * 1024 }

/**
 * Subtracts from a profile, not gzipped, what is known of the one before. The result has the baseline for the next one.
 *
 * Where a difference was not delivered, take the same `previous` again: the next difference then has both.
 */
export const step = (
  previous: Baseline | undefined,
  profile: Uint8Array,
  { maxBaselineBytes } = limits
): Result.Result<Step, DeltaError> =>
  Result.try({
    try: () => subtract(previous, profile, maxBaselineBytes),
    catch: (cause) =>
      new DeltaError({
        reason: cause instanceof TooMany
          ? { _tag: "TooMany", what: cause.what, limit: cause.limit }
          : { _tag: "Malformed", detail: String(cause instanceof Error ? cause.message : cause) }
      })
  })

const subtract = (previous: Baseline | undefined, profile: Uint8Array, maxBaselineBytes: number): Step => {
  const tables = new Tables(profile)
  const counters = countersOf(tables)
  if (counters.length === 0) return { _tag: "NotCumulative" }
  const stacks = new Stacks(tables, Math.floor(maxBaselineBytes / (16 + 8 * counters.length)))
  const baseline = baselineOf(tables, stacks, counters)
  if (previous === undefined) return { _tag: "First", baseline }
  const why = restarted(previous, baseline) ?? subtractFrom(stacks, counters, previous)
  if (why !== undefined) return { _tag: "Restarted", baseline, why }
  if (!stacks.some) return { _tag: "Unchanged", baseline }
  const { timeNanos } = tables
  // 0 is not known. So it is where one of them has no time: the profile's own duration would not be the difference's.
  const durationNanos = timeNanos === 0n || previous.timeNanos === 0n ? 0n : timeNanos - previous.timeNanos
  return { _tag: "Delta", baseline, profile: Remainder.write(tables, stacks, { timeNanos, durationNanos }) }
}

/** The types and units of what only rises. */
const cumulative = new Set(["alloc_objects count", "alloc_space bytes", "contentions count", "delay nanoseconds"])

/** Which columns of the values are counters. */
const countersOf = (tables: Tables): ReadonlyArray<number> => {
  const name = ({ type, unit }: ValueType) => `${tables.strings.text(type)} ${tables.strings.text(unit)}`
  return tables.sampleTypes.flatMap((type, column) => cumulative.has(name(type)) ? [column] : [])
}

const baselineOf = (tables: Tables, stacks: Stacks, columns: ReadonlyArray<number>): Baseline => {
  const counted = digestCounted(tables)
  const keys = stacks.keys.slice(0, 4 * stacks.count)
  const counters = new Int32Array(2 * columns.length * stacks.count)
  let to = 0
  for (let index = 0; index < stacks.count; index++) {
    for (const column of columns) {
      const from = 2 * (stacks.columns * index + column)
      counters[to++] = stacks.values[from]!
      counters[to++] = stacks.values[from + 1]!
    }
  }
  const byteLength = counted.byteLength + keys.byteLength + counters.byteLength
  return { byteLength, stacks: stacks.count, timeNanos: tables.timeNanos, counted, keys, counters }
}

/** A heap's counters are scaled by its period, so that they cannot be compared with those of another. */
const digestCounted = (tables: Tables): Int32Array => {
  const digest = new Digest()
  digest.start()
  for (const { type, unit } of [tables.periodType, ...tables.sampleTypes]) {
    tables.strings.digest(digest, type)
    tables.strings.digest(digest, unit)
  }
  digest.word(Number(BigInt.asIntN(32, tables.period)))
  digest.word(Number(BigInt.asIntN(32, tables.period >> 32n)))
  digest.end()
  const counted = new Int32Array(4)
  digest.put(counted, 0)
  return counted
}

const restarted = (previous: Baseline, baseline: Baseline): Why | undefined => {
  if (previous.counted.some((word, index) => word !== baseline.counted[index])) return "CountsOther"
  const { timeNanos } = baseline
  return timeNanos !== 0n && timeNanos < previous.timeNanos ? "TimeWentBack" : undefined
}

/**
 * Subtracts the counters of `previous`, unless one has fallen.
 *
 * A stack that is gone has fallen too. Go never forgets one: the target is another process. Were it only skipped, a
 * process that had overtaken its predecessor in all that they have in common would not be noticed; and if the stack
 * came back, all of it would be counted again.
 */
const subtractFrom = (stacks: Stacks, columns: ReadonlyArray<number>, previous: Baseline): Why | undefined => {
  const { counters, keys } = previous
  const { values } = stacks
  let from = 0
  for (let old = 0; old < previous.stacks; old++) {
    const index = stacks.indexOf(keys, old)
    for (const column of columns) {
      const lo = counters[from++]!
      const hi = counters[from++]!
      if (index < 0) {
        if ((lo | hi) !== 0) return "StackGone"
        continue
      }
      const at = 2 * (stacks.columns * index + column)
      const borrow = values[at]! >>> 0 < lo >>> 0 ? 1 : 0
      if (values[at + 1]! < hi || (values[at + 1] === hi && borrow === 1)) return "CounterFell"
      values[at] = values[at]! - lo
      values[at + 1] = values[at + 1]! - hi - borrow
    }
  }
  return undefined
}
