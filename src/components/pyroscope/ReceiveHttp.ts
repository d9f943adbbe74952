/**
 * `pyroscope.receive_http`: takes what SDKs and agents push and hands it to `forward_to`.
 */
import { Duration, Layer, Schema } from "effect"
import type { InvalidOptions } from "../../delivery/Options.ts"
import * as Receiver from "../../delivery/Receiver.ts"
import * as Block from "../../engine/Block.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Listener from "../../server/Listener.ts"
import * as ReceiveHttp from "../../server/ReceiveHttp.ts"
import * as HttpListener from "../HttpListener.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"

const Http = HttpListener.block(ReceiveHttp.defaults)

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

type Failure = InvalidOptions | Listener.ListenError

/** Listens until its scope closes. */
export const layer = (args: Arguments): Layer.Layer<never, Failure, Listener.Listener> => {
  const http = args.http ?? Http.make({})
  return Layer.effectDiscard(ReceiveHttp.make({
    host: http.listen_address,
    port: http.listen_port,
    maxBodySize: http.max_body_size,
    connections: http.conn_limit,
    readTimeout: http.server_read_timeout,
    writeTimeout: http.server_write_timeout,
    idleTimeout: http.server_idle_timeout,
    gracefulShutdownTimeout: args.graceful_shutdown_timeout
  })).pipe(Layer.provide(Layer.succeed(Receiver.Receiver, Receiver.all(args.forward_to))))
}

export const component: Component<Arguments, never, Failure, Listener.Listener> = {
  name: "pyroscope.receive_http",
  arguments: Arguments,
  exports: {},
  layer
}
