/**
 * Servers whose connections, sessions and streams a test sees, and breaks.
 */
import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import {
  createSecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream
} from "node:http2"
import { createServer as createHttpsServer } from "node:https"
import type { Socket } from "node:net"
import type { TlsOptions } from "node:tls"
import * as Certificates from "./certificates.ts"
import { makeJournal } from "./journal.ts"
import { listening } from "./webServer.ts"

/** Who has issued the certificate of every server here. */
export const authority = await Certificates.authority()

const identity = await Certificates.issue(authority)
const contextOf = ({ certificate, key }: Certificates.Identity): TlsOptions => ({ cert: certificate, key })

/** The certificate of a server at `localhost` and 127.0.0.1, and its key. */
export const trusted: TlsOptions = contextOf(identity)

/** What to do with a request whose beginning has come. They are counted from 1. */
export type OnRequest = (response: ServerResponse, count: number, request: IncomingMessage) => void

/** Answers once the request has come whole. */
export const answer = (status: number, text = ""): OnRequest => (response, _count, request) =>
  void request.resume().on("end", () => response.writeHead(status).end(text))

/** HTTP/1.1, over TLS with `tls`. It closes no connection for being idle. */
export const makeHttpServer = Effect.fnUntraced(function*(onRequest: OnRequest = answer(200), tls?: TlsOptions) {
  const sockets = makeJournal<Socket>(({ remotePort }) => `connection from ${remotePort}`)
  const requests = makeJournal<IncomingMessage>(({ url }) => `request for ${url}`)
  const receive = (request: IncomingMessage, response: ServerResponse): void => {
    onRequest(response, requests.all.length + 1, request)
    requests.add(request)
  }
  const server = tls === undefined ? createServer(receive) : createHttpsServer(tls, receive)
  server.keepAliveTimeout = 0
  server.on(
    tls === undefined ? "connection" : "secureConnection",
    (socket: Socket) => sockets.add(socket.on("error", () => {}))
  )
  const port = yield* listening(server)
  return { port, url: `${tls === undefined ? "http" : "https"}://localhost:${port}`, sockets, requests }
})

/** What to do with a stream whose headers have come. They are counted from 1. */
export type OnStream = (
  stream: ServerHttp2Stream,
  count: number,
  session: ServerHttp2Session,
  path: string | undefined
) => void

/** Answers once the request has come whole. */
export const answerStream = (stream: ServerHttp2Stream): void =>
  void stream.resume().on("end", () => {
    if (stream.destroyed) return
    stream.respond({ ":status": 200 })
    stream.end("2.0")
  })

/** Speaks nothing but HTTP/2 over TLS. */
export const makeHttp2Server = Effect.fnUntraced(function*(
  onStream: OnStream = answerStream,
  options: SecureServerOptions = {}
) {
  const sessions = makeJournal<ServerHttp2Session>(() => "session")
  const streams = makeJournal<ServerHttp2Stream>(({ id }) => `stream ${id}`)
  const server = createSecureServer({ ...trusted, ...options })
  const sockets = makeJournal<Socket>(({ remotePort }) => `connection from ${remotePort}`)
  server.on("secureConnection", (socket) => sockets.add(socket.on("error", () => {})))
  server.on("session", (session) => sessions.add(session.on("error", () => {})))
  server.on("stream", (stream, { ":path": path }) => {
    onStream(stream.on("error", () => {}), streams.all.length + 1, stream.session as ServerHttp2Session, path)
    streams.add(stream)
  })
  const port = yield* listening(server)
  return { url: `https://localhost:${port}`, sessions, sockets, streams }
})
