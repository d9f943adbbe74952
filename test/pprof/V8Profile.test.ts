import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import type { HeapProfiler, Profiler, Runtime } from "node:inspector"
import { Profile } from "pprof-format"
import * as V8Profile from "../../src/pprof/V8Profile.ts"

const frame = (functionName: string, url = "", lineNumber = -1, columnNumber = -1): Runtime.CallFrame => ({
  functionName,
  scriptId: "0",
  url,
  lineNumber,
  columnNumber
})

const root = frame("(root)")
const main = frame("main", "file:///app/main.ts", 9)
const work = frame("work", "file:///app/work.ts", 19)

const node = (
  id: number,
  callFrame: Runtime.CallFrame,
  children: ReadonlyArray<number> = []
): Profiler.ProfileNode => ({
  id,
  callFrame,
  hitCount: 0,
  children: [...children]
})

/** What it says, read back: each stack from the leaf, as `name file:line`, and its values. */
const read = (bytes: Uint8Array | undefined) => {
  assert(bytes !== undefined)
  const profile = Profile.decode(bytes)
  const text = (index: number | bigint) => profile.stringTable.strings[Number(index)]
  const functions = new Map(profile.function.map((fn) => [fn.id, fn]))
  const locations = new Map(profile.location.map((location) => [
    location.id,
    location.line.map(({ functionId, line }) => {
      const fn = functions.get(functionId)!
      return `${text(fn.name)} ${text(fn.filename)}:${line}`
    }).join()
  ]))
  return {
    types: profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    period: `${profile.period} ${text(profile.periodType!.type)}/${text(profile.periodType!.unit)}`,
    time: BigInt(profile.timeNanos),
    duration: BigInt(profile.durationNanos),
    samples: profile.sample.map(({ locationId, value }) => [
      locationId.map((id) => locations.get(id)),
      value.map(Number)
    ]),
    functions: functions.size
  }
}

describe("V8Profile", () => {
  const interval = Duration.millis(10)
  const now = 1_700_000_000_000_000_000n

  const cpu = (overrides: Partial<Profiler.Profile>) =>
    read(V8Profile.cpu(
      {
        nodes: [
          node(1, root, [2, 4, 5, 6]),
          node(2, main, [3]),
          node(3, work),
          node(4, frame("(idle)")),
          node(5, frame("(program)")),
          node(6, work)
        ],
        startTime: 5_000_000,
        endTime: 20_000_000,
        samples: [],
        timeDeltas: [],
        ...overrides
      },
      now,
      interval
    ))

  it("counts the samples of each stack, and the time to each from the one before", () => {
    const profile = cpu({
      samples: [3, 2, 3, 5, 6],
      timeDeltas: [1000, 10_000, 10_500, 9000, 7]
    })
    assert.deepStrictEqual(profile.types, ["samples/count", "cpu/nanoseconds"])
    assert.deepStrictEqual(profile.samples, [
      [["main /app/main.ts:10"], [1, 10_000_000]],
      [["work /app/work.ts:20", "main /app/main.ts:10"], [2, 11_500_000]],
      [["(program) :0"], [1, 9_000_000]],
      [["work /app/work.ts:20"], [1, 7000]]
    ])
    assert.strictEqual(profile.functions, 3)
  })

  it("says the period, the duration and when it began", () => {
    const profile = cpu({ samples: [2], timeDeltas: [1] })
    assert.strictEqual(profile.period, "10000000 cpu/nanoseconds")
    assert.strictEqual(profile.duration, 15_000_000_000n)
    assert.strictEqual(profile.time, now - 15_000_000_000n)
  })

  it("is no profile when there was nothing to do", () => {
    const profile = { nodes: [node(1, root, [2]), node(2, frame("(idle)"))], startTime: 0, endTime: 1 }
    assert.isUndefined(V8Profile.cpu({ ...profile, samples: [2], timeDeltas: [1] }, now, interval))
  })

  it("leaves out the time in which there was nothing to do", () => {
    assert.deepStrictEqual(cpu({ samples: [4, 2, 4], timeDeltas: [5, 6, 7] }).samples, [
      [["main /app/main.ts:10"], [1, 6000]]
    ])
  })

  it("counts no negative time when samples are out of order", () => {
    assert.deepStrictEqual(cpu({ samples: [2, 2], timeDeltas: [8, -3] }).samples, [
      [["main /app/main.ts:10"], [2, 8000]]
    ])
  })

  it("tells functions without a name by their place", () => {
    const nameless = (url: string, line: number) => frame("", url, line)
    const profile = cpu({
      nodes: [
        node(1, root, [2]),
        node(2, nameless("file:///app/main.ts", 4), [3]),
        node(3, nameless("node:internal/timers", 6), [4]),
        node(4, nameless("", 0))
      ],
      samples: [4],
      timeDeltas: [1]
    })
    assert.deepStrictEqual(profile.samples, [[
      ["(anonymous) :1", "(anonymous) timers:7 node:internal/timers:7", "(anonymous) main.ts:5 /app/main.ts:5"],
      [1, 1000]
    ]])
  })

  it("tells what is alive by where it was allocated", () => {
    const allocated = (
      id: number,
      callFrame: Runtime.CallFrame,
      selfSize: number,
      children: Array<HeapProfiler.SamplingHeapProfileNode> = []
    ) => ({ id, callFrame, selfSize, children })
    const profile = read(V8Profile.heap(
      {
        head: allocated(1, root, 0, [
          allocated(2, main, 0, [allocated(3, work, 524_288), allocated(4, frame("push"), 1_048_600)]),
          allocated(5, work, 7)
        ])
      },
      now,
      524_288
    ))
    assert.deepStrictEqual(profile, {
      types: ["inuse_space/bytes"],
      period: "524288 space/bytes",
      time: now,
      duration: 0n,
      samples: [
        [["work /app/work.ts:20", "main /app/main.ts:10"], [524_288]],
        [["push :0", "main /app/main.ts:10"], [1_048_600]],
        [["work /app/work.ts:20"], [7]]
      ],
      functions: 3
    })
  })
})
