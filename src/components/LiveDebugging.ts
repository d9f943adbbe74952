/**
 * `livedebugging`: accepted without an effect, for no component publishes anything for it.
 */
import { Effect, Layer, Schema } from "effect"
import type { Component } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"

export const Arguments = Schema.Struct({ enabled: Decode.withDefault(Decode.Bool, false) })
export type Arguments = typeof Arguments.Type

export const layer = ({ enabled }: Arguments): Layer.Layer<never> =>
  enabled ? Layer.effectDiscard(Effect.logWarning("livedebugging has no effect in pyroduct")) : Layer.empty

export const component: Component<Arguments> = {
  name: "livedebugging",
  isSingleton: true,
  arguments: Arguments,
  exports: {},
  layer
}
