/**
 * `logging`: what the engine's own log says, and how.
 */
import { Effect, Layer, Schema } from "effect"
import type { Component } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import * as Suggestion from "../syntax/Suggestion.ts"
import * as Log from "../telemetry/Log.ts"
import * as LogLine from "../telemetry/LogLine.ts"

const levels = LogLine.levels
const formats = ["logfmt", "json"] as const
const destinations = ["stderr"] as const

/** One of a few texts, or an empty one for the first. What is before the list is as in Alloy. */
const choice = <Member extends string>(what: string, members: ReadonlyArray<Member>, initial: Member) => {
  const known: ReadonlySet<string> = new Set(["", ...members])
  const text = `unrecognized log ${what}, must be one of ${members.map(StringLiteral.quote).join(", ")}`
  return Decode.withDefault(
    Decode.String.check(
      Schema.makeFilter((value) => known.has(value) ? undefined : text + Suggestion.didYouMean(value, members))
    ),
    initial
  )
}

export const Arguments = Schema.Struct({
  level: choice("level", levels, "info"),
  format: choice("format", formats, "logfmt"),
  /** Alloy's: a Windows event log is another. */
  destination: choice("destination", destinations, "stderr"),
  write_to: Decode.withDefault(
    Decode.list(Decode.Any).check(
      Schema.makeFilter((receivers) =>
        receivers.length === 0 ? undefined : "must be empty: pyroduct has nothing that takes log lines"
      )
    ),
    []
  )
})
export type Arguments = typeof Arguments.Type

export const layer = ({ format, level }: Arguments): Layer.Layer<never> =>
  Layer.effectDiscard(
    Effect.flatMap(Log.Log, (log) =>
      log.use({
        level: levels.find((name) => name === level) ?? "info",
        format: formats.find((name) => name === format) ?? "logfmt"
      }))
  )

export const component: Component<Arguments> = {
  name: "logging",
  isSingleton: true,
  arguments: Arguments,
  exports: {},
  layer
}
