/**
 * Forwarding for applications: a `Receiver` whose profiles go to every endpoint, each with its own queue and retries.
 *
 * ```ts
 * const Profiles = Forward.layer({
 *   externalLabels: { region: "eu-1" },
 *   endpoints: [
 *     { url: "http://pyroscope:4040" },
 *     { url: "https://backup.example", auth: { token: { file: "/run/token" } }, queue: { maxBytes: "256 MiB" } }
 *   ]
 * })
 * ```
 *
 * It knows nothing of configuration files: `pyroscope.write` is a configuration's face of it.
 */
import { type ByteSize, Config, Duration, Effect, Layer, Result, type Scope } from "effect"
import * as Labels from "../profile/Labels.ts"
import * as DebugInfo from "../telemetry/DebugInfo.ts"
import type { UnusableSettings } from "../transport/Network.ts"
import { Transport } from "../transport/Transport.ts"
import * as UserInfo from "../transport/UserInfo.ts"
import * as ClientOptions from "./ClientOptions.ts"
import * as Endpoint from "./Endpoint.ts"
import * as FanOut from "./FanOut.ts"
import * as Lanes from "./Lanes.ts"
import { type InvalidOptions, read, type Reader } from "./Options.ts"
import * as Queue from "./Queue.ts"
import { discarding, Receiver } from "./Receiver.ts"
import * as RetrySchedule from "./RetrySchedule.ts"

export type {
  AuthOptions,
  BasicOptions,
  ClientOptions,
  OAuth2Options,
  Secret,
  TlsOptions,
  TokenOptions
} from "./ClientOptions.ts"
export type { WhenFull } from "./Queue.ts"

/** Where profiles go. */
export interface Options {
  /**
   * Where there is a `Lanes.layer`, what is made with the same id takes this one's place, while it is still there: what its
   * endpoints have not delivered yet goes on there. Default: none.
   */
  readonly id?: string
  /** Laid over the labels of every profile. An empty value removes a label. Default: none. */
  readonly externalLabels?: Readonly<Record<string, string>>
  /** Each of them gets every profile. Where there is none, profiles are counted and go nowhere. */
  readonly endpoints: ReadonlyArray<EndpointOptions>
}

/** A server that gets every profile. */
export interface EndpointOptions extends ClientOptions.ClientOptions {
  /**
   * Where the API is, path prefix included: `http://pyroscope:4040`. User info in it becomes basic auth, and goes before
   * `auth`.
   */
  readonly url: URL | string
  /** In metrics and logs, besides the URL. Default: none, or the endpoint's place where two have one URL. */
  readonly name?: string
  /** For an answer to one attempt, a new connection included. Default: 10 seconds. */
  readonly timeout?: Duration.Input
  /** When a push that failed is made again. */
  readonly retry?: RetryOptions
  /** How far it may fall behind. */
  readonly queue?: QueueOptions
}

/** When a push that failed is made again, for failures that concern the endpoint. */
export interface RetryOptions {
  /** The base of the first delay; each further base is twice the one before. Default: 500 millis. */
  readonly minBackoff?: Duration.Input
  /** No delay is longer, but for a Retry-After. Default: 5 minutes. */
  readonly maxBackoff?: Duration.Input
  /** Of one profile, after its first attempt; 0 is without end. Default: 10. */
  readonly maxRetries?: number
  /** Whether 429 is retried. Default: true. */
  readonly rateLimited?: boolean
  /** Whether delays lie anywhere between their base and twice their base. Default: true. */
  readonly jitter?: boolean
}

/** How far an endpoint may fall behind. */
export interface QueueOptions {
  /** Of what waits and what is in flight together. Default: 64 MiB. */
  readonly maxBytes?: ByteSize.Input
  /** Default: `drop_oldest`. */
  readonly whenFull?: Queue.WhenFull
  /** What is older is dropped as expired. Default: 1 hour, which is what a Pyroscope server takes by default. */
  readonly maxAge?: Duration.Input
  /** Pushes in flight at once. Default: 8. */
  readonly concurrency?: number
}

/**
 * What is not written about an endpoint, besides how it retries and how much its queue holds.
 *
 * @internal
 */
export const defaults = { timeout: Duration.seconds(10), maxAge: Duration.hours(1), concurrency: 8 }

/** Runs until the scope closes, and then drains. */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Receiver, InvalidOptions | UnusableSettings, Transport | Scope.Scope> {
  const { endpoints, externalLabels } = yield* Effect.fromResult(settingsOf(options))
  if (endpoints.length === 0) return yield* discarding("there is no endpoint")
  const lanes = yield* Lanes.of(options.id)
  const taken = yield* lanes.take(endpoints)
  const states = taken.map(({ state }) => state)
  const { show } = yield* DebugInfo.Reporter
  yield* show(() => ({ endpoints: states.map(({ info }) => info()), services: lanes.services.info(states) }))
  return FanOut.make({ externalLabels }, taken.map(({ lane }) => lane), lanes.services)
})

/** Over a `Transport` of one's own: an application's `HttpClient`, or that of a test. */
export const layerNoDeps = (
  options: Options
): Layer.Layer<Receiver, InvalidOptions | UnusableSettings, Transport> => Layer.effect(Receiver, make(options))

/**
 * A `Receiver` that forwards until its scope closes, and then drains. Options that nothing can be made of fail the Layer
 * with an `InvalidOptions` that names all of them; credentials, certificates or a proxy that cannot be used, with an
 * `UnusableSettings`.
 */
export const layer = (options: Options): Layer.Layer<Receiver, InvalidOptions | UnusableSettings> =>
  Layer.provide(layerNoDeps(options), Transport.layer)

/**
 * `layer` with options from a `Config`: of all of them, or of each.
 *
 * ```ts
 * Forward.layerConfig({
 *   endpoints: Config.all([Config.all({ url: Config.String("PYROSCOPE_URL") })])
 * })
 * ```
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Receiver, Config.ConfigError | InvalidOptions | UnusableSettings> =>
  Layer.provide(layerConfigNoDeps(options), Transport.layer)

/** `layerConfig` over a `Transport` of one's own. */
export const layerConfigNoDeps = (
  options: Config.Wrap<Options>
): Layer.Layer<Receiver, Config.ConfigError | InvalidOptions | UnusableSettings, Transport> =>
  Layer.effect(Receiver, Effect.flatMap(Config.unwrap(options), make))

// ---- From options to settings ----

const settingsOf = (
  { endpoints, externalLabels = {} }: Options
): Result.Result<FanOut.Settings & { readonly endpoints: ReadonlyArray<Endpoint.Settings> }, InvalidOptions> =>
  read("forwarding", (reader) => {
    // An empty value removes a label, so only names matter of those.
    const mistake = Labels.check(new Map(Object.entries(externalLabels)))
    if (mistake !== undefined && mistake.reason !== "Missing") {
      reader.problem("externalLabels", `must be labels: ${mistake.message}`)
    }
    const all = endpoints.map((options, index) => endpointOf(options, reader.below(`endpoints[${index}].`)))
    return { externalLabels, endpoints: all }
  })

const endpointOf = (options: EndpointOptions, reader: Reader): Endpoint.Settings => {
  const { name, queue = {}, retry = {}, timeout, url } = options
  const { duration, problem, size, whole } = reader
  return {
    name: name ?? "",
    url: urlOf(url, problem),
    transport: {
      ...ClientOptions.read(options, reader),
      timeout: duration("timeout", timeout, defaults.timeout)
    },
    lane: {
      queue: {
        maxBytes: size("queue.maxBytes", queue.maxBytes, Queue.defaults.maxBytes),
        whenFull: queue.whenFull ?? Queue.defaults.whenFull
      },
      maxAge: duration("queue.maxAge", queue.maxAge, defaults.maxAge),
      concurrency: whole("queue.concurrency", queue.concurrency, defaults.concurrency, { minimum: 1 }),
      retry: {
        minBackoff: duration("retry.minBackoff", retry.minBackoff, RetrySchedule.defaults.minBackoff),
        maxBackoff: duration("retry.maxBackoff", retry.maxBackoff, RetrySchedule.defaults.maxBackoff),
        maxRetries: whole("retry.maxRetries", retry.maxRetries, RetrySchedule.defaults.maxRetries, { minimum: 0 }),
        retryRateLimited: retry.rateLimited ?? RetrySchedule.defaults.retryRateLimited,
        jitter: retry.jitter ?? RetrySchedule.defaults.jitter
      }
    }
  }
}

/** Of an endpoint that does not matter, as there is an error. */
const nowhere = new URL("http://invalid.")

const urlOf = (input: URL | string, problem: Reader["problem"]): URL => {
  const url = URL.parse(String(input))
  const mistake = url === null
    ? "is no URL"
    : url.protocol !== "http:" && url.protocol !== "https:"
    ? "must be an http or https URL"
    : Result.match(UserInfo.parse(url), {
      onFailure: (mistake) => `cannot be used: ${mistake}`,
      onSuccess: () => Endpoint.problem(url)
    })
  if (url !== null && mistake === undefined) return url
  problem("url", mistake!)
  return nowhere
}
