/**
 * Profiles of the process itself for whoever asks for one, gzipped pprof. They take nothing from those that are taken
 * otherwise, and may be empty, where the process has done nothing.
 */
import { Clock, Duration, Effect, type Scope } from "effect"
import * as Compression from "../wire/Compression.ts"
import { Inspector, type InspectorError } from "./Inspector.ts"
import * as V8Profile from "./V8Profile.ts"

export interface OnDemand {
  /** What the main thread does from now on for so long. */
  readonly cpu: (duration: Duration.Duration) => Effect.Effect<Uint8Array, InspectorError>
  /** What is alive of what has been allocated since this was made. V8 collects the garbage first. */
  readonly heap: Effect.Effect<Uint8Array, InspectorError>
}

/** As Go's has it. */
const samplingInterval = Duration.millis(10)
const heapInterval = 512 * 1024

/** Samples what is allocated until the scope closes. */
export const make: Effect.Effect<OnDemand, never, Scope.Scope> = Effect.gen(function*() {
  const connect = yield* Inspector
  const inspector = yield* connect
  // Whoever asks is told what is wrong.
  yield* Effect.ignore(inspector.startHeap(heapInterval))
  return {
    cpu: (duration) =>
      Effect.gen(function*() {
        const own = yield* connect
        yield* own.startCpu(samplingInterval)
        yield* Effect.sleep(duration)
        const profile = yield* own.takeCpu
        const pprof = V8Profile.cpu(profile, yield* Clock.currentTimeNanos, samplingInterval, true)
        return yield* Compression.gzip(pprof!)
      }).pipe(Effect.scoped),
    heap: Effect.gen(function*() {
      const profile = yield* inspector.takeHeap
      const pprof = V8Profile.heap(profile, yield* Clock.currentTimeNanos, heapInterval, true)
      return yield* Compression.gzip(pprof!)
    })
  }
})
