/**
 * `remotecfg`: accepted without an effect where it is off, that is without a URL.
 */
import { Duration, Effect, Layer, Schema } from "effect"
import type { Component } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as GoDuration from "../evaluation/GoDuration.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as HttpClient from "./HttpClient.ts"

const attributes = Decode.withDefault(
  Decode.map(Decode.String).check(
    Schema.makeFilter((attributes) =>
      Object.keys(attributes).filter((name) => name.startsWith("collector.")).map((name) => ({
        path: [name],
        issue: "\"collector\" is a reserved namespace for remotecfg attribute keys"
      }))
    )
  ),
  {}
)

const leastPeriod = Duration.seconds(10)

export const Arguments = Schema.Struct({
  url: Decode.withDefault(
    Decode.String.check(
      Schema.makeFilter((url) =>
        url === "" ? undefined : "must be empty: pyroduct gets its configuration from nowhere else"
      )
    ).annotate({ [Decode.exposure]: Exposure.url }),
    ""
  ),
  id: Decode.withDefault(Decode.String, ""),
  name: Decode.withDefault(Decode.String, ""),
  attributes,
  /** What the Agent calls them. */
  metadata: attributes,
  poll_frequency: Decode.withDefault(Decode.Duration, Duration.minutes(1)),
  ...HttpClient.Arguments.fields
}).check(
  HttpClient.rules,
  Schema.makeFilter(({ poll_frequency }) =>
    Duration.isGreaterThanOrEqualTo(poll_frequency, leastPeriod) ? undefined : {
      path: ["poll_frequency"],
      issue: `poll_frequency must be at least "10s", got "${GoDuration.format(poll_frequency)}"`
    }
  )
)
export type Arguments = typeof Arguments.Type

export const layer: Layer.Layer<never> = Layer.effectDiscard(Effect.logWarning("remotecfg has no effect in pyroduct"))

export const component: Component<Arguments> = {
  name: "remotecfg",
  isSingleton: true,
  arguments: Arguments,
  exports: {},
  layer: () => layer
}
