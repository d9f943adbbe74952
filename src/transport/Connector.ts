/**
 * Sockets for undici: to a server, to a proxy, and to a server through a proxy's tunnel.
 */
import { buildConnector } from "@effect/platform-node/Undici"
import { type Duration, Effect, Redacted } from "effect"
import { Socket } from "node:net"
import { SocksClient } from "socks"
import * as Timer from "../telemetry/Timer.ts"
import { dial } from "./Dial.ts"
import * as HeaderValue from "./HeaderValue.ts"
import * as HttpTunnel from "./HttpTunnel.ts"
import * as Proxy from "./Proxy.ts"
import type { Resolve } from "./Resolver.ts"
import * as Tls from "./Tls.ts"
import { fromCause, mapDetail, noAnswer, NoConnection, ProxyRefused, type TransportError } from "./TransportError.ts"

/** What undici gets instead of a socket. Of errors that it knows it would make something else. */
export class Failure extends Error {
  readonly reason: TransportError
  constructor(reason: TransportError) {
    super(reason.message)
    this.reason = reason
  }
}

export interface Settings {
  readonly resolve: Resolve
  readonly tls: Tls.ConnectionOptions
  readonly http2: boolean
  /** For each step on the way to a connection. */
  readonly timeout: Duration.Duration
}

type Target = buildConnector.Options

export type Open = (target: Target) => Effect.Effect<Socket, TransportError>

/** Straight to the server. */
export const direct = (settings: Settings): Open => open(settings, settings.http2)

/** To a proxy that gets whole requests. */
export const forward = (settings: Settings, proxy: Proxy.Server): Open => {
  const toProxy = open(withoutServerName(settings), false)
  return (target) => Effect.mapError(toProxy(target), at(proxy))
}

/** To a server through a proxy, which sees nothing but its name. */
export const tunnel = (
  settings: Settings,
  proxy: Proxy.Server,
  connectHeaders: Readonly<Record<string, ReadonlyArray<string>>>
): Open => {
  const toProxy = open(withoutServerName(settings), false)
  const toServer = open(settings, settings.http2)
  const through = (target: Target): Effect.Effect<Socket, TransportError> =>
    Effect.flatMap(toProxy(addressOf(proxy)), (socket) =>
      proxy.protocol === "socks5:"
        ? socks(settings, proxy, socket, target)
        : connect(settings, proxy, connectHeaders, socket, target))
  return (target) =>
    Effect.mapError(through(target), at(proxy)).pipe(
      Effect.flatMap((httpSocket) =>
        target.protocol === "https:" ? toServer({ ...target, httpSocket }) : Effect.succeed(httpSocket)
      )
    )
}

const addressOf = ({ hostname, name, port, protocol }: Proxy.Server): Target => ({
  protocol: protocol === "https:" ? "https:" : "http:",
  hostname,
  host: new URL(name).host,
  port: `${port}`
})

/** Says which of the parties it was. */
const at = (proxy: Proxy.Server) => (error: TransportError): TransportError =>
  mapDetail(error, (detail) => `proxy ${proxy.name}: ${detail}`)

/** The name is the server's. */
const withoutServerName = (settings: Settings): Settings => {
  const { servername: _name, ...tls } = settings.tls
  return { ...settings, tls: { ...tls, ...Tls.expecting("") } }
}

/** The name to expect is that of the settings or of the URL, whatever a `host` header says. */
const open = ({ resolve, timeout, tls }: Settings, allowH2: boolean): Open => {
  const reach = (target: Target): Effect.Effect<Socket, TransportError> =>
    Effect.timeoutOrElse(
      Effect.flatMap(resolve(target.hostname), (addresses) => dial(addresses, portOf(target))),
      { duration: timeout, orElse: () => Effect.fail(noAnswer(timeout)) }
    )
  let handshake: buildConnector.connector | undefined
  const makeHandshake = () => {
    const { context, ...options } = tls
    const secureContext = context()
    return buildConnector({ ...options, secureContext, allowH2, preferH2: true, timeout: Timer.millis(timeout) })
  }
  const secure = (
    { servername: _name, ...target }: Target,
    httpSocket: Socket
  ): Effect.Effect<Socket, TransportError> =>
    owned((give, fail) =>
      (handshake ??= makeHandshake())({ ...withoutDot(target), httpSocket }, (error, socket) => {
        if (error !== null) return fail(fromCause(error))
        // With TLS 1.3 a server refuses a client certificate when the connection is there already. Of the errors that
        // come then, undici reports the last, which is the end of the connection: so the first one ends it.
        socket.once("error", (error) => socket.destroy(error))
        give(socket)
      })
    )
  return (target) => {
    const reached = target.httpSocket === undefined ? reach(target) : Effect.succeed(target.httpSocket)
    return target.protocol === "https:" ? Effect.flatMap(reached, (socket) => secure(target, socket)) : reached
  }
}

/** A name's dot at its end means nothing to a server, and is not to be sent to it in the handshake (RFC 6066, section 3). */
const withoutDot = ({ host, ...target }: Target): Target =>
  host === undefined ? target : { ...target, host: host.replace(/\.(?=(:\d+)?$)/, "") }

/**
 * `open` gives a socket later, and may give at once the one that it works on. One that nobody wants any more is closed,
 * however far it has come.
 */
export const owned = (
  open: (give: (socket: Socket) => void, fail: (error: TransportError) => void) => unknown
): Effect.Effect<Socket, TransportError> =>
  Effect.callback((resume) => {
    let isWanted = true
    const opening = open(
      (socket) => isWanted ? resume(Effect.succeed(socket)) : close(socket),
      (error) => resume(Effect.fail(error))
    )
    return Effect.sync(() => {
      isWanted = false
      if (opening instanceof Socket) close(opening)
    })
  })

const close = (socket: Socket): void => {
  socket.on("error", () => {}).destroy()
}

const authority = ({ hostname, port, protocol }: Target): string => {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname
  return `${host}:${portOf({ port, protocol })}`
}

const portOf = ({ port, protocol }: Pick<Target, "port" | "protocol">): number =>
  port === "" ? (protocol === "https:" ? 443 : 80) : Number(port)

const connect = (
  { timeout }: Settings,
  proxy: Proxy.Server,
  headers: Readonly<Record<string, ReadonlyArray<string>>>,
  socket: Socket,
  target: Target
): Effect.Effect<Socket, TransportError> => {
  const authorization = Proxy.authorization(proxy)
  return HttpTunnel.open({
    authority: authority(target),
    headers: [
      ...authorization === undefined ? [] : [["proxy-authorization", authorization] as const],
      ...Object.entries(headers).flatMap(([name, values]) =>
        values.map((value) => [name, HeaderValue.encode(value)] as const)
      )
    ],
    timeout
  }, socket)
}

/** The proxy resolves the server's name, for `socks5` and `socks5h` alike, as Go's client has it. */
const socks = (
  { timeout }: Settings,
  { credentials, hostname, port }: Proxy.Server,
  socket: Socket,
  target: Target
): Effect.Effect<Socket, TransportError> =>
  owned((give, fail) => {
    const client = new SocksClient({
      proxy: {
        host: hostname,
        port,
        type: 5,
        ...(credentials && { userId: credentials.username, password: Redacted.value(credentials.password) })
      },
      command: "connect",
      destination: { host: target.hostname, port: portOf(target) },
      timeout: Timer.millis(timeout)
    })
    client.on("established", () => give(socket))
    client.on("error", ({ message }) => fail(socksError(message, timeout)))
    client.connect(socket)
    return socket
  })

/** SOCKS has words of its own for what HTTP proxies say with a status. */
const socksError = (message: string, timeout: Duration.Duration): TransportError => {
  const refused = (status: number) => new ProxyRefused({ status, retryAfter: undefined, detail: message })
  if (/authentication failed|no accepted authentication/i.test(message)) return refused(407)
  if (/NotAllowed/.test(message)) return refused(403)
  return /timed out/i.test(message) ? noAnswer(timeout) : new NoConnection({ code: "SOCKS", detail: message })
}
