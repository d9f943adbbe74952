/**
 * HTTP listeners: the engine's own and those of components.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Context, Data, Duration, Effect, Layer, type Scope } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Http from "node:http"
import * as Timer from "../telemetry/Timer.ts"
import * as Connect from "../wire/Connect.ts"
import * as BadRequest from "./BadRequest.ts"
import * as EarlyAnswer from "./EarlyAnswer.ts"

export interface Settings {
  /** Empty is every address. */
  readonly host: string
  /** 0 is any free port. */
  readonly port: number
  /** Connections beyond this are turned away. */
  readonly connections: number
  /** For a whole request, body included: what takes longer is answered 408. */
  readonly readTimeout: Duration.Duration
  /** For as long as nothing moves on a connection in use. */
  readonly writeTimeout: Duration.Duration
  /** For a connection without a request. */
  readonly idleTimeout: Duration.Duration
  /** How long requests may go on once the scope closes. */
  readonly shutdownTimeout: Duration.Duration
}

export const defaults: Omit<Settings, "host" | "port"> = {
  connections: 16384,
  readTimeout: Duration.seconds(30),
  writeTimeout: Duration.seconds(30),
  idleTimeout: Duration.seconds(120),
  shutdownTimeout: Duration.seconds(5)
}

/**
 * Answers every request: a failure here is a defect. The sender's leaving and the end of the grace period interrupt it
 * only where it is `Effect.interruptible`, as it is while it reads a body.
 */
export type Handler = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

export interface Address {
  readonly host: string
  readonly port: number
}

/** A port in use, an address that is not ours. */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly host: string
  readonly port: number
  readonly code: string
}> {
  override get message(): string {
    const why = reasons[this.code] ?? this.code
    return `cannot listen on ${formatAddress(this)}: ${why}`
  }
}

const reasons: Record<string, string> = {
  EADDRINUSE: "address already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "cannot assign requested address",
  ENOTFOUND: "no such host"
}

export class Listener extends Context.Service<Listener, {
  /** Listens until the scope closes; then lets requests finish. */
  readonly listen: (settings: Settings, handler: Handler) => Effect.Effect<Address, ListenError, Scope.Scope>
}>()("pyroduct/server/Listener") {
  static readonly layer: Layer.Layer<Listener> = Layer.succeed(Listener, {
    listen: (settings, handler) => listen(settings, handler)
  })
}

const listen = Effect.fnUntraced(function*(settings: Settings, handler: Handler) {
  const { host, port } = settings
  const server = makeServer(settings)
  const bound = yield* NodeHttpServer.make(() => server, {
    port,
    ...(host === "" ? {} : { host }),
    gracefulShutdownTimeout: settings.shutdownTimeout
  }).pipe(
    Effect.mapError((error) => new ListenError({ host, port, code: codeOf(error.cause) }))
  )
  // Runs after the grace period and before the wait for the last connection, which a slow sender could draw out.
  yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  yield* bound.serve(Effect.flatMap(addressed(handler), EarlyAnswer.patient))
  // Nothing here is upgraded. Who offers it, as some clients do for HTTP/2, would be handled with the body left unread.
  server.removeAllListeners("upgrade")
  return addressOf(server)
})

/** As RFC 9112, 3.2, has it. Node would close the connection, and not answer what is behind but handle it. */
const addressed = (handler: Handler): Handler =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const { headers, httpVersion } = NodeHttpServerRequest.toIncomingMessage(request)
    return httpVersion === "1.1" && headers.host === undefined ? Effect.succeed(withoutHost) : handler
  })

const withoutHost = HttpServerResponse.text(Connect.errorBody("invalid_argument", "a Host header is required"), {
  status: 400,
  contentType: "application/json"
})

const makeServer = (settings: Settings): Http.Server => {
  const read = Timer.millis(settings.readTimeout)
  const server = Http.createServer({
    requireHostHeader: false,
    requestTimeout: read,
    headersTimeout: read,
    keepAliveTimeout: Timer.millis(settings.idleTimeout),
    connectionsCheckingInterval: Math.min(1000, Math.max(50, read))
  })
  server.timeout = Math.max(read, Timer.millis(settings.writeTimeout))
  server.maxConnections = settings.connections
  // Who has sent everything and ends its side may still read, as from Go's server: Node would end both sides.
  Object.assign(server, { httpAllowHalfOpen: true })
  BadRequest.handle(server, Duration.min(settings.readTimeout, defaults.readTimeout))
  return server
}

const addressOf = (server: Http.Server): Address => {
  const address = server.address()
  return address === null || typeof address === "string"
    ? { host: String(address), port: 0 }
    : { host: address.address, port: address.port }
}

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : String(cause)

/** `127.0.0.1:12345`, `[::1]:80`, or `:8080` where the host is empty. */
export const formatAddress = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** `127.0.0.1:12345` or `[::1]:80` or `:8080`. */
export const parseAddress = (text: string): Address | undefined => {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  return port > 65535 ? undefined : { host: match[1] ?? match[2] ?? "", port }
}
