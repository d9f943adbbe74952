/**
 * `pyroduct.self_profile`: profiles of the engine's own process, taken by V8 itself.
 *
 * - `process_cpu`, with `samples/count` and `cpu/nanoseconds`: what the main thread does, without gaps.
 * - `memory`, with `inuse_space/bytes`: what is alive of all that was allocated since the component started. V8 collects
 *   the garbage before it tells.
 */
import { Clock, Duration, Effect, Layer, Result, Schema } from "effect"
import * as Receiver from "../../delivery/Receiver.ts"
import { make } from "../../engine/Arguments.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as V8Profile from "../../pprof/V8Profile.ts"
import * as Labels from "../../profile/Labels.ts"
import * as Profile from "../../profile/Profile.ts"
import * as Outages from "../../telemetry/Outages.ts"
import * as Compression from "../../wire/Compression.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"
import { Inspector, type InspectorError } from "./Inspector.ts"

/** What no receiver would take, or what is set elsewhere, is better found at once. */
const acceptable = Schema.makeFilter((labels: Readonly<Record<string, string>>) => {
  const checked = Labels.fromPairs([...Object.entries(labels), ["__name__", "memory"], ["service_name", "pyroduct"]])
  return Result.isFailure(checked) ? `must be labels: ${checked.failure.message}` : undefined
})

export const Arguments = Schema.Struct({
  forward_to: Receivers.Argument,
  interval: Decode.withDefault(Decode.Duration.check(Limits.lasting(Duration.seconds(1))), Duration.seconds(15)),
  service_name: Decode.withDefault(Decode.String, "pyroduct"),
  labels: Decode.withDefault(Decode.map(Decode.String).check(acceptable), {}),
  cpu: Decode.withDefault(Decode.Bool, true),
  heap: Decode.withDefault(Decode.Bool, true),
  /** Of the CPU profile. */
  sampling_interval: Decode.withDefault(Decode.Duration.check(Limits.lasting(Duration.millis(1))), Duration.millis(10))
})
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

/** Bytes of allocations to a sample: fine enough for an engine's heap, and hardly felt. */
const heapInterval = 512 * 1024

/** Something to take profiles of, again and again. */
interface Source {
  /** The `__name__` of its profiles. */
  readonly name: string
  readonly start: Effect.Effect<void, InspectorError>
  /** A pprof of what there is so far, if there is anything. */
  readonly take: Effect.Effect<Uint8Array | undefined, InspectorError>
}

const cpuOf = (inspector: Inspector, interval: Duration.Duration): Source => ({
  name: "process_cpu",
  start: inspector.startCpu(interval),
  take: Effect.zipWith(
    inspector.takeCpu,
    Clock.currentTimeNanos,
    (profile, now) => V8Profile.cpu(profile, now, interval)
  )
})

const heapOf = (inspector: Inspector): Source => ({
  name: "memory",
  start: inspector.startHeap(heapInterval),
  take: Effect.zipWith(
    inspector.takeHeap,
    Clock.currentTimeNanos,
    (profile, now) => V8Profile.heap(profile, now, heapInterval)
  )
})

/** Profiles until its scope closes. */
export const layer = (options: Options): Layer.Layer<never, Schema.SchemaError> =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const args = yield* make(Arguments, options)
      const connect = yield* Inspector
      const inspector = yield* connect
      const run = yield* makeRun(args)
      if (args.cpu) yield* run(cpuOf(inspector, args.sampling_interval))
      if (args.heap) yield* run(heapOf(inspector))
    })
  )

/** Starts a source in the background. What fails is tried again at the next interval. */
const makeRun = Effect.fnUntraced(function*(args: Arguments) {
  const outages = yield* Outages.make
  const receiver = Receiver.all(args.forward_to)

  return Effect.fnUntraced(function*({ name, start, take }: Source) {
    const outage = `cannot take ${name} profiles`
    const failed = ({ message }: InspectorError) => outages.begin(outage, message)
    const labels = Labels.make({
      pyroscope_spy: "nodespy",
      ...args.labels,
      service_name: args.service_name,
      __name__: name
    })
    const forward = Effect.fnUntraced(function*(pprof: Uint8Array | undefined) {
      if (pprof === undefined) return
      const profile = yield* Compression.gzip(pprof)
      yield* receiver.push(Profile.series(labels, [{ id: "", profile }]))
    })
    const turn = take.pipe(
      Effect.tapError(() => Effect.ignore(start)),
      Effect.tap(() => outages.end(outage)),
      Effect.flatMap(forward),
      Effect.catchTags({
        InspectorError: failed,
        Refused: (error) =>
          Effect.logWarning("profile refused").pipe(Effect.annotateLogs({ profile: name, err: error.message }))
      })
    )
    yield* Effect.catch(start, failed)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(args.interval), turn)))
  })
})

export const component: Component<Arguments, never, Schema.SchemaError> = {
  name: "pyroduct.self_profile",
  arguments: Arguments,
  exports: {},
  layer
}
