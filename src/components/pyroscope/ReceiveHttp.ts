/**
 * `pyroscope.receive_http`: takes what SDKs and agents push and hands it to `forward_to`.
 */
import { Duration, Effect, Layer, Schema } from "effect"
import * as Receiver from "../../delivery/Receiver.ts"
import { make } from "../../engine/Arguments.ts"
import * as Block from "../../engine/Block.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Listener from "../../server/Listener.ts"
import * as ProfileApi from "../../server/ProfileApi.ts"
import * as Metrics from "../../telemetry/Metrics.ts"
import * as HttpListener from "../HttpListener.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"

const Http = HttpListener.block({ host: "", port: 8080 })

export const Arguments = Schema.Struct({
  forward_to: Receivers.Argument,
  graceful_shutdown_timeout: Decode.withDefault(
    Decode.Duration.check(Limits.lasting(Duration.zero)),
    Listener.defaults.shutdownTimeout
  ),
  http: Block.optional(Http),
  debug_info_upload_timeout: Block.unsupported,
  grpc: Block.unsupported
})
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

type Failure = Schema.SchemaError | Listener.ListenError

/** Listens until its scope closes. */
export const layer = (options: Options): Layer.Layer<never, Failure, Listener.Listener> =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const args = yield* make(Arguments, options)
      const listener = yield* Listener.Listener
      const http = args.http ?? Http.make({})
      const handler = yield* ProfileApi.make({
        maxBytes: http.max_body_size,
        accept: Receiver.all(args.forward_to).push,
        duration: Metrics.requestDuration
      })
      const address = yield* listener.listen(
        HttpListener.settings(http, args.graceful_shutdown_timeout),
        handler
      )
      yield* Effect.logInfo("listening").pipe(Effect.annotateLogs({ addr: Listener.formatAddress(address) }))
    })
  )

export const component: Component<Arguments, never, Failure, Listener.Listener> = {
  name: "pyroscope.receive_http",
  arguments: Arguments,
  exports: {},
  layer
}
