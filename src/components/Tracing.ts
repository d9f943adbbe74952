/**
 * `tracing`: accepted without an effect where traces would go nowhere, for there are none.
 */
import { Duration, Effect, Layer, Schema } from "effect"
import * as Block from "../engine/Block.ts"
import type { Component } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"

const JaegerRemote = Schema.Struct({
  url: Decode.withDefault(Decode.String, "http://127.0.0.1:5778/sampling"),
  max_operations: Decode.withDefault(Decode.Int, 256),
  refresh_interval: Decode.withDefault(Decode.Duration, Duration.minutes(1))
})

export const Arguments = Schema.Struct({
  sampling_fraction: Decode.withDefault(Decode.Float, 0.1),
  send_traceparent: Decode.withDefault(Decode.Bool, false),
  sampler: Block.optional(Schema.Struct({ jaeger_remote: Block.optional(JaegerRemote) })),
  write_to: Decode.withDefault(
    Decode.list(Decode.Any).check(
      Schema.makeFilter((consumers) =>
        consumers.length === 0 ? undefined : "must be empty: pyroduct makes no traces of itself"
      )
    ),
    []
  )
})
export type Arguments = typeof Arguments.Type

export const layer: Layer.Layer<never> = Layer.effectDiscard(
  Effect.logWarning("tracing has no effect in pyroduct, which makes no traces of itself")
)

export const component: Component<Arguments> = {
  name: "tracing",
  isSingleton: true,
  arguments: Arguments,
  exports: {},
  layer: () => layer
}
