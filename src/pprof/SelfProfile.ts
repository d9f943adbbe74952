/**
 * Profiles of the process itself, taken by V8, as a Stream.
 *
 * - `process_cpu`, with `samples/count` and `cpu/nanoseconds`: what the main thread does, without gaps.
 * - `memory`, with `inuse_space/bytes`: what is alive of all that was allocated since the start. V8 collects the garbage
 *   before it tells.
 *
 * An interval is not lost because it is cut short. A stream that is interrupted can give nothing any more, so this one is
 * told to end: `until` is over, it takes one last profile of each kind, and is done. The Layer does so when its scope
 * closes, and has closed once the receiver has those too. A receiver that the Layer is provided with closes after it.
 */
import { Clock, Duration, Effect, Fiber, Latch, Layer, Predicate, Result, type Scope, Stream } from "effect"
import { type InvalidOptions, read } from "../delivery/Options.ts"
import * as Receipt from "../delivery/Receipt.ts"
import * as Receiver from "../delivery/Receiver.ts"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Outages from "../telemetry/Outages.ts"
import * as Compression from "../wire/Compression.ts"
import { Inspector, type InspectorError } from "./Inspector.ts"
import * as V8Profile from "./V8Profile.ts"

/** How the process is profiled. */
export interface Options {
  /** From one profile of a kind to the next; at least a second. Default: 15 seconds. */
  readonly interval?: Duration.Input
  /** The label `service_name`. Default: `pyroduct`. */
  readonly serviceName?: string
  /** Further labels; `__name__` and `service_name` are not for them. Default: none. */
  readonly labels?: Readonly<Record<string, string>>
  /** Whether there are CPU profiles. Default: true. */
  readonly cpu?: boolean
  /** Whether there are heap profiles. Default: true. */
  readonly heap?: boolean
  /** From one sample of a CPU profile to the next; at least a millisecond. Default: 10 millis. */
  readonly samplingInterval?: Duration.Input
}

/** Options with every default filled in. */
export interface Settings {
  /** From one profile of a kind to the next. */
  readonly interval: Duration.Duration
  /** The label `service_name`. */
  readonly serviceName: string
  /** Further labels. */
  readonly labels: Readonly<Record<string, string>>
  /** Whether there are CPU profiles. */
  readonly cpu: boolean
  /** Whether there are heap profiles. */
  readonly heap: boolean
  /** From one sample of a CPU profile to the next. */
  readonly samplingInterval: Duration.Duration
}

/** What is not written about it. */
export const defaults: Settings = {
  interval: Duration.seconds(15),
  serviceName: "pyroduct",
  labels: {},
  cpu: true,
  heap: true,
  samplingInterval: Duration.millis(10)
}

/**
 * The least that an option may be.
 *
 * @internal
 */
export const minimum = { interval: Duration.seconds(1), samplingInterval: Duration.millis(1) }

/**
 * Why these cannot be the `labels`: no receiver would take them, or what they set is set elsewhere.
 *
 * @internal
 */
export const mistakeIn = (labels: Readonly<Record<string, string>>): Labels.LabelError | undefined => {
  const checked = Labels.fromPairs([...Object.entries(labels), ["__name__", "memory"], ["service_name", "pyroduct"]])
  return Result.isFailure(checked) ? checked.failure : undefined
}

const settingsOf = (options: Options): Result.Result<Settings, InvalidOptions> =>
  read("self-profiling", ({ duration, problem }) => {
    const lasting = (option: "interval" | "samplingInterval"): Duration.Duration =>
      duration(option, options[option], defaults[option], minimum[option])
    const settings = {
      ...defaults,
      ...options,
      interval: lasting("interval"),
      samplingInterval: lasting("samplingInterval")
    }
    const mistake = mistakeIn(settings.labels)
    if (mistake !== undefined) problem("labels", `must be labels: ${mistake.message}`)
    return settings
  })

/**
 * CPU and heap profiles, each gzipped and with its labels, in one stream. A kind is first taken an interval after the
 * start; where there is nothing to show, as of a process that was idle, there is no profile.
 *
 * While V8 refuses, that kind of profile is missing: it is logged when it begins and when it is over, and tried again
 * after every interval. So nothing fails but options that cannot be.
 *
 * When `until` is over, the stream gives what there is since the last profiles, and ends. Without it the stream goes on
 * until it is interrupted, and what was sampled in the interval that has begun is lost then.
 */
export const profiles = (
  options: Options = {},
  until: Effect.Effect<unknown> = Effect.never
): Stream.Stream<Profile.Profile, InvalidOptions> =>
  Stream.unwrap(
    Effect.flatMap(Effect.fromResult(settingsOf(options)), (settings) => start(settings, until))
  )

/** How long a closing Layer waits for its receiver to take the last profiles. A push may take up to a second. */
const closingTimeout = Duration.seconds(3)

/**
 * Profiles the process into the receiver from when the Layer is built until its scope closes, and pushes the interval
 * that was cut short before it has closed, for at most 3 seconds. What the receiver refuses is logged and lost; the
 * profiling goes on.
 *
 * ```ts
 * SelfProfile.layer({ serviceName: "shop" }).pipe(Layer.provide(SomeReceiver))
 * ```
 */
export const layer = (options: Options = {}): Layer.Layer<never, InvalidOptions, Receiver.Receiver> =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const settings = yield* Effect.fromResult(settingsOf(options))
      const receiver = yield* Receiver.Receiver
      const closing = yield* Latch.make()
      const profiles = yield* start(settings, closing.await)
      const running = yield* Effect.forkScoped(Stream.run(profiles, undaunted(receiver).sink), {
        startImmediately: true
      })
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          closing.open,
          Effect.timeoutOrElse(Effect.interruptible(Fiber.await(running)), {
            duration: closingTimeout,
            orElse: () => Effect.logWarning("the last profiles were not taken in time")
          })
        )
      )
    })
  )

/** A receiver that a refusal does not stop. */
const undaunted = (receiver: Receiver.Receiver): Receiver.Receiver =>
  Receiver.make((profile) =>
    Effect.catchTag(receiver.push(profile), "Refused", (error) =>
      Effect.logWarning("profile refused").pipe(
        Effect.annotateLogs({ profile: Labels.get(profile.labels, "__name__"), err: error.message }),
        Effect.as(Receipt.none)
      ))
  )

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

/** Bytes of allocations to a sample: fine enough for an engine's heap, and hardly felt. */
const heapInterval = 512 * 1024

const heapOf = (inspector: Inspector): Source => ({
  name: "memory",
  start: inspector.startHeap(heapInterval),
  take: Effect.zipWith(
    inspector.takeHeap,
    Clock.currentTimeNanos,
    (profile, now) => V8Profile.heap(profile, now, heapInterval)
  )
})

/** Has V8 begun before anybody pulls, so that nothing is missed of what comes next. */
const start = Effect.fnUntraced(function*(
  settings: Settings,
  until: Effect.Effect<unknown>
): Effect.fn.Return<Stream.Stream<Profile.Profile>, never, Scope.Scope> {
  const connect = yield* Inspector
  const inspector = yield* connect
  const outages = yield* Outages.make
  const streams: Array<Stream.Stream<Profile.Profile>> = []
  if (settings.cpu) streams.push(yield* run(cpuOf(inspector, settings.samplingInterval), settings, outages, until))
  if (settings.heap) streams.push(yield* run(heapOf(inspector), settings, outages, until))
  return Stream.mergeAll(streams, { concurrency: "unbounded" })
})

const run = Effect.fnUntraced(function*(
  { name, start, take }: Source,
  settings: Settings,
  outages: Outages.Outages,
  until: Effect.Effect<unknown>
) {
  const outage = `cannot take ${name} profiles`
  const failed = ({ message }: InspectorError) => Effect.as(outages.begin(outage, message), undefined)
  const labels = Labels.make({
    pyroscope_spy: "nodespy",
    ...settings.labels,
    service_name: settings.serviceName,
    __name__: name
  })
  const profileOf = Effect.fnUntraced(function*(pprof: Uint8Array | undefined) {
    if (pprof === undefined) return undefined
    return Profile.series(labels, [{ id: "", profile: yield* Compression.gzip(pprof) }])
  })
  const turn = (isLast: boolean) =>
    take.pipe(
      Effect.tapError(() => isLast ? Effect.void : Effect.ignore(start)),
      Effect.tap(() => outages.end(outage)),
      Effect.flatMap(profileOf),
      Effect.catchTag("InspectorError", failed)
    )
  yield* Effect.catch(start, failed)
  return (yield* turns(settings.interval, until)).pipe(Stream.mapEffect(turn), Stream.filter(Predicate.isNotUndefined))
})

/**
 * `false` after every interval, the first of which begins now, and `true` as the last, as soon as `until` is over. The
 * time that something is done about a turn is part of the interval that follows.
 */
const turns = Effect.fnUntraced(function*(interval: Duration.Duration, until: Effect.Effect<unknown>) {
  const millis = Duration.toMillis(interval)
  let last = yield* Monotonic.now
  const passed = Effect.gen(function*() {
    yield* Effect.sleep(Math.max(0, last + millis - (yield* Monotonic.now)))
    last = yield* Monotonic.now
    return false
  })
  return Stream.fromEffectRepeat(Effect.raceFirst(passed, Effect.as(until, true))).pipe(
    Stream.takeUntil((isLast) => isLast)
  )
})
