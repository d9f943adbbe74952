import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Scope } from "effect"
import { once } from "node:events"
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { buffer } from "node:stream/consumers"
import * as PushError from "../../src/delivery/PushError.ts"
import { type Request, type Response, Transport, type TransportError } from "../../src/transport/Transport.ts"

/** A server on any free port that is gone when the scope closes. */
const listen = Effect.fnUntraced(function*(listener: RequestListener) {
  const sockets: Array<Socket> = []
  const server = createServer(listener).on("connection", (socket) => sockets.push(socket))
  // No connection is closed for being idle.
  server.keepAliveTimeout = 0
  server.listen(0, "127.0.0.1")
  yield* Effect.promise(() => once(server, "listening"))
  yield* Effect.addFinalizer(() =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
  )
  return { sockets, port: (server.address() as AddressInfo).port }
})

const request = (body: Uint8Array = Uint8Array.of(1, 2, 3)): Request => ({
  method: "POST",
  path: "/prefix/push?name=a%20b",
  headers: { "content-type": "application/proto", "x-agent-id": "instance-7" },
  body
})

const connectTo = Effect.fnUntraced(function*(port: number, connections = 1, scheme = "http") {
  const transport = yield* Transport
  return yield* transport.connect({ origin: `${scheme}://127.0.0.1:${port}`, connections })
})

const live = (name: string, test: () => Effect.Effect<void, TransportError | Response, Transport | Scope.Scope>) =>
  it.live(name, () => Effect.provide(test(), Transport.layer))

/** Answers each request once its body is there. */
const answering = (answer: (response: ServerResponse, count: number) => void): RequestListener => {
  let count = 0
  return (request, response) => void request.resume().on("end", () => answer(response, count++))
}

/** Requests that wait to be answered by hand. */
const holding = () => {
  const held: Array<ServerResponse> = []
  let next: ((response: ServerResponse) => void) | undefined
  const listener: RequestListener = (request, response) => {
    request.resume()
    if (next === undefined) held.push(response)
    else next(response)
  }
  const arrival = Effect.callback<ServerResponse>((resume) => {
    const first = held.shift()
    if (first !== undefined) return resume(Effect.succeed(first))
    next = (response) => {
      next = undefined
      resume(Effect.succeed(response))
    }
  })
  return { arrival, listener }
}

describe("Transport over undici", () => {
  live("sends what it is given", () =>
    Effect.gen(function*() {
      let received: { readonly request: IncomingMessage; readonly body: Buffer } | undefined
      const { port } = yield* listen((request, response) => {
        void buffer(request).then((body) => {
          received = { request, body }
          response.end()
        })
      })
      const body = Uint8Array.from({ length: 100_000 }, (_, index) => index)
      const connection = yield* connectTo(port)
      // A view, as a profile in its request is.
      yield* connection.send(request(body.subarray(1000, 99_000)))
      assert.strictEqual(`${received!.request.method} ${received!.request.url}`, "POST /prefix/push?name=a%20b")
      assert.strictEqual(received!.request.headers["content-type"], "application/proto")
      assert.strictEqual(received!.request.headers["content-length"], "98000")
      assert.strictEqual(received!.request.headers["x-agent-id"], "instance-7")
      assert.isTrue(received!.body.equals(body.subarray(1000, 99_000)))
    }))

  live("gives the status, the headers and the beginning of the text", () =>
    Effect.gen(function*() {
      const { port } = yield* listen(answering((response) => {
        response.writeEarlyHints({ link: "</a>; rel=preload" })
        response.writeHead(503, { "Retry-After": "7", "X-Twice": ["a", "b"] })
        response.write("down for ")
        response.end("maintenance ".repeat(1000))
      }))
      const response = yield* (yield* connectTo(port)).send(request())
      assert.strictEqual(response.status, 503)
      assert.strictEqual(response.headers["retry-after"], "7")
      assert.strictEqual(response.headers["x-twice"], "a, b")
      assert.strictEqual(response.text.length, 2048)
      assert.match(response.text, /^down for maintenance maintenance /)
    }))

  live("takes an answer without a body", () =>
    Effect.gen(function*() {
      const { port } = yield* listen(answering((response) => response.writeHead(204).end()))
      const response = yield* (yield* connectTo(port)).send(request())
      assert.deepStrictEqual([response.status, response.text], [204, ""])
    }))

  live("uses a connection again, also after a long error", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* listen(answering((response, count) => {
        response.writeHead(count === 1 ? 500 : 200).end("x".repeat(count === 1 ? 500_000 : 2))
      }))
      const connection = yield* connectTo(port)
      for (let count = 0; count < 5; count++) yield* connection.send(request())
      assert.strictEqual(sockets.length, 1)
    }))

  live("opens no more connections than it may", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* listen(answering((response) => response.end()))
      const connection = yield* connectTo(port, 3)
      yield* Effect.all(Array.from({ length: 30 }, () => connection.send(request())), { concurrency: "unbounded" })
      assert.strictEqual(sockets.length, 3)
    }))

  /** What a push to it fails with. */
  const failureOf = (port: number, scheme?: string) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* connectTo(port, 1, scheme)).send(request()))
      return { code: error.code, reason: PushError.fromTransport(error, Duration.seconds(1)) }
    })

  live("a port where nobody listens is unreachable", () =>
    Effect.gen(function*() {
      const { port } = yield* Effect.scoped(listen(() => {}))
      const { code, reason } = yield* failureOf(port)
      assert.strictEqual(code, "ECONNREFUSED")
      assert.strictEqual(reason._tag, "Unreachable")
    }))

  live("a connection that breaks is unreachable, before and within the answer", () =>
    Effect.gen(function*() {
      const before = yield* listen((request) => void request.socket.resetAndDestroy())
      const within = yield* listen(answering((response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("the beginning", () => response.socket!.destroy())
      }))
      for (const { port } of [before, within]) {
        const { code, reason } = yield* failureOf(port)
        assert.include(["ECONNRESET", "UND_ERR_SOCKET"], code)
        assert.strictEqual(reason._tag, "Unreachable")
      }
    }))

  live("an answer that is no HTTP is unreachable", () =>
    Effect.gen(function*() {
      const { port } = yield* listen((request) => void request.socket.end("220 smtp.example ESMTP\r\n\r\n"))
      assert.strictEqual((yield* failureOf(port)).reason._tag, "Unreachable")
    }))

  live("TLS to a server that speaks none is a TLS error", () =>
    Effect.gen(function*() {
      const { port } = yield* listen(() => {})
      assert.strictEqual((yield* failureOf(port, "https")).reason._tag, "TlsError")
    }))

  live("interruption aborts the request, and the next one is sent all the same", () =>
    Effect.gen(function*() {
      const { arrival, listener } = holding()
      const { port } = yield* listen(listener)
      const connection = yield* connectTo(port)
      const sending = yield* Effect.forkChild(connection.send(request()))
      const response = yield* arrival
      const closed = once(response, "close")
      yield* Fiber.interrupt(sending)
      yield* Effect.promise(() => closed)
      assert.isFalse(response.writableFinished)

      const again = yield* Effect.forkChild(connection.send(request()))
      ;(yield* arrival).end("here")
      assert.strictEqual((yield* Fiber.join(again)).text, "here")
    }))

  live("a request that is interrupted before its turn is never sent", () =>
    Effect.gen(function*() {
      const { arrival, listener } = holding()
      const { port } = yield* listen(listener)
      const connection = yield* connectTo(port)
      const first = yield* Effect.forkChild(connection.send(request()))
      const response = yield* arrival
      const second = yield* Effect.forkChild(connection.send(request()), { startImmediately: true })
      yield* Fiber.interrupt(second)
      const third = yield* Effect.forkChild(connection.send({ ...request(), path: "/third" }), {
        startImmediately: true
      })
      response.end("one")
      assert.strictEqual((yield* Fiber.join(first)).text, "one")
      const next = yield* arrival
      assert.strictEqual(next.req.url, "/third")
      next.end()
      assert.strictEqual((yield* Fiber.join(third)).status, 200)
    }))

  live("its connections are closed with its scope", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* listen(answering((response) => response.end()))
      const scope = yield* Scope.make()
      const connection = yield* connectTo(port).pipe(Scope.provide(scope))
      yield* connection.send(request())
      const closed = once(sockets[0]!, "close")
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => closed)
      assert.isTrue(sockets[0]!.destroyed)
    }))
})
