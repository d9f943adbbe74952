/**
 * `pyroduct.sink`: a receiver to try a pipeline with. It takes what a Pyroscope server takes, keeps the newest and shows
 * it on the engine's server, under `/api/v0/component/<id>/profiles`.
 */
import { Context, Effect, type FileSystem, Layer, Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import * as Outbound from "../../delivery/Outbound.ts"
import { make } from "../../engine/Arguments.ts"
import * as Block from "../../engine/Block.ts"
import { type Component, ComponentId } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Labels from "../../profile/Labels.ts"
import * as Profile from "../../profile/Profile.ts"
import * as Address from "../../server/Address.ts"
import { ComponentApi } from "../../server/ComponentApi.ts"
import * as Listener from "../../server/Listener.ts"
import * as ProfileApi from "../../server/ProfileApi.ts"
import * as Requests from "../../server/Requests.ts"
import * as Metrics from "../../telemetry/Metrics.ts"
import * as HttpListener from "../HttpListener.ts"
import * as Limits from "../Limits.ts"
import * as Directory from "./sink/Directory.ts"
import * as Store from "./sink/Store.ts"

const Http = HttpListener.block({ host: "127.0.0.1", port: 4040 })

export const Arguments = Schema.Struct({
  http: Block.optional(Http),
  /** Also the most that one profile may have. */
  max_bytes: Decode.withDefault(Decode.ByteSize.check(Limits.atLeast(1)), 64 * 1024 * 1024),
  /** Profiles become files there, gzipped; in memory if it is empty. */
  directory: Decode.withDefault(Decode.String, "")
})
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

export class Sink extends Context.Service<Sink, {
  /** Where it listens. */
  readonly address: Listener.Address
  /** What it has kept, newest first: the newest hundred of it. */
  readonly profiles: Effect.Effect<ReadonlyArray<Store.Listed>>
}>()("pyroduct/components/pyroduct/Sink") {}

type Failure = Schema.SchemaError | Directory.DirectoryError | Listener.ListenError

type Requirements = Listener.Listener | ComponentApi | FileSystem.FileSystem

/** Listens until its scope closes. */
export const layer = (options: Options): Layer.Layer<Sink, Failure, Requirements> =>
  Layer.effect(
    Sink,
    Effect.gen(function*() {
      const args = yield* make(Arguments, options)
      const http = args.http ?? Http.make({})
      const store = yield* Store.make({
        maxBytes: args.max_bytes,
        maxProfileBytes: http.max_body_size,
        directory: args.directory === ""
          ? undefined
          : yield* Directory.open(args.directory, Math.ceil(args.max_bytes / Store.overhead))
      })
      const listener = yield* Listener.Listener
      const requests = yield* Requests.make({
        duration: Metrics.sinkRequestDuration,
        refused: Metrics.sinkRequestsRefused
      })
      const handler = ProfileApi.make({
        maxBytes: Math.min(http.max_body_size, args.max_bytes),
        check,
        accept: accept(store),
        requests
      })
      const { turnedAway } = requests
      const id = yield* ComponentId
      const address = yield* listener.listen(
        { ...HttpListener.settings(http, Listener.defaults.shutdownTimeout, id), turnedAway },
        handler
      )
      yield* Effect.logInfo("listening").pipe(Effect.annotateLogs({ addr: Address.format(address) }))
      const api = yield* ComponentApi
      yield* api.mount(id, (path) =>
        path === "/profiles"
          ? Effect.map(Effect.all({ kept: store.count, profiles: store.profiles }), HttpServerResponse.jsonUnsafe)
          : Effect.succeed(undefined))
      return { address, profiles: store.profiles }
    })
  )

/** A server would refuse it as well. */
const check = (profile: Profile.Profile) => Outbound.check(profile, {})

/** The first one is news: the pipeline works. */
const accept = (store: Store.Store) => {
  let isFirst = true
  return Effect.fnUntraced(function*(profile: Profile.Profile) {
    const refused = check(profile)
    if (refused !== undefined) return yield* refused
    yield* store.keep(profile)
    const log = isFirst ? Effect.logInfo : Effect.logDebug
    isFirst = false
    yield* log("profile received").pipe(
      Effect.annotateLogs({ labels: Labels.format(profile.labels), bytes: Profile.byteLength(profile) })
    )
  })
}

export const component: Component<Arguments, Sink, Failure, Requirements> = {
  name: "pyroduct.sink",
  arguments: Arguments,
  exports: {},
  layer
}
