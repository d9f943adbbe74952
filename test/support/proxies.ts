/**
 * Proxies: real ones for HTTP, a small one for SOCKS5, and some that are broken.
 */
import { Effect, type Scope } from "effect"
import { once } from "node:events"
import type { IncomingHttpHeaders } from "node:http"
import { connect, createServer, type LookupFunction, type Socket } from "node:net"
import { type HttpServerOptions, Server as HttpProxy } from "proxy-chain"
import type { Identity } from "./certificates.ts"
import { listening } from "./webServer.ts"

/** The one who may use a proxy. */
export interface User {
  readonly username: string
  readonly password: string
}

/** A request as the proxy has seen it. */
export interface Seen {
  readonly method: string
  /** The whole URL, or name and port of a CONNECT. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
}

export interface Proxy {
  readonly port: number
  readonly seen: ReadonlyArray<Seen>
}

/** To a proxy every name is this host's: what reaches a server under a name that nobody else knows has come that way. */
const lookup: LookupFunction = (_name, { all }, callback) =>
  all ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)

/** Takes everybody if there is no `user`; over TLS if it has a certificate. */
export const makeHttpProxy = Effect.fnUntraced(function*(
  options: { readonly user?: User; readonly identity?: Identity } = {}
): Effect.fn.Return<Proxy, never, Scope.Scope> {
  const { identity, user } = options
  const seen: Array<Seen> = []
  const settings: Omit<HttpServerOptions, "serverType"> = {
    port: 0,
    host: "127.0.0.1",
    prepareRequestFunction: ({ password, request: { headers, method = "", url: target = "" }, username }) => {
      seen.push({ method, target, headers })
      return {
        // The proxy passes the option `all` on, of which its type knows nothing.
        dnsLookup: lookup as never,
        requestAuthentication: user !== undefined && (username !== user.username || password !== user.password)
      }
    }
  }
  const proxy = new HttpProxy(
    identity === undefined
      ? settings
      : { ...settings, serverType: "https", httpsOptions: { cert: identity.certificate, key: identity.key } }
  )
  yield* Effect.acquireRelease(
    Effect.promise(() => proxy.listen()),
    () => Effect.promise(() => proxy.close(true))
  )
  return { port: proxy.port, seen }
})

/** What becomes of a connection once the head of a request is there. */
export const makeBrokenProxy = Effect.fnUntraced(function*(
  react: (socket: Socket) => void
): Effect.fn.Return<number, never, Scope.Scope> {
  return yield* listening(createServer((socket) => void socket.once("data", () => react(socket))))
})

/** An answer without a body to whatever was asked. */
export const answering = (head: string) => (socket: Socket): void => void socket.end(`${head}\r\n\r\n`)

export interface SocksProxy {
  readonly port: number
  readonly seen: ReadonlyArray<{
    /** A name is not resolved yet. */
    readonly host: string
    readonly port: number
    readonly user: User | undefined
  }>
}

/** The first byte of each message, and of the greeting the ways to authenticate. */
const socksVersion = 5
const passwordVersion = 1
const byPassword = 2
const noWay = 0xff

/** What a SOCKS5 proxy says to a request (RFC 1928). */
export const socksReply = { succeeded: 0, notAllowed: 2, refused: 5 } as const

/** Of RFC 1928 and RFC 1929 what a client that connects needs. `reply` is the answer to each request. */
export const makeSocksProxy = Effect.fnUntraced(function*(
  options: { readonly user?: User; readonly reply?: number } = {}
): Effect.fn.Return<SocksProxy, never, Scope.Scope> {
  const seen: Array<SocksProxy["seen"][number]> = []
  const { reply = socksReply.succeeded } = options
  const serve = async (socket: Socket): Promise<void> => {
    const take = reader(socket)
    const [, ways = 0] = await take(2)
    const offered = await take(ways)
    const way = options.user === undefined ? 0 : byPassword
    if (!offered.includes(way)) return void socket.end(Buffer.of(socksVersion, noWay))
    socket.write(Buffer.of(socksVersion, way))

    let user: User | undefined
    if (way === byPassword) {
      const text = async (): Promise<string> => (await take((await take(1))[0]!)).toString()
      await take(1)
      user = { username: await text(), password: await text() }
      const isHe = user.username === options.user?.username && user.password === options.user.password
      if (!isHe) return void socket.end(Buffer.of(passwordVersion, 1))
      socket.write(Buffer.of(passwordVersion, 0))
    }

    const [, , , kind] = await take(4)
    const host = kind === 1 ? (await take(4)).join(".") : (await take((await take(1))[0]!)).toString()
    const port = (await take(2)).readUInt16BE()
    seen.push({ host, port, user })
    const answer = Buffer.of(socksVersion, reply, 0, 1, 0, 0, 0, 0, 0, 0)
    if (reply !== socksReply.succeeded) return void socket.end(answer)
    const server = connect(port, "127.0.0.1")
    socket.on("close", () => server.destroy())
    server.on("error", () => {}).on("close", () => socket.destroy())
    await once(server, "connect")
    socket.write(answer)
    socket.pipe(server)
    server.pipe(socket)
  }
  const port = yield* listening(
    createServer((socket) => void serve(socket).catch(() => socket.destroy()))
  )
  return { port, seen }
})

/** So many bytes of what comes, however it is cut. */
const reader = (socket: Socket) => async (count: number): Promise<Buffer> => {
  for (;;) {
    if (count === 0) return Buffer.alloc(0)
    const bytes: Buffer | null = socket.read(count)
    if (bytes !== null) return bytes
    await once(socket, "readable")
  }
}
