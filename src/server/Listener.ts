/**
 * HTTP listeners: the engine's own and those of components.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Context, Data, Duration, Effect, Layer, Option, type Scope } from "effect"
import { HttpServerRequest, type HttpServerResponse } from "effect/http"
import type * as Http from "node:http"
import { type Address, format } from "./Address.ts"
import * as EarlyAnswer from "./EarlyAnswer.ts"
import * as ListeningSocket from "./ListeningSocket.ts"
import * as Refusal from "./Refusal.ts"
import type { Requests } from "./Requests.ts"

export type { Limits } from "./ListeningSocket.ts"
export type { ClientAuth, Options as TlsOptions } from "./ServerTls.ts"
export type { Address }

/** Where to listen, for whom, and what a connection may take. */
export interface Settings extends ListeningSocket.Limits {
  /**
   * Empty is every address. */
  readonly host: string
  /** 0 is any free port. */
  readonly port: number
  /** How long requests may go on once the scope closes. */
  readonly shutdownTimeout: Duration.Duration
  /**
   * Who listens: one of the same name takes over what it listens on, and a port of 0 is the port that it has. Nobody takes
   * it over from a listener whose owner is empty, which is the default.
   */
  readonly owner: string
  /**
   * Is told of what came to no request.
   *
   * @internal
   */
  readonly turnedAway?: Requests["turnedAway"]
}

/** What is not written about a listener. */
export const defaults: Omit<Settings, "host" | "port"> = {
  owner: "",
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

/** A port in use, an address that is not ours. */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly host: string
  readonly port: number
  readonly code: string
}> {
  override get message(): string {
    const why = reasons[this.code] ?? this.code
    return `cannot listen on ${format(this)}: ${why}`
  }
}

const reasons: Record<string, string> = {
  EADDRINUSE: "address already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "cannot assign requested address",
  ENOTFOUND: "no such host"
}

/** Listens for HTTP. */
export class Listener extends Context.Service<Listener, {
  /**
   * Listens until the scope closes; then lets requests finish.
   *
   * Where the same owner listens already, what is new takes over: the requests that come from now on, on open connections
   * as well. Nothing is refused in between, and those that are there are finished by whoever began them.
   */
  readonly listen: (settings: Settings, handler: Handler) => Effect.Effect<Address, ListenError, Scope.Scope>
}>()("pyroduct/server/Listener") {
  static readonly layer: Layer.Layer<Listener> = Layer.sync(Listener, () => {
    const sockets: ListeningSocket.Sockets = new Set()
    return { listen: (settings, handler) => listen(sockets, settings, handler) }
  })
}

const listen = Effect.fnUntraced(function*(
  sockets: ListeningSocket.Sockets,
  settings: Settings,
  handler: Handler
): Effect.fn.Return<Address, ListenError, Scope.Scope> {
  const { host, owner, port } = settings
  const errorOf = (cause: unknown) => new ListenError({ host, port, code: codeOf(cause) })
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const { turnedAway } = settings
  const share = new ListeningSocket.Share(sockets, { owner, host, port }, settings, {
    lost: (error) => {
      if (error !== undefined) run(Effect.logError(errorOf(error).message))
    },
    turnedAway: (refusal, remote) => {
      if (turnedAway !== undefined) run(turnedAway(refusal, remote))
    }
  })
  const bound = yield* NodeHttpServer.make(() => share as unknown as Http.Server, {
    gracefulShutdownTimeout: settings.shutdownTimeout
  }).pipe(Effect.mapError(({ cause }) => errorOf(cause)))
  const { address, port: real } = share.address()
  // Runs after the grace period and before the wait for the last connection, which a slow sender could draw out.
  yield* Effect.addFinalizer(() => Effect.sync(() => share.cutOff()))
  yield* bound.serve(Effect.flatMap(addressed(handler, turnedAway), EarlyAnswer.patient))
  return { host: address, port: real }
})

/** As RFC 9112, 3.2, has it. Node would close the connection, and not answer what is behind but handle it. */
const addressed = (handler: Handler, turnedAway: Settings["turnedAway"]): Handler =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const { headers, httpVersion } = NodeHttpServerRequest.toIncomingMessage(request)
    if (httpVersion !== "1.1" || headers.host !== undefined) return handler
    const told = turnedAway?.(withoutHost, Option.getOrUndefined(request.remoteAddress)) ?? Effect.void
    return Effect.as(told, Refusal.answer(withoutHost))
  })

const withoutHost = Refusal.malformed("a Host header is required")

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : String(cause)
