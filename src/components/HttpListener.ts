/**
 * The `http` block of components that listen.
 */
import { type Duration, Schema } from "effect"
import * as Block from "../engine/Block.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Listener from "../server/Listener.ts"
import * as ProfileApi from "../server/ProfileApi.ts"
import * as Limits from "./Limits.ts"

/** The block, with the address that is listened on where it names none. */
export const block = ({ host, port }: Listener.Address) =>
  Schema.Struct({
    listen_address: Decode.withDefault(Decode.String, host),
    listen_port: Decode.withDefault(Decode.Int.check(Limits.between(0, 65535)), port),
    conn_limit: Decode.withDefault(Decode.Int.check(Limits.atLeast(1)), Listener.defaults.connections),
    server_read_timeout: Decode.withDefault(Decode.Duration.check(Limits.positive), Listener.defaults.readTimeout),
    server_write_timeout: Decode.withDefault(Decode.Duration.check(Limits.positive), Listener.defaults.writeTimeout),
    server_idle_timeout: Decode.withDefault(Decode.Duration.check(Limits.positive), Listener.defaults.idleTimeout),
    /** An addition to the language: the largest body that is taken, before and after decompression. */
    max_body_size: Decode.withDefault(Decode.ByteSize.check(Limits.atLeast(1)), ProfileApi.defaults.maxBytes),
    http2: Block.unsupported,
    tls: Block.unsupported
  })

export type Http = ReturnType<typeof block>["Type"]

/** For the block of that id, whose component may be built anew while it listens. */
export const settings = (http: Http, shutdownTimeout: Duration.Duration, owner: string): Listener.Settings => ({
  owner,
  host: http.listen_address,
  port: http.listen_port,
  connections: http.conn_limit,
  readTimeout: http.server_read_timeout,
  writeTimeout: http.server_write_timeout,
  idleTimeout: http.server_idle_timeout,
  shutdownTimeout
})
