/**
 * Metrics of the process itself. They are read when somebody looks; only the event loop and the garbage collector are
 * watched in between, by Node.
 */
import { Effect, Option, type Scope } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { constants, monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks"
import { getHeapStatistics } from "node:v8"
import * as Counter from "../telemetry/Counter.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Series from "../telemetry/Series.ts"

/** Shows them until the scope closes. */
export const observe: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function*() {
  yield* usage
  if (process.platform === "linux") yield* ofLinux
  yield* heap
  yield* eventLoop
  yield* garbage
  const [major = "", minor = "", patch = ""] = process.versions.node.split(".")
  yield* Gauge.observe(Metrics.nodeVersion({ version: process.version, major, minor, patch }), () => 1)
})

/** The same for all metrics of one look, which are read in one turn. */
const perLook = <A>(read: () => A, looked: () => void = () => {}): () => A => {
  let known: Option.Option<A> = Option.none()
  return () => {
    if (Option.isSome(known)) return known.value
    const value = read()
    known = Option.some(value)
    queueMicrotask(() => {
      known = Option.none()
      looked()
    })
    return value
  }
}

const usage = Effect.gen(function*() {
  const cpu = perLook(() => process.cpuUsage())
  yield* Counter.observe(Metrics.processCpuUserSeconds, () => cpu().user / 1e6)
  yield* Counter.observe(Metrics.processCpuSystemSeconds, () => cpu().system / 1e6)
  yield* Counter.observe(Metrics.processCpuSeconds, () => (cpu().user + cpu().system) / 1e6)
  const started = Math.round(performance.timeOrigin) / 1000
  yield* Gauge.observe(Metrics.processStartTime, () => started)
  yield* Gauge.observe(Metrics.processResidentMemory, () => process.memoryUsage.rss())
})

/** What /proc tells; see proc(5). What cannot be read is not a number. */
const ofLinux = Effect.gen(function*() {
  const read = <A>(what: () => A): A | undefined => Option.getOrUndefined(Option.liftThrowable(what)())
  const numberIn = (file: string, pattern: RegExp): number =>
    Number(read(() => readFileSync(`/proc/self/${file}`, "latin1"))?.match(pattern)?.[1])
  yield* Gauge.observe(Metrics.processVirtualMemory, () => 1024 * numberIn("status", /^VmSize:\s+(\d+) kB/m))
  // One of them is the directory that is read.
  yield* Gauge.observe(Metrics.processOpenFds, () => (read(() => readdirSync("/proc/self/fd"))?.length ?? NaN) - 1)
  yield* Gauge.observe(Metrics.processMaxFds, () => numberIn("limits", /^Max open files\s+(\d+)/m))
})

const heap = Effect.gen(function*() {
  const statistics = perLook(getHeapStatistics)
  yield* Gauge.observe(Metrics.nodeHeapTotal, () => statistics().total_heap_size)
  yield* Gauge.observe(Metrics.nodeHeapUsed, () => statistics().used_heap_size)
  yield* Gauge.observe(Metrics.nodeHeapLimit, () => statistics().heap_size_limit)
  yield* Gauge.observe(Metrics.nodeExternalMemory, () => statistics().external_memory)
})

/** How often the event loop is asked whether it is late, in milliseconds. Asking is most of what an idle process does. */
const resolution = 100

const eventLoop = Effect.gen(function*() {
  const delay = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const delay = monitorEventLoopDelay({ resolution })
      delay.enable()
      return delay
    }),
    (delay) => Effect.sync(() => delay.disable())
  )
  // What is measured is the time from one asking to the next.
  const late = (nanos: number): number => delay.count === 0 ? 0 : Math.max(0, nanos / 1e6 - resolution) / 1000
  const statistics = perLook(
    () => ({
      min: late(delay.min),
      max: late(delay.max),
      mean: late(delay.mean),
      stddev: delay.count === 0 ? 0 : delay.stddev / 1e9,
      p50: late(delay.percentile(50)),
      p90: late(delay.percentile(90)),
      p99: late(delay.percentile(99))
    }),
    () => delay.reset()
  )
  for (const statistic of ["min", "max", "mean", "stddev", "p50", "p90", "p99"] as const) {
    yield* Gauge.observe(Metrics.eventLoopLags[statistic], () => statistics()[statistic])
  }
  let lag = 0
  yield* Gauge.observe(Metrics.eventLoopLag, () => {
    const asked = performance.now()
    setImmediate(() => {
      lag = (performance.now() - asked) / 1000
    })
    return lag
  })
})

const kinds: ReadonlyArray<readonly [kind: string, flag: number]> = [
  ["minor", constants.NODE_PERFORMANCE_GC_MINOR],
  ["major", constants.NODE_PERFORMANCE_GC_MAJOR],
  ["incremental", constants.NODE_PERFORMANCE_GC_INCREMENTAL],
  ["weakcb", constants.NODE_PERFORMANCE_GC_WEAKCB]
]

/** In milliseconds. */
interface Collection {
  readonly duration: number
  readonly detail: { readonly kind: number }
}

const garbage = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const hold = yield* Series.holder
  const durations = new Map(kinds.map(([kind, flag]) => [flag, hold(Metrics.gcDuration({ kind }))]))
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const observer = new PerformanceObserver((collections) => {
        for (const { detail, duration } of collections.getEntries() as unknown as ReadonlyArray<Collection>) {
          durations.get(detail.kind)?.updateUnsafe(duration / 1000, context)
        }
      })
      observer.observe({ entryTypes: ["gc"] })
      return observer
    }),
    (observer) => Effect.sync(() => observer.disconnect())
  )
})
