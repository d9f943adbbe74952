/**
 * A server of any protocol that records what it is sent and by whom, and takes it or not as a test says.
 */
import { Effect } from "effect"
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse, type Http2Session } from "node:http2"
import { createServer as createHttpsServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { buffer } from "node:stream/consumers"
import { type SecureContextOptions, type TlsOptions, TLSSocket } from "node:tls"
import type { Identity } from "./certificates.ts"
import { type Journal, makeJournal } from "./journal.ts"

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** `1.1` or `2.0`. */
  readonly httpVersion: string
  /** The subject of the client's certificate. */
  readonly client: string | undefined
  readonly status: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
}

const untrusted: Answer = {
  status: 400,
  headers: { "content-type": "text/html", connection: "close" },
  text: "<html><head><title>400 The SSL certificate error</title></head></html>"
}

/** What becomes of a request. */
export type Judge = (request: Omit<Received, "status">) => Answer

export interface Options {
  /** Speaks TLS as this one. */
  readonly identity?: Identity
  /** Of clients that must show a certificate of theirs. */
  readonly clientAuthority?: { readonly certificate: string }
  /** Takes any client's certificate, and answers 400 where it does not trust it, as nginx does. */
  readonly refusesInHttp?: boolean
  readonly tls?: TlsOptions
  readonly http2?: boolean
}

export interface Target {
  /** With the name `localhost`. */
  readonly url: string
  /** All of them, with what they were answered. */
  readonly requests: Journal<Received>
  /** From now on. */
  readonly judge: (judge: Judge) => void
  /** For connections from now on; those that there are end with the requests that are under way on them. */
  readonly renew: (options: Pick<Options, "identity" | "clientAuthority">) => void
}

/** Takes everything until it is told otherwise, and listens until the scope closes. */
export const makeTarget = Effect.fnUntraced(function*(options: Options = {}) {
  const requests = makeJournal<Received>(({ path, status }) => `${path} ${status}`)
  const sockets = new Set<Socket>()
  const sessions = new Set<Http2Session>()
  const outdated = new WeakSet<Socket>()
  let judge: Judge = () => ({ status: 200 })

  const receive = async (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    const { headers, httpVersion, socket, url: path } = request
    const client = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined
    const received = { path, headers, httpVersion, client, body: await buffer(request) }
    const isRefused = options.refusesInHttp === true && socket instanceof TLSSocket && !socket.authorized
    const answer = isRefused ? untrusted : judge(received)
    requests.add({ ...received, status: answer.status })
    const isLast = httpVersion === "1.1" && outdated.has(socket)
    response.writeHead(answer.status, { ...answer.headers, ...(isLast && { connection: "close" }) }).end(
      answer.text ?? ""
    )
  }
  const onRequest = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    // What is cut off before it is whole is no request.
    receive(request, response).catch(() => response.destroy())
  }
  const server = makeServer(options, onRequest)
  server.on(options.identity === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    sockets.add(socket.on("error", () => {}).once("close", () => sockets.delete(socket)))
  })
  server.on("session", (session: Http2Session) => {
    sessions.add(session.on("error", () => {}).once("close", () => sessions.delete(session)))
  })

  server.listen(0, "127.0.0.1")
  yield* Effect.promise(() => once(server, "listening"))
  yield* Effect.addFinalizer(() =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const socket of sockets) socket.destroy()
    })
  )
  const { port } = server.address() as AddressInfo
  const target: Target = {
    url: `${options.identity === undefined ? "http" : "https"}://localhost:${port}`,
    requests,
    judge: (next) => {
      judge = next
    },
    renew: (next) => {
      if ("setSecureContext" in server) server.setSecureContext(contextOf({ ...options, ...next }))
      for (const socket of sockets) outdated.add(socket)
      for (const session of sessions) session.close()
    }
  }
  return target
})

const makeServer = (
  options: Options,
  onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void
) => {
  const tls = { ...options.tls, ...contextOf(options) }
  if (options.identity !== undefined && options.http2 === true) {
    return createSecureServer({ ...tls, allowHTTP1: true }, onRequest)
  }
  // The two kinds of requests and responses have in common what is used of them here.
  const onRequest1 = onRequest as never
  return options.identity === undefined ? createServer(onRequest1) : createHttpsServer(tls, onRequest1)
}

const contextOf = (
  { clientAuthority, identity, refusesInHttp = false }: Options
): SecureContextOptions & TlsOptions => ({
  cert: identity?.certificate,
  key: identity?.key,
  ...(clientAuthority && { ca: clientAuthority.certificate, requestCert: true, rejectUnauthorized: !refusesInHttp })
})
