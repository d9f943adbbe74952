/**
 * `local.file`: what a file holds, exported whenever it changes.
 */
import { Clock, Data, Duration, Effect, type FileSystem, Layer, Result, Schema, type Scope } from "effect"
import { make as makeArguments } from "../../engine/Arguments.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Gauge from "../../telemetry/Gauge.ts"
import * as Metrics from "../../telemetry/Metrics.ts"
import * as Outages from "../../telemetry/Outages.ts"
import * as PatientFileSystem from "../../transport/PatientFileSystem.ts"
import * as Content from "../Content.ts"
import * as Limits from "../Limits.ts"
import * as Following from "./file/Following.ts"

/** An empty one is the default, as in Alloy. */
const detectors: ReadonlySet<string> = new Set(["", "fsnotify", "poll"])

export const Arguments = Schema.Struct({
  filename: Decode.String.check(
    Schema.makeFilter((name) => name === "" || /[\n\0]/.test(name) ? "should be the name of a file" : undefined)
  ),
  detector: Decode.withDefault(
    Decode.String.check(
      Schema.makeFilter((name) => detectors.has(name) ? undefined : "unrecognized detector, expected fsnotify or poll")
    ),
    "fsnotify"
  ),
  /** With `fsnotify` as well, for what a watch does not see. */
  poll_frequency: Decode.withDefault(Decode.Duration, Duration.minutes(1)),
  is_secret: Decode.withDefault(Decode.Bool, false)
}).check(Limits.positiveAt("poll_frequency"))
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

export class Unreadable extends Data.TaggedError("Unreadable")<{
  /** With the file's name. */
  readonly reason: string
}> {
  override get message(): string {
    return `${outage}: ${this.reason}`
  }
}

const outage = "failed to read file"

/** Fails if the file cannot be read now. Once it could, it keeps what it has read until it can read something else. */
export const make = Effect.fnUntraced(function*(
  { detector, filename, is_secret, poll_frequency }: Arguments
): Effect.fn.Return<Content.Content["Service"], Unreadable, FileSystem.FileSystem | Scope.Scope> {
  const first = yield* Effect.mapError(Following.read(filename), (reason) => new Unreadable({ reason }))
  const content = yield* Content.make(first, is_secret)
  const outages = yield* Outages.make
  let accessed = yield* Clock.currentTimeMillis
  yield* Gauge.observe(Metrics.fileLastAccessed, () => accessed / 1000, Gauge.largest)
  yield* Effect.forkScoped(Following.follow(
    { path: filename, detector: detector === "poll" ? "poll" : "fsnotify", pollFrequency: poll_frequency },
    first,
    Result.match({
      onFailure: (reason) => outages.begin(outage, reason),
      onSuccess: Effect.fnUntraced(function*(text) {
        accessed = yield* Clock.currentTimeMillis
        yield* Content.set(content, text)
        yield* outages.end(outage)
      })
    })
  ))
  return content
})

type Failure = Schema.SchemaError | Unreadable

export const layer = (options: Options): Layer.Layer<Content.Content, Failure> =>
  Layer.effect(Content.Content, Effect.flatMap(makeArguments(Arguments, options), make)).pipe(
    Layer.provide(PatientFileSystem.layer)
  )

export const component: Component<Arguments, Content.Content, Failure> = {
  name: "local.file",
  arguments: Arguments,
  exports: { content: Content.exported },
  layer
}
