import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { type EventEmitter, once } from "node:events"
import { createServer as createTcpServer } from "node:net"
import { buffer } from "node:stream/consumers"
import { Transport } from "../../src/transport/Transport.ts"
import { answer, makeHttp2Server, makeHttpServer } from "../support/servers.ts"
import { listening } from "../support/webServer.ts"
import { connectTo, live, push, pushAll, turn, verdictOf } from "./connecting.ts"

const closed = (some: EventEmitter & { readonly destroyed: boolean }) =>
  Effect.promise(async () => some.destroyed || once(some, "close"))

describe("Transport over undici", () => {
  live("sends what it is given", () =>
    Effect.gen(function*() {
      const bodies: Array<Buffer> = []
      const { requests, url } = yield* makeHttpServer((response, _, request) =>
        void buffer(request).then((body) => {
          bodies.push(body)
          response.end()
        })
      )
      const connection = yield* connectTo(`${url}/prefix/`, { headers: { "x-agent-id": "instance-7", "x-both": "a" } })
      const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index)
      // A view, as a profile in its request is.
      const body = bytes.subarray(1000, 99_000)
      yield* connection.send({
        method: "POST",
        path: "/push?name=a%20b",
        headers: { "content-type": "application/proto", "x-both": "b" },
        body
      })
      const [{ headers, method, url: path } = assert.fail()] = requests.all
      assert.strictEqual(`${method} ${path}`, "POST /prefix/push?name=a%20b")
      assert.strictEqual(headers["content-type"], "application/proto")
      assert.strictEqual(headers["content-length"], "98000")
      assert.strictEqual(headers["x-agent-id"], "instance-7")
      assert.strictEqual(headers["x-both"], "b")
      assert.isTrue(bodies[0]!.equals(body))
    }))

  live("waits as long as it is told to, however long that is", () =>
    Effect.gen(function*() {
      const warnings: Array<string> = []
      const warned = ({ name }: Error) => void warnings.push(name)
      process.on("warning", warned)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", warned)))
      // A server that answers after any timer of a millisecond.
      const { url } = yield* makeHttpServer((response) => void setTimeout(() => response.end(), 20))
      const connection = yield* connectTo(url, { timeout: Duration.hours(600) })
      assert.strictEqual((yield* connection.send(push())).status, 200)
      assert.notInclude(warnings, "TimeoutOverflowWarning")
    }))

  live("gives the status, the headers and the beginning of the text", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttpServer((response, _, request) =>
        void request.resume().on("end", () => {
          response.writeEarlyHints({ link: "</a>; rel=preload" })
          response.writeHead(503, { "Retry-After": "7", "X-Twice": ["a", "b"] })
          response.write("down for ")
          response.end("maintenance ".repeat(1000))
        })
      )
      const response = yield* (yield* connectTo(url)).send(push())
      assert.strictEqual(response.status, 503)
      assert.strictEqual(response.headers["retry-after"], "7")
      assert.strictEqual(response.headers["x-twice"], "a, b")
      assert.strictEqual(response.text.length, 2048)
      assert.match(response.text, /^down for maintenance maintenance /)
    }))

  live("takes an answer without a body", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttpServer(answer(204))
      const response = yield* (yield* connectTo(url)).send(push())
      assert.deepStrictEqual([response.status, response.text], [204, ""])
    }))

  live("a port where nobody listens is unreachable", () =>
    Effect.gen(function*() {
      const { url } = yield* Effect.scoped(makeHttpServer())
      assert.deepStrictEqual(yield* verdictOf((yield* connectTo(url)).send(push())), {
        reason: "Unreachable",
        code: "ECONNREFUSED",
        concerns: "endpoint"
      })
    }))

  live("an answer that is no HTTP is unreachable", () =>
    Effect.gen(function*() {
      const port = yield* listening(createTcpServer((socket) => socket.end("220 smtp.example ESMTP\r\n\r\n")))
      const verdict = yield* verdictOf((yield* connectTo(`http://127.0.0.1:${port}`)).send(push()))
      assert.strictEqual(verdict?.reason, "Unreachable")
    }))

  live("a request that is interrupted before there is a connection is never sent", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* makeHttpServer()
      const connection = yield* connectTo(url)
      const first = yield* Effect.forkChild(connection.send(push(0, "/first")), { startImmediately: true })
      yield* Fiber.interrupt(first)
      yield* connection.send(push(0, "/second"))
      assert.deepStrictEqual(requests.all.map(({ url }) => url), ["/second"])
    }))
})

describe("The connections of a client", () => {
  live("serve whoever connects with equal settings", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* makeHttpServer()
      for (let count = 0; count < 3; count++) {
        yield* Effect.scoped(Effect.flatMap(connectTo(url), (connection) => connection.send(push())))
        yield* turn
      }
      assert.strictEqual(sockets.all.length, 1)
      const other = connectTo(url, { headers: { "x-scope-orgid": "team-1" } })
      yield* Effect.scoped(Effect.flatMap(other, (connection) => connection.send(push())))
      assert.strictEqual(sockets.all.length, 2)
    }))

  live("over HTTP/2 and TLS too", () =>
    Effect.gen(function*() {
      const { sessions, url } = yield* makeHttp2Server()
      for (let count = 0; count < 3; count++) {
        yield* Effect.scoped(Effect.flatMap(connectTo(url), (connection) => connection.send(push())))
      }
      assert.strictEqual(sessions.all.length, 1)
    }))

  live("go on with what is under way when another of its users leaves", () =>
    Effect.gen(function*() {
      const { sockets, url, requests } = yield* makeHttpServer((response, count) => count === 1 || response.end())
      const scope = yield* Scope.make()
      const leaving = yield* Scope.provide(connectTo(url), scope)
      const staying = yield* connectTo(url)
      const sending = yield* Effect.forkChild(staying.send(push()), { startImmediately: true })
      const [request = assert.fail()] = yield* requests.atLeast(1)
      yield* leaving.send(push())
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(request.socket.destroyed)
      yield* Fiber.interrupt(sending)
      assert.strictEqual(sockets.all.length, 2)
    }))

  live("are closed, idle or not, when the layer's scope closes", () =>
    Effect.gen(function*() {
      const plain = yield* makeHttpServer((response, _, request) => void (request.url === "/held" || response.end()))
      const secure = yield* makeHttp2Server()
      const scope = yield* Scope.make()
      const transport = yield* Layer.buildWithScope(Layer.fresh(Transport.layer), scope)
      yield* Effect.gen(function*() {
        yield* (yield* connectTo(secure.url)).send(push())
        const connection = yield* connectTo(plain.url)
        yield* pushAll(connection, 3)
        yield* Effect.forkIn(Effect.ignore(connection.send(push(0, "/held"))), scope, { startImmediately: true })
      }).pipe(Effect.provide(transport), Scope.provide(scope))
      yield* plain.requests.atLeast(4)
      const all = [...plain.sockets.all, ...secure.sessions.all]
      assert.isFalse(all.some(({ destroyed }) => destroyed))
      yield* Scope.close(scope, Exit.void)
      yield* Effect.forEach(all, closed)
      assert.isTrue(all.every(({ destroyed }) => destroyed))
    }))
})
