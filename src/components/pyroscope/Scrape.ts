/**
 * `pyroscope.scrape`: profiles that targets serve over HTTP, asked for at a fixed rate.
 */
import { Duration, Effect, Layer, Schema } from "effect"
import type { InvalidOptions } from "../../delivery/Options.ts"
import { make } from "../../engine/Arguments.ts"
import * as Block from "../../engine/Block.ts"
import { type Component, ComponentId } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as ProfileType from "../../scrape/ProfileType.ts"
import * as Scrape from "../../scrape/Scrape.ts"
import type { ComponentApi } from "../../server/ComponentApi.ts"
import * as Exposure from "../../syntax/Exposure.ts"
import type { Transport, UnusableSettings } from "../../transport/Transport.ts"
import * as HttpClient from "../HttpClient.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"
import { checks, rule } from "../Settings.ts"
import * as Targets from "../Targets.ts"
import * as TargetsApi from "./scrape/TargetsApi.ts"

const Utf8 = Decode.String.check(
  Schema.makeFilter((text) => /\p{Surrogate}/u.test(text) ? "should be UTF-8" : undefined)
)

// ---- What targets are asked for ----

const Path = Utf8.check(
  Schema.makeFilter((path) => /[?#]/.test(path) ? "should be a path without a query, which params are for" : undefined)
)

/** What all of these blocks have, of which `profile.custom` must have most. */
interface Profile {
  readonly enabled: boolean
  readonly path: string
  /** Whether a profile of some seconds is asked for. */
  readonly delta: boolean
}

const profile = (type: ProfileType.ProfileType) =>
  Block.optional(Schema.Struct({
    enabled: Decode.withDefault(Decode.Bool, ProfileType.standard.includes(type)),
    path: Decode.withDefault(Path, type.path),
    delta: Decode.withDefault(Decode.Bool, type.isTimed)
  }))

const types = new Map([...ProfileType.standard, ...ProfileType.optional].map((type) => [type.name, type]))

const named = (name: string) => profile(types.get(name)!)

const ProfilingConfig = Schema.Struct({
  path_prefix: Decode.withDefault(Path, ""),
  "profile.memory": named("memory"),
  "profile.block": named("block"),
  "profile.goroutine": named("goroutine"),
  "profile.mutex": named("mutex"),
  "profile.process_cpu": named("process_cpu"),
  "profile.fgprof": named("fgprof"),
  "profile.godeltaprof_memory": named("godeltaprof_memory"),
  "profile.godeltaprof_mutex": named("godeltaprof_mutex"),
  "profile.godeltaprof_block": named("godeltaprof_block"),
  "profile.custom": Block.many(Schema.Struct({
    /** The name of the profiles. That of a standard type takes its place, and of two of one name the last counts. */
    label: Block.label,
    enabled: Decode.Bool,
    path: Path,
    delta: Decode.withDefault(Decode.Bool, false)
  }))
})
type ProfilingConfig = typeof ProfilingConfig.Type

const standardBlock = (name: string): keyof ProfilingConfig => `profile.${name}` as keyof ProfilingConfig

const typesOf = (config: ProfilingConfig | undefined): ReadonlyArray<ProfileType.ProfileType> => {
  const profiles = new Map<string, Profile>()
  for (const type of types.values()) {
    profiles.set(
      type.name,
      config?.[standardBlock(type.name)] as Profile | undefined ??
        { enabled: ProfileType.standard.includes(type), path: type.path, delta: type.isTimed }
    )
  }
  for (const custom of config?.["profile.custom"] ?? []) profiles.set(custom.label, custom)
  return Array.from(profiles).filter(([, { enabled }]) => enabled).map(([name, { delta, path }]) => ({
    name,
    path,
    isTimed: delta
  }))
}

// ---- Arguments ----

const Settings = Schema.Struct({
  targets: Targets.Argument,
  forward_to: Receivers.Argument,
  job_name: Decode.withDefault(Utf8, ""),
  /** Credentials, perhaps. */
  params: Decode.withDefault(Decode.map(Decode.list(Utf8)).annotate({ [Decode.exposure]: Exposure.short }), {}),
  scrape_interval: Decode.withDefault(Decode.Duration, Scrape.defaults.interval),
  scrape_timeout: Decode.withDefault(Decode.Duration, Scrape.defaults.timeout),
  scheme: Decode.withDefault(Decode.enumeration(["http", "https"]), "http"),
  /** A second less than the interval, if it is not given. */
  delta_profiling_duration: Decode.optional(Decode.Duration),
  /** An addition to the language, with the name that `prometheus.scrape` has for it. */
  body_size_limit: Decode.withDefault(Decode.ByteSize.check(Limits.atLeast(1)), Scrape.defaults.maxBytes),
  profiling_config: Block.optional(ProfilingConfig),
  /** There is no cluster: every engine has all of its targets. */
  clustering: Block.optional(Schema.Struct({ enabled: Decode.Bool })),
  ...HttpClient.Arguments.fields
})
type Settings = typeof Settings.Type

const second = Duration.seconds(1)

/** Whether anything is asked for that is measured for as long as it is asked for. */
const isTiming = ({ profiling_config }: Settings): boolean => typesOf(profiling_config).some(({ isTimed }) => isTimed)

const isTooShort = ({ scrape_interval }: Settings): boolean => Duration.isLessThan(scrape_interval, Duration.seconds(2))

export const Arguments = Settings.check(
  Limits.positiveAt("scrape_timeout"),
  Limits.positiveAt("scrape_interval"),
  checks<Settings>(
    rule(
      ["scrape_interval"],
      "scrape_interval must be at least 2 seconds when using delta profiling",
      (args) => Duration.isPositive(args.scrape_interval) && isTooShort(args) && isTiming(args)
    ),
    rule(
      ["delta_profiling_duration"],
      "delta_profiling_duration must be larger than 1 second when using delta profiling",
      (args) =>
        args.delta_profiling_duration !== undefined &&
        Duration.isLessThanOrEqualTo(args.delta_profiling_duration, second) && isTiming(args)
    ),
    rule(
      ["delta_profiling_duration"],
      "delta_profiling_duration must be at least 1 second smaller than scrape_interval when using delta profiling",
      (args) =>
        args.delta_profiling_duration !== undefined && !isTooShort(args) &&
        Duration.isGreaterThan(args.delta_profiling_duration, second) &&
        Duration.isGreaterThan(args.delta_profiling_duration, Duration.subtract(args.scrape_interval, second)) &&
        isTiming(args)
    )
  ),
  HttpClient.rules
)
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

export const optionsOf = (args: Arguments, id: string): Scrape.Options => {
  const { authentication, followRedirects, headers, http2, proxy, tls } = HttpClient.settingsOf(args)
  return {
    ...(id !== "" && { id }),
    targets: args.targets,
    types: typesOf(args.profiling_config),
    pathPrefix: args.profiling_config?.path_prefix ?? "",
    scheme: args.scheme,
    jobName: args.job_name,
    params: args.params,
    interval: args.scrape_interval,
    timeout: args.scrape_timeout,
    ...(args.delta_profiling_duration && { timedDuration: args.delta_profiling_duration }),
    maxBytes: args.body_size_limit,
    headers,
    followRedirects,
    http2,
    proxy,
    tls,
    ...(authentication && { auth: authentication })
  }
}

/** `Scrape.layerNoDeps`, with options in the spelling of configurations. */
export const layer = (
  options: Options
): Layer.Layer<Scrape.Scrape, Schema.SchemaError | InvalidOptions | UnusableSettings, Transport> =>
  Layer.unwrap(
    Effect.gen(function*() {
      const args = yield* make(Arguments, options)
      return Scrape.layerNoDeps(optionsOf(args, yield* ComponentId)).pipe(
        Layer.provide(Receivers.layer(args.forward_to))
      )
    })
  )

export const component: Component<
  Arguments,
  Scrape.Scrape,
  Schema.SchemaError | InvalidOptions | UnusableSettings,
  ComponentApi | Transport
> = {
  name: "pyroscope.scrape",
  arguments: Arguments,
  exports: {},
  layer: (args) => Layer.provideMerge(TargetsApi.layer, layer(args))
}
