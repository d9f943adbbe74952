/**
 * Profiles made to measure, and the same ones from the same seed.
 */
import * as Zlib from "node:zlib"
import { Function, Location, Profile, Sample, StringTable, ValueType } from "pprof-format"

export interface Options {
  readonly seed?: number
  readonly samples?: number
  readonly functions?: number
  /** Pairs of type and unit. */
  readonly sampleTypes?: ReadonlyArray<readonly [type: string, unit: string]>
  /** Bytes before compression, met to within one by padding; what is larger without padding stays as it is. */
  readonly size?: number
  readonly gzip?: boolean
  readonly timeNanos?: bigint
}

/** A pprof whose functions are called `main.f0`, `main.f1` and so on, in stacks and with values made up by chance. */
export const makePprof = (options: Options = {}): Uint8Array<ArrayBuffer> => {
  const { gzip = false, size = 0 } = options
  const missing = size - build(options, 0).length
  // The padding costs some bytes besides its text: how many is seen when it is there.
  const overhead = missing > 0 ? build(options, missing).length - size : 0
  const raw = build(options, Math.max(0, missing - overhead)).encode()
  return new Uint8Array(gzip ? Zlib.gzipSync(raw) : raw)
}

const build = (options: Options, padding: number): Profile => {
  const {
    functions = 50,
    sampleTypes = [["samples", "count"], ["cpu", "nanoseconds"]],
    samples = 100,
    seed = 1,
    timeNanos = 1_700_000_000_000_000_000n
  } = options
  const below = random(seed)
  const stringTable = new StringTable()
  const types = sampleTypes.map(([type, unit]) =>
    new ValueType({ type: stringTable.dedup(type), unit: stringTable.dedup(unit) })
  )
  const ids = Array.from({ length: functions }, (_, index) => index + 1)
  const filename = stringTable.dedup("main.go")
  return new Profile({
    stringTable,
    sampleType: types,
    function: ids.map((id) => new Function({ id, name: stringTable.dedup(`main.f${id - 1}`), filename })),
    location: ids.map((id) =>
      new Location({ id, address: 0x400000 + id * 16, line: [{ functionId: id, line: 1 + below(500) }] })
    ),
    sample: Array.from({ length: samples }, () =>
      new Sample({
        locationId: Array.from({ length: 1 + below(20) }, () => 1 + below(functions)),
        value: types.map(() => 1 + below(1_000_000))
      })),
    timeNanos,
    durationNanos: 10_000_000_000n,
    periodType: types.at(-1)!,
    period: 10_000_000n,
    comment: padding === 0
      ? []
      : [stringTable.dedup(Array.from({ length: padding }, () => below(36).toString(36)).join(""))]
  })
}

/** A linear congruential generator: whole numbers from 0 to below `limit`. */
export const random = (seed: number): (limit: number) => number => {
  let state = seed >>> 0
  return (limit) => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0
    return Math.floor(state / 2 ** 32 * limit)
  }
}
