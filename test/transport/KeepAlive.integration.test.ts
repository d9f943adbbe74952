import { assert, describe } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import * as Proxy from "../../src/transport/Proxy.ts"
import { answer, makeHttpServer, type OnRequest, trusted } from "../support/servers.ts"
import { connectTo, live, push, pushAll, turn, verdictOf } from "./connecting.ts"

/** How a server closes a connection when a request comes on it. */
const endings: Readonly<Record<string, OnRequest>> = {
  "is closed": (_, __, { socket }) => void socket.destroy(),
  "is closed once the request has come": (_, __, request) =>
    void request.resume().on("end", () => request.socket.end()),
  "is reset": (_, __, { socket }) => void socket.resetAndDestroy()
}

/** Breaks the connections that were idle when it was told to, at the next request on each. */
const breaking = (end: OnRequest) => {
  const used = new Set<unknown>()
  const doomed = new Set<unknown>()
  const onRequest: OnRequest = (response, count, request) => {
    if (doomed.has(request.socket)) return end(response, count, request)
    used.add(request.socket)
    return answer(200)(response, count, request)
  }
  return { onRequest, doom: Effect.sync(() => used.forEach((socket) => doomed.add(socket))) }
}

/** Requests that are answered by hand. */
const holding = () => {
  const held: Array<ServerResponse> = []
  const onRequest: OnRequest = (response, _, request) => {
    request.resume()
    held.push(response)
  }
  return { held, onRequest }
}

describe("A connection over HTTP/1.1", () => {
  live("is used again and again", () =>
    Effect.gen(function*() {
      const { requests, sockets, url } = yield* makeHttpServer((response, count, request) =>
        // The end of a long text nobody reads.
        answer(count % 2 === 0 ? 500 : 200, "x".repeat(count % 2 === 0 ? 500_000 : 2))(response, count, request)
      )
      const connection = yield* connectTo(url)
      for (let count = 0; count < 6; count++) {
        yield* connection.send(push())
        yield* turn
      }
      assert.deepStrictEqual([requests.all.length, sockets.all.length], [6, 1])
    }))

  live("is not one too many when all are used again", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* makeHttpServer()
      const connection = yield* connectTo(url)
      for (let count = 0; count < 3; count++) {
        yield* pushAll(connection, 10)
        yield* turn
      }
      assert.strictEqual(sockets.all.length, 10)
    }))

  for (const [how, end] of Object.entries(endings)) {
    for (const [size, bytes] of [["small", 100], ["large", 3_000_000]] as const) {
      live(
        `may be idle and dead: a ${size} push on one that ${how} goes out again at once`,
        () =>
          Effect.gen(function*() {
            const { doom, onRequest } = breaking(end)
            const { requests, sockets, url } = yield* makeHttpServer(onRequest)
            const connection = yield* connectTo(url)
            yield* connection.send(push())
            yield* turn
            yield* doom
            const { status } = yield* connection.send(push(bytes))
            assert.deepStrictEqual([status, requests.all.length, sockets.all.length], [200, 3, 2])
          })
      )
    }

    live(`may be idle and dead, with many more, where each ${how}`, () =>
      Effect.gen(function*() {
        const { doom, onRequest } = breaking(end)
        const { sockets, url } = yield* makeHttpServer(onRequest)
        const connection = yield* connectTo(url)
        yield* pushAll(connection, 5)
        yield* turn
        assert.strictEqual(sockets.all.length, 5)
        yield* doom
        const answers = yield* pushAll(connection, 10)
        assert.isTrue(answers.every(({ status }) => status === 200))
      }))

    live(`that is new and ${how} is a failure`, () =>
      Effect.gen(function*() {
        const { requests, sockets, url } = yield* makeHttpServer(end)
        const connection = yield* connectTo(url)
        const verdict = yield* verdictOf(connection.send(push()))
        assert.deepInclude(verdict, { reason: "Unreachable", concerns: "endpoint" })
        assert.deepStrictEqual([requests.all.length, sockets.all.length], [1, 1])
      }))
  }

  live("may be idle and dead over TLS", () =>
    Effect.gen(function*() {
      const { doom, onRequest } = breaking(endings["is closed"]!)
      const { requests, url } = yield* makeHttpServer(onRequest, trusted)
      const connection = yield* connectTo(url)
      yield* connection.send(push())
      yield* turn
      yield* doom
      assert.strictEqual((yield* connection.send(push())).status, 200)
      assert.strictEqual(requests.all.length, 3)
    }))

  live("may be idle and dead to a proxy, which gets the same request again", () =>
    Effect.gen(function*() {
      const { doom, onRequest } = breaking(endings["is closed"]!)
      const { port, requests } = yield* makeHttpServer(onRequest)
      const proxy = { ...Proxy.defaults, url: `http://localhost:${port}` }
      const connection = yield* connectTo("http://profiles.invalid", { proxy })
      yield* connection.send(push())
      yield* turn
      yield* doom
      assert.strictEqual((yield* connection.send(push())).status, 200)
      assert.deepStrictEqual(requests.all.map(({ url }) => url), Array(3).fill("http://profiles.invalid/push"))
    }))

  live(
    "is the last that a push goes out on by itself: where each one dies, the second is a failure",
    () =>
      Effect.gen(function*() {
        const { requests, sockets, url } = yield* makeHttpServer((response, count, request) =>
          count === 1 ? answer(200)(response, count, request) : void request.socket.destroy()
        )
        const connection = yield* connectTo(url)
        yield* connection.send(push())
        yield* turn
        assert.deepInclude(yield* verdictOf(connection.send(push())), { reason: "Unreachable", concerns: "endpoint" })
        assert.deepStrictEqual([requests.all.length, sockets.all.length], [3, 2])
      })
  )

  live("may be closed by the server while it is idle", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* makeHttpServer()
      const connection = yield* connectTo(url)
      for (let count = 0; count < 10; count++) {
        yield* connection.send(push())
        // The client knows of it sooner or later than of the next push.
        sockets.all.at(-1)!.end()
        if (count % 2 === 0) yield* turn
      }
      assert.strictEqual((yield* connection.send(push())).status, 200)
    }))

  live("may be closed by the server after each answer", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* makeHttpServer((response, count, request) =>
        void request.resume().on("end", () => {
          if (count % 2 === 0) response.setHeader("connection", "close")
          response.end(() => request.socket.end())
        })
      )
      const connection = yield* connectTo(url)
      for (let count = 0; count < 10; count++) assert.strictEqual((yield* connection.send(push())).status, 200)
      const answers = yield* pushAll(connection, 10)
      assert.isTrue(answers.every(({ status }) => status === 200))
      assert.isAtLeast(sockets.all.length, 20)
    }))

  live("that breaks within an answer has brought it: its head counts", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* makeHttpServer((response, count, request) => {
        if (count === 1) return answer(200)(response, count, request)
        response.writeHead(200, { "content-length": "100" })
        response.write("the beginning", () => request.socket.destroy())
      })
      const connection = yield* connectTo(url)
      yield* connection.send(push())
      yield* turn
      const { status, text } = yield* connection.send(push())
      assert.deepStrictEqual([status, text], [200, "the beginning"])
      assert.strictEqual(requests.all.length, 2)
    }))

  live("is closed with a request that is interrupted, and that does not go out again", () =>
    Effect.gen(function*() {
      const { held, onRequest } = holding()
      const { requests, sockets, url } = yield* makeHttpServer(onRequest)
      const connection = yield* connectTo(url)
      const send = Effect.fnUntraced(function*(path: string) {
        const sending = yield* Effect.forkChild(connection.send(push(100, path)), { startImmediately: true })
        yield* requests.until((all) => all.at(-1)?.url === path)
        return sending
      })
      const first = yield* send("/first")
      held[0]!.end()
      yield* Fiber.join(first)
      yield* turn

      const second = yield* send("/second")
      const closed = once(held[1]!, "close")
      yield* Fiber.interrupt(second)
      yield* Effect.promise(() => closed)
      assert.isFalse(held[1]!.writableFinished)

      const third = yield* send("/third")
      held[2]!.end("here")
      assert.strictEqual((yield* Fiber.join(third)).text, "here")
      assert.deepStrictEqual(requests.all.map(({ url }) => url), ["/first", "/second", "/third"])
      assert.strictEqual(sockets.all.length, 2)
    }))
})
