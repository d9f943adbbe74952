/**
 * `pyroscope.receive_http`: takes what SDKs and agents push and hands it to `forward_to`.
 */
import { Duration, Effect, Layer, Schema } from "effect"
import type { InvalidOptions } from "../../delivery/Options.ts"
import * as Block from "../../engine/Block.ts"
import { type Component, ComponentId } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Listener from "../../server/Listener.ts"
import * as ReceiveHttp from "../../server/ReceiveHttp.ts"
import * as HttpListener from "../HttpListener.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"

const Http = HttpListener.block(ReceiveHttp.defaults)

/** What Alloy's gRPC listener can be set to. There is none here. */
const Grpc = Schema.Struct({
  listen_address: Decode.optional(Decode.String),
  listen_port: Decode.optional(Decode.Int),
  conn_limit: Decode.optional(Decode.Int),
  max_connection_age: Decode.optional(Decode.Duration),
  max_connection_age_grace: Decode.optional(Decode.Duration),
  max_connection_idle: Decode.optional(Decode.Duration),
  server_max_recv_msg_size: Decode.optional(Decode.Int),
  server_max_send_msg_size: Decode.optional(Decode.Int),
  server_max_concurrent_streams: Decode.optional(Decode.Int),
  tls: Block.unsupported
})

export const Arguments = Schema.Struct({
  forward_to: Receivers.Argument,
  graceful_shutdown_timeout: Decode.withDefault(
    Decode.Duration.check(Limits.lasting(Duration.zero)),
    Listener.defaults.shutdownTimeout
  ),
  http: Block.optional(Http),
  grpc: Block.optional(Grpc),
  debug_info_upload_timeout: Block.unsupported
})
export type Arguments = typeof Arguments.Type

type Failure = InvalidOptions | Listener.ListenError

/** Listens until its scope closes. */
export const layer = (args: Arguments): Layer.Layer<never, Failure, Listener.Listener> => {
  const http = args.http ?? Http.make({})
  const listening = Effect.flatMap(ComponentId, (owner) =>
    ReceiveHttp.make({
      owner,
      host: http.listen_address,
      port: http.listen_port,
      maxBodySize: http.max_body_size,
      connections: http.conn_limit,
      readTimeout: http.server_read_timeout,
      writeTimeout: http.server_write_timeout,
      idleTimeout: http.server_idle_timeout,
      gracefulShutdownTimeout: args.graceful_shutdown_timeout
    }))
  const ignored = args.grpc === undefined ? Effect.void : Effect.logWarning("grpc is not served, only http is")
  return Layer.effectDiscard(Effect.andThen(ignored, listening)).pipe(Layer.provide(Receivers.layer(args.forward_to)))
}

export const component: Component<Arguments, never, Failure, Listener.Listener> = {
  name: "pyroscope.receive_http",
  arguments: Arguments,
  exports: {},
  layer
}
