/**
 * Profiles of V8 as pprof; `undefined` where there is nothing in them, unless they are wanted nevertheless.
 *
 * A function is told by name, file and line; one without a name is called `(anonymous) <file>:<line>`, without the
 * file's folders. The files of `file://` scripts are paths. What V8 does besides running functions is one as well:
 * `(program)`, `(garbage collector)`.
 */
import { Duration } from "effect"
import type { HeapProfiler, Profiler, Runtime } from "node:inspector"
import {
  Function,
  Location,
  Profile,
  type ProfileInput,
  Sample,
  type SampleInput,
  StringTable,
  ValueType
} from "pprof-format"

/**
 * A CPU profile with the sample types `samples/count` and `cpu/nanoseconds`, by default the last.
 *
 * V8 samples the main thread by the wall clock, and says when the thread had nothing to do. Here that is left out. What
 * remains is the CPU time of the main thread, besides what it waited for in synchronous system calls or for a processor.
 *
 * `until`, in nanoseconds since the epoch, is when the profile ended; `interval` is the time from sample to sample.
 */
export const cpu = (
  profile: Profiler.Profile,
  until: bigint,
  interval: Duration.Duration,
  mayBeEmpty = false
): Uint8Array | undefined => {
  const parents = new Map<number, Profiler.ProfileNode>()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node)
  const hits = new Map<number, number>()
  const micros = new Map<number, number>()
  profile.samples?.forEach((id, index) => {
    hits.set(id, (hits.get(id) ?? 0) + 1)
    // Samples may be out of order, and then their distance is negative.
    micros.set(id, (micros.get(id) ?? 0) + Math.max(0, profile.timeDeltas?.[index] ?? 0))
  })
  const pprof = builder(mayBeEmpty)
  for (const node of profile.nodes) {
    const count = hits.get(node.id)
    if (count === undefined || node.callFrame.functionName === "(idle)") continue
    const stack: Array<Runtime.CallFrame> = []
    for (let at: Profiler.ProfileNode | undefined = node; at !== undefined; at = parents.get(at.id)) {
      stack.push(at.callFrame)
    }
    pprof.add(stack, [count, (micros.get(node.id) ?? 0) * 1000])
  }
  const duration = BigInt(Math.round((profile.endTime - profile.startTime) * 1000))
  const time = pprof.type("cpu", "nanoseconds")
  return pprof.encode({
    sampleType: [pprof.type("samples", "count"), time],
    periodType: time,
    period: Duration.toNanosUnsafe(interval),
    timeNanos: until - duration,
    durationNanos: duration
  })
}

/**
 * A heap profile with the sample type `inuse_space/bytes`: an estimate of what is alive of all that was allocated since
 * sampling began. V8 does not tell how many objects that is.
 *
 * `at`, in nanoseconds since the epoch, is when the profile was taken; of each `intervalBytes` bytes one was sampled.
 */
export const heap = (
  profile: HeapProfiler.SamplingHeapProfile,
  at: bigint,
  intervalBytes: number,
  mayBeEmpty = false
): Uint8Array | undefined => {
  const pprof = builder(mayBeEmpty)
  const visit = (node: HeapProfiler.SamplingHeapProfileNode, callers: ReadonlyArray<Runtime.CallFrame>): void => {
    const stack = [node.callFrame, ...callers]
    if (node.selfSize > 0) pprof.add(stack, [node.selfSize])
    for (const child of node.children) visit(child, stack)
  }
  visit(profile.head, [])
  return pprof.encode({
    sampleType: [pprof.type("inuse_space", "bytes")],
    periodType: pprof.type("space", "bytes"),
    period: intervalBytes,
    timeNanos: at
  })
}

const builder = (mayBeEmpty: boolean) => {
  const stringTable = new StringTable()
  const ids = new Map<string, number>()
  const functions: Array<Function> = []
  const locations: Array<Location> = []
  const samples: Array<SampleInput> = []

  /** Functions have one location each, with the function's id. */
  const locate = (frame: Runtime.CallFrame): number => {
    const filename = frame.url.replace(/^file:\/\//, "")
    // V8 counts from 0, and says -1 of what has no source.
    const line = frame.lineNumber + 1
    const name = frame.functionName || anonymous(filename, line)
    const key = `${name}\n${filename}\n${line}`
    const known = ids.get(key)
    if (known !== undefined) return known
    const id = ids.size + 1
    ids.set(key, id)
    functions.push(
      new Function({ id, name: stringTable.dedup(name), filename: stringTable.dedup(filename), startLine: line })
    )
    locations.push(new Location({ id, line: [{ functionId: id, line }] }))
    return id
  }

  return {
    type: (type: string, unit: string) =>
      new ValueType({ type: stringTable.dedup(type), unit: stringTable.dedup(unit) }),
    /** A stack from the innermost frame to V8's root, which is not shown. */
    add: (stack: ReadonlyArray<Runtime.CallFrame>, value: Array<number>): void => {
      samples.push(new Sample({ locationId: stack.slice(0, -1).map(locate), value }))
    },
    encode: (head: Omit<ProfileInput, "stringTable" | "sample" | "function" | "location">): Uint8Array | undefined =>
      samples.length === 0 && !mayBeEmpty
        ? undefined
        : new Profile({ ...head, stringTable, sample: samples, function: functions, location: locations }).encode()
  }
}

const anonymous = (filename: string, line: number): string =>
  filename === "" ? "(anonymous)" : `(anonymous) ${filename.slice(filename.lastIndexOf("/") + 1)}:${line}`
