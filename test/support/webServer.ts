/**
 * A server at the end of the way that does with a request what a test says: in plain text, or over TLS with HTTP/2 for
 * whoever can do it.
 */
import { Effect, type Scope } from "effect"
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2"
import type { AddressInfo, Server, Socket } from "node:net"
import { buffer } from "node:stream/consumers"
import type { TlsOptions } from "node:tls"

export interface Received {
  /** `1.1` or `2.0`. */
  readonly version: string
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What of both kinds of responses is the same, and their socket. */
export type Response = Pick<ServerResponse, "end" | "writeHead" | "socket">

/** What to do with a request that has come whole. */
export type Respond = (response: Response, received: Received) => void

export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, text = ""): Respond => (response) =>
    void response.writeHead(status, headers).end(text)

export interface WebServer {
  readonly port: number
  /** By address; the server is there under `localhost` too. */
  readonly url: string
  readonly requests: ReadonlyArray<Received>
}

/** Listens on a free port until the scope closes, and then breaks what connections there are. */
export const listening = Effect.fnUntraced(function*(server: Server): Effect.fn.Return<number, never, Scope.Scope> {
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => {}).once("close", () => sockets.delete(socket)))
  })
  yield* Effect.acquireRelease(
    Effect.promise(() => {
      server.listen(0, "127.0.0.1")
      return once(server, "listening")
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  return (server.address() as AddressInfo).port
})

/** With `tls`, a certificate and its key at least, it speaks nothing else. */
export const makeWebServer = Effect.fnUntraced(function*(
  respond: Respond = answer(200),
  tls?: TlsOptions
): Effect.fn.Return<WebServer, never, Scope.Scope> {
  const requests: Array<Received> = []
  const receive = async (request: IncomingMessage | Http2ServerRequest, response: Response): Promise<void> => {
    const { headers, httpVersion: version, method = "", url: path = "" } = request
    const received = { version, method, path, headers, body: await buffer(request) }
    requests.push(received)
    respond(response, received)
  }
  const onRequest = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse
  ): void => {
    // What is cut off before it is whole is no request.
    receive(request, response as ServerResponse).catch(() => response.destroy())
  }
  const port = yield* listening(
    tls === undefined ? createServer(onRequest) : createSecureServer({ allowHTTP1: true, ...tls }, onRequest)
  )
  return { port, url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`, requests }
})
