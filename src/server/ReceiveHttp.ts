/**
 * Takes what SDKs and agents push over HTTP, both ways of it, and hands it to the `Receiver`: 200 is answered only for
 * what that has taken.
 */
import { type ByteSize, Context, Duration, Effect, Layer, type Result, type Scope } from "effect"
import { type InvalidOptions, read } from "../delivery/Options.ts"
import { Receiver } from "../delivery/Receiver.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Address from "./Address.ts"
import * as Listener from "./Listener.ts"
import * as ProfileApi from "./ProfileApi.ts"
import * as Requests from "./Requests.ts"

/** Where it listens, and what it takes. */
export interface Options {
  /** The address to listen on, as an IP address or a name. Default: empty, which is every address. */
  readonly host?: string
  /** From 0 to 65535, where 0 is any free port. Default: 8080. */
  readonly port?: number
  /** The largest body that is taken, before and after decompression. Default: 64 MiB. */
  readonly maxBodySize?: ByteSize.Input
  /** Connections beyond this are turned away; at least 1. Default: 16384. */
  readonly connections?: number
  /** For a whole request, body included: what takes longer is answered 408. Default: 30 seconds. */
  readonly readTimeout?: Duration.Input
  /** For as long as nothing moves on a connection in use. Default: 30 seconds. */
  readonly writeTimeout?: Duration.Input
  /** For a connection without a request. Default: 2 minutes. */
  readonly idleTimeout?: Duration.Input
  /** How long requests may go on once the scope closes; 0 cuts them off. Default: 5 seconds. */
  readonly gracefulShutdownTimeout?: Duration.Input
  /**
   * Who listens. A Layer that is built beside one of the same owner takes over the address from it, and no connection is
   * refused in between. Default: nobody, so that a second one fails.
   */
  readonly owner?: string
}

export { ListenError } from "./Listener.ts"
export type { Address } from "./Listener.ts"

/** Where it listens by default: on every address. */
export const defaults = { host: "", port: 8080 }

/** What listens. */
export class ReceiveHttp extends Context.Service<ReceiveHttp, {
  /** Where it listens: the port is the real one, where any free one was asked for. */
  readonly address: Listener.Address
}>()("pyroduct/server/ReceiveHttp") {}

/**
 * Listens until the scope closes, and then lets requests finish. A port that is taken, or an address that is not this
 * machine's, is a `ListenError`.
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<
  ReceiveHttp["Service"],
  InvalidOptions | Listener.ListenError,
  Receiver | Listener.Listener | Scope.Scope
> {
  const settings = yield* Effect.fromResult(settingsOf(options))
  const receiver = yield* Receiver
  const listener = yield* Listener.Listener
  const requests = yield* Requests.make({ duration: Metrics.requestDuration, refused: Metrics.requestsRefused })
  const handler = ProfileApi.make({
    maxBytes: settings.maxBytes,
    check: receiver.check,
    accept: receiver.offer,
    ready: receiver.ready,
    requests
  })
  const { turnedAway } = requests
  const address = yield* listener.listen({ ...settings.listener, turnedAway }, handler)
  yield* Effect.logInfo("listening").pipe(Effect.annotateLogs({ addr: Address.format(address) }))
  return { address }
})

/** With a `Listener` of one's own, which it may share with others of the same `owner`. */
export const layerNoDeps = (
  options: Options = {}
): Layer.Layer<ReceiveHttp, InvalidOptions | Listener.ListenError, Receiver | Listener.Listener> =>
  Layer.effect(ReceiveHttp, make(options))

/**
 * Listens for as long as the Layer lives, and tells where as a service.
 *
 * ```ts
 * ReceiveHttp.layer({ port: 4040 }).pipe(Layer.provide(SomeReceiver))
 * ```
 */
export const layer = (
  options: Options = {}
): Layer.Layer<ReceiveHttp, InvalidOptions | Listener.ListenError, Receiver> =>
  Layer.provide(layerNoDeps(options), Listener.Listener.layer)

interface Settings {
  readonly listener: Listener.Settings
  readonly maxBytes: number
}

const settingsOf = (options: Options): Result.Result<Settings, InvalidOptions> =>
  read("receiving over HTTP", ({ duration, size, whole }) => ({
    maxBytes: size("maxBodySize", options.maxBodySize, ProfileApi.defaults.maxBytes),
    listener: {
      owner: options.owner ?? Listener.defaults.owner,
      host: options.host ?? defaults.host,
      port: whole("port", options.port, defaults.port, { minimum: 0, maximum: 65535 }),
      connections: whole("connections", options.connections, Listener.defaults.connections, { minimum: 1 }),
      readTimeout: duration("readTimeout", options.readTimeout, Listener.defaults.readTimeout),
      writeTimeout: duration("writeTimeout", options.writeTimeout, Listener.defaults.writeTimeout),
      idleTimeout: duration("idleTimeout", options.idleTimeout, Listener.defaults.idleTimeout),
      shutdownTimeout: duration(
        "gracefulShutdownTimeout",
        options.gracefulShutdownTimeout,
        Listener.defaults.shutdownTimeout,
        Duration.zero
      )
    }
  }))
