/**
 * `pyroduct.self_profile`: profiles of the engine's own process, for configurations.
 */
import { Layer, Schema } from "effect"
import type { InvalidOptions } from "../../delivery/Options.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as SelfProfile from "../../pprof/SelfProfile.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"

const { defaults, minimum } = SelfProfile

/** What no receiver would take, or what is set elsewhere, is better found at once. */
const acceptable = Schema.makeFilter((labels: Readonly<Record<string, string>>) => {
  const mistake = SelfProfile.mistakeIn(labels)
  return mistake === undefined ? undefined : `must be labels: ${mistake.message}`
})

export const Arguments = Schema.Struct({
  forward_to: Receivers.Argument,
  interval: Decode.withDefault(Decode.Duration.check(Limits.lasting(minimum.interval)), defaults.interval),
  service_name: Decode.withDefault(Decode.String, defaults.serviceName),
  labels: Decode.withDefault(Decode.map(Decode.String).check(acceptable), defaults.labels),
  cpu: Decode.withDefault(Decode.Bool, defaults.cpu),
  heap: Decode.withDefault(Decode.Bool, defaults.heap),
  /** Of the CPU profile. */
  sampling_interval: Decode.withDefault(
    Decode.Duration.check(Limits.lasting(minimum.samplingInterval)),
    defaults.samplingInterval
  )
})
export type Arguments = typeof Arguments.Type

/** Profiles until its scope closes, and pushes what there is by then. */
export const layer = (args: Arguments): Layer.Layer<never, InvalidOptions> =>
  SelfProfile.layer({
    interval: args.interval,
    serviceName: args.service_name,
    labels: args.labels,
    cpu: args.cpu,
    heap: args.heap,
    samplingInterval: args.sampling_interval
  }).pipe(Layer.provide(Receivers.layer(args.forward_to)))

export const component: Component<Arguments, never, InvalidOptions> = {
  name: "pyroduct.self_profile",
  arguments: Arguments,
  exports: {},
  layer
}
