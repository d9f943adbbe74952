/**
 * Scraping for applications: profiles that targets serve over HTTP, as Go's `net/http/pprof` does, asked for at a fixed
 * rate and handed to a `Receiver`.
 *
 * ```ts
 * const Profiles = Scrape.layer({
 *   targets: [{ __address__: "localhost:6060", service_name: "shop" }],
 *   interval: "15 seconds"
 * }).pipe(Layer.provide(SomeReceiver))
 * ```
 *
 * It knows nothing of configuration files: `pyroscope.scrape` is a configuration's face of it.
 */
import { type ByteSize, Context, Duration, Effect, Layer, type Result, type Scope } from "effect"
import * as ClientOptions from "../delivery/ClientOptions.ts"
import { Identity } from "../delivery/Identity.ts"
import { type InvalidOptions, read } from "../delivery/Options.ts"
import { Receiver } from "../delivery/Receiver.ts"
import * as Labels from "../profile/Labels.ts"
import * as Health from "../telemetry/Health.ts"
import * as Budget from "../transport/Budget.ts"
import type * as Client from "../transport/Client.ts"
import * as Lease from "../transport/Lease.ts"
import type { UnusableSettings } from "../transport/Network.ts"
import { Transport } from "../transport/Transport.ts"
import type * as Fetch from "./Fetch.ts"
import type { Scraper } from "./Loop.ts"
import * as Loops from "./Loops.ts"
import * as OwnProfiles from "./OwnProfiles.ts"
import * as ProfileType from "./ProfileType.ts"
import type * as Target from "./Target.ts"
import * as TargetLog from "./TargetLog.ts"
import * as TargetMetrics from "./TargetMetrics.ts"
import * as TargetReport from "./TargetReport.ts"
import type { TargetState } from "./TargetState.ts"

export type { Target } from "./Target.ts"
export type { TargetState } from "./TargetState.ts"

/** What is scraped, and how. */
export interface Options extends ClientOptions.ClientOptions {
  /**
   * Where there is a `Loops.layer`, what is made with the same id takes this one's place, while it is still there: targets
   * that both have go on being scraped as if nothing had happened. Default: none.
   */
  readonly id?: string
  /**
   * The labels of each process: `__address__` (host and port) at least, and what its profiles are to be labelled with. Labels
   * that begin with `__` say how it is scraped, as in Prometheus, and are not sent.
   */
  readonly targets: ReadonlyArray<Labels.Labels | Readonly<Record<string, string>>>
  /** What each of them is asked for. Default: `ProfileType.standard`. */
  readonly types?: ReadonlyArray<ProfileType.ProfileType>
  /** From one scrape of a target to the next. Default: 15 seconds. */
  readonly interval?: Duration.Input
  /** For an answer, besides the time that a target takes for the profile. Default: 10 seconds. */
  readonly timeout?: Duration.Input
  /** How long the profiles are that take some time, such as that of the CPU. Default: a second less than the interval. */
  readonly timedDuration?: Duration.Input
  /** In front of the path of each profile type. Default: none. */
  readonly pathPrefix?: string
  /** Default: `http`. */
  readonly scheme?: "http" | "https"
  /** The label `job` of targets that have none. Default: none. */
  readonly jobName?: string
  /** Of the query. Default: none. */
  readonly params?: Readonly<Record<string, ReadonlyArray<string>>>
  /** As much of an answer as is read, before it is decompressed and after. Default: 64 MiB. */
  readonly maxBytes?: ByteSize.Input
}

/** What is being scraped. */
export class Scrape extends Context.Service<Scrape, {
  /** How each type of profile of each target is doing, in no order. */
  readonly states: () => Iterable<TargetState>
}>()("pyroduct/scrape/Scrape") {}

/**
 * What is not written about it.
 *
 * @internal
 */
export const defaults = {
  interval: Duration.seconds(15),
  timeout: Duration.seconds(10),
  maxBytes: 64 * 1024 * 1024
}

/** Scrapes until the scope closes. */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<
  Scrape["Service"],
  InvalidOptions | UnusableSettings,
  Receiver | Transport | Scope.Scope
> {
  const { client: clientSettings, fetch, target } = yield* Effect.fromResult(settingsOf(options))
  const { userAgent } = yield* Identity
  const client = yield* Lease.connect({
    ...clientSettings,
    headers: { "user-agent": userAgent, ...clientSettings.headers }
  })
  const types = new Set(target.types.map(({ name }) => name))
  const metrics = yield* TargetMetrics.make(types)
  const log = yield* TargetLog.make
  const loops = yield* Loops.of(options.id)
  const { news, problems, targets } = loops.targetsOf(target, options.targets.map(labelsOf))
  yield* report(problems, news)
  const scraper: Scraper = {
    settings: fetch,
    client,
    budget: yield* Budget.Shared,
    own: yield* OwnProfiles.OwnProfiles,
    receiver: yield* Receiver,
    metrics,
    log,
    permits: loops.permits
  }
  const states = () => loops.states()
  yield* TargetMetrics.observe(types, () => loops.states(scraper))
  yield* TargetReport.show(states)
  yield* loops.take(targets, scraper)
  return { states }
})

/** Over a `Transport` of one's own: an application's `HttpClient`, or that of a test. */
export const layerNoDeps = (
  options: Options
): Layer.Layer<Scrape, InvalidOptions | UnusableSettings, Receiver | Transport> => Layer.effect(Scrape, make(options))

/**
 * Scrapes into the receiver that it needs until its scope closes, and tells how that goes as a service. A target that
 * cannot be scraped is logged and left out.
 */
export const layer = (options: Options): Layer.Layer<Scrape, InvalidOptions | UnusableSettings, Receiver> =>
  Layer.provide(layerNoDeps(options), Transport.layer)

/** So many of those that cannot be scraped are named. */
const named = 10

/** One that cannot be scraped is left out, and the others are scraped. */
const report = Effect.fnUntraced(function*(
  problems: ReadonlyArray<Target.Problem>,
  news: ReadonlyArray<Target.Problem>
) {
  const [first] = problems
  if (first === undefined) return
  const { problem } = yield* Health.reporter
  const others = problems.length === 1 ? "" : `, and ${problems.length - 1} more`
  yield* problem("targets", `target ${first.index} is left out: ${first.error.message}${others}`)
  yield* Effect.forEach(
    news.slice(0, named),
    ({ address, error, index }) =>
      Effect.logWarning("target left out").pipe(
        Effect.annotateLogs({ index, ...(address !== "" && { address }), err: error.message })
      ),
    { discard: true }
  )
  if (news.length > named) {
    yield* Effect.logWarning("targets left out").pipe(Effect.annotateLogs({ targets: news.length - named }))
  }
})

const labelsOf = (target: Options["targets"][number]): Labels.Labels =>
  target instanceof Map ? target : Labels.make(target as Readonly<Record<string, string>>)

interface Settings {
  readonly client: Client.Settings
  readonly fetch: Fetch.Settings
  readonly target: Target.Settings
}

const settingsOf = (options: Options): Result.Result<Settings, InvalidOptions> =>
  read("scraping", (reader) => {
    const interval = reader.duration("interval", options.interval, defaults.interval)
    const timeout = reader.duration("timeout", options.timeout, defaults.timeout)
    return {
      client: { ...ClientOptions.read(options, reader), timeout },
      fetch: { interval, timeout, maxBytes: reader.size("maxBytes", options.maxBytes, defaults.maxBytes) },
      target: {
        types: options.types ?? ProfileType.standard,
        pathPrefix: options.pathPrefix ?? "",
        scheme: options.scheme ?? "http",
        jobName: options.jobName ?? "",
        params: options.params ?? {},
        interval,
        timedDuration: options.timedDuration === undefined
          ? undefined
          : reader.duration("timedDuration", options.timedDuration, defaults.interval)
      }
    }
  })
