/**
 * `pyroscope.relabel`: profiles with other labels, or without some of them.
 */
import { Layer, Schema } from "effect"
import type { Receiver } from "../../delivery/Receiver.ts"
import * as Relabelling from "../../delivery/Relabelling.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"
import * as Rules from "../Rules.ts"

export const Arguments = Schema.Struct({
  forward_to: Receivers.Argument,
  max_cache_size: Decode.withDefault(Decode.Int.check(Limits.atLeast(1)), Relabelling.defaults.maxCacheSize),
  ...Rules.fields
})
export type Arguments = typeof Arguments.Type

export const layer = (args: Arguments): Layer.Layer<Receiver | Rules.Rules, Relabelling.Failure> => {
  const rules = Rules.of(args)
  const relabelling = Relabelling.layer({ rules, maxCacheSize: args.max_cache_size }).pipe(
    Layer.provide(Receivers.layer(args.forward_to))
  )
  return Layer.merge(relabelling, Layer.succeed(Rules.Rules, rules))
}

export const component: Component<Arguments, Receiver | Rules.Rules, Relabelling.Failure> = {
  name: "pyroscope.relabel",
  arguments: Arguments,
  exports: { receiver: Receivers.exported, rules: Rules.exported },
  layer
}
