/**
 * `pyroscope.enrich`: labels of targets for the profiles of their processes.
 */
import { Layer, Schema } from "effect"
import * as Enrichment from "../../delivery/Enrichment.ts"
import type { Receiver } from "../../delivery/Receiver.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Receivers from "../Receivers.ts"
import * as Targets from "../Targets.ts"

export const Arguments = Schema.Struct({
  forward_to: Receivers.Argument,
  targets: Targets.Argument,
  target_match_label: Decode.String,
  /** Empty for the name of `target_match_label`. */
  profiles_match_label: Decode.withDefault(Decode.String, ""),
  /** Empty for all. */
  labels_to_copy: Decode.withDefault(Decode.list(Decode.String), [])
})
export type Arguments = typeof Arguments.Type

export const layer = (args: Arguments): Layer.Layer<Receiver> =>
  Enrichment.layer({
    targets: args.targets,
    targetMatchLabel: args.target_match_label,
    profilesMatchLabel: args.profiles_match_label || args.target_match_label,
    labelsToCopy: args.labels_to_copy
  }).pipe(Layer.provide(Receivers.layer(args.forward_to)))

export const component: Component<Arguments, Receiver> = {
  name: "pyroscope.enrich",
  arguments: Arguments,
  exports: { receiver: Receivers.exported },
  layer
}
