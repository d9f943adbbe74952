import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, FiberSet } from "effect"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { constants, type ServerHttp2Stream } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSecureContext } from "node:tls"
import type { Connection } from "../../src/transport/Connection.ts"
import * as Connector from "../../src/transport/Connector.ts"
import * as Material from "../../src/transport/Material.ts"
import type { Request } from "../../src/transport/Network.ts"
import { Pool } from "../../src/transport/Pool.ts"
import { Transport } from "../../src/transport/Transport.ts"
import type { TransportError } from "../../src/transport/TransportError.ts"
import { makeBalancer } from "../support/balancer.ts"
import { freePort } from "../support/ports.ts"
import { answerStream, authority, makeHttp2Server, makeHttpServer, trusted } from "../support/servers.ts"
import { connectTo, live, push, pushAll, settingsOf, turn } from "./connecting.ts"

const timeout = Duration.seconds(20)

/** A pool of connections to a server, none of which is opened before `gate` is. */
const makePool = Effect.fnUntraced(function*(origin: string) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const connections = new Set<Connection>()
  const emptied = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const open = Connector.direct({
    resolve: (address) => Effect.succeed([address]),
    tls: { context: () => createSecureContext(), rejectUnauthorized: false },
    http2: true,
    timeout
  })
  const pool = new Pool({
    origin,
    http2: true,
    open: (target) => Effect.andThen(Deferred.await(gate), open(target)),
    run,
    timeout,
    connections,
    onEmpty: () => Deferred.doneUnsafe(emptied, Effect.void)
  })
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(Array.from(connections, (one) => one.destroy()))))
  const request: Request = { method: "GET", origin, path: "/", headers: {}, body: undefined }
  return {
    send: pool.send(request, Effect.die("sent again")),
    connections,
    emptied: Deferred.await(emptied),
    open: Deferred.succeed(gate, undefined)
  }
})

describe("A pool", () => {
  it.live("is empty when its connections have been closed", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* makeHttpServer()
      const { connections, emptied, open, send } = yield* makePool(url)
      yield* open
      yield* Effect.all([send, send], { concurrency: "unbounded" })
      assert.strictEqual(connections.size, 2)
      for (const socket of sockets.all) socket.destroy()
      yield* Effect.timeout(emptied, "5 seconds")
      assert.strictEqual(connections.size, 0)
    }))

  it.live("is empty when there is nobody to connect to", () =>
    Effect.gen(function*() {
      const { connections, emptied, open, send } = yield* makePool(
        `http://127.0.0.1:${yield* Effect.promise(freePort)}`
      )
      yield* open
      yield* Effect.flip(send)
      yield* Effect.timeout(emptied, "5 seconds")
      assert.strictEqual(connections.size, 0)
    }))

  it.live("forgets a request that is interrupted before there is a connection", () =>
    Effect.gen(function*() {
      const { streams, url } = yield* makeHttp2Server()
      const { connections, emptied, open, send } = yield* makePool(url)
      const first = yield* Effect.forkChild(send, { startImmediately: true })
      const waiting = yield* Effect.forkChild(send, { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* open
      const { leave } = yield* Fiber.join(first)
      assert.deepStrictEqual([connections.size, streams.all.length], [1, 1])
      leave()
      yield* Effect.timeout(emptied, "5 seconds")
      assert.strictEqual(connections.size, 0)
    }))
})

describe("Connections of a client", () => {
  live("are as few as are enough, while the server moves to another session", () =>
    Effect.gen(function*() {
      const held: Array<ServerHttp2Stream> = []
      const { sessions, streams, url } = yield* makeHttp2Server((stream, _count, session, path) => {
        if (path !== "/held") return answerStream(stream)
        held.push(stream)
        session.goaway(constants.NGHTTP2_NO_ERROR, stream.id)
      })
      const connection = yield* connectTo(url)
      const staying = yield* Effect.forkChild(connection.send(push(0, "/held")), { startImmediately: true })
      const [session = assert.fail()] = yield* sessions.atLeast(1)
      yield* streams.atLeast(1)
      // The client has seen what was sent before.
      yield* Effect.callback<void>((resume) => void session.ping(() => resume(Effect.void)))
      yield* pushAll(connection, 10)
      assert.strictEqual(sessions.all.length, 2)
      answerStream(held[0]!)
      assert.strictEqual((yield* Fiber.join(staying)).status, 200)
    }))

  live("may be of either version: none waits for what is in flight over HTTP/1.1", () =>
    Effect.gen(function*() {
      const held: Array<ServerResponse> = []
      const old = yield* makeHttpServer((response, _count, request) => {
        request.resume()
        held.push(response)
      }, trusted)
      const recent = yield* makeHttp2Server()
      const balancer = yield* makeBalancer(old.port, Number(new URL(recent.url).port), Number(new URL(recent.url).port))
      const connection = yield* connectTo(`https://localhost:${balancer.port}`)
      const staying = yield* Effect.forkChild(connection.send(push(0)), { startImmediately: true })
      yield* old.requests.atLeast(1)
      const { leave } = yield* connection.send(push())
      leave()
      yield* turn
      assert.strictEqual((yield* Effect.timeout(connection.send(push()), "5 seconds").pipe(Effect.orDie)).status, 200)
      held[0]!.end()
      yield* Fiber.join(staying)
    }))

  live(
    "are kept to each of many servers that one client is asked for, also when redirects have led there",
    () =>
      Effect.gen(function*() {
        const servers = yield* Effect.all(Array.from({ length: 40 }, () => makeHttpServer()))
        const first = yield* makeHttpServer((response) =>
          void response.writeHead(307, { location: servers[0]!.url }).end()
        )
        const { send } = yield* (yield* Transport).connect(settingsOf())
        for (const { url } of [first, ...servers, ...servers]) {
          assert.strictEqual((yield* send({ ...push(0), origin: url })).status, 200)
          yield* turn
        }
        assert.deepStrictEqual(new Set(servers.map(({ sockets }) => sockets.all.length)), new Set([1]))
      })
  )

  live("are closed when the authorities they trust have changed", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "pyroduct-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
      )
      const ca = join(directory, "ca.pem")
      writeFileSync(ca, authority.certificate)
      const { sockets, url } = yield* makeHttpServer(undefined, trusted)
      const connection = yield* connectTo(url, { tls: { ca: Material.file(ca) } })
      yield* connection.send(push())
      const closed = once(sockets.all[0]!, "close")
      writeFileSync(ca, `${authority.certificate}\n${authority.certificate}`)
      yield* Effect.repeat(Effect.andThen(Effect.sleep("100 millis"), connection.send(push())), {
        until: () => sockets.all.length === 2
      })
      yield* Effect.timeout(Effect.promise(() => closed), "5 seconds").pipe(Effect.orDie)
    }))
})

const failureOf = (sending: Effect.Effect<unknown, TransportError>) =>
  Effect.match(sending, {
    onFailure: (error) => error._tag === "NoConnection" ? error.kind : error._tag,
    onSuccess: () => "none"
  })

describe("A request that cannot be sent", () => {
  live("costs no connection, neither one that is there nor others", () =>
    Effect.gen(function*() {
      const server = yield* makeHttpServer()
      const connection = yield* connectTo(server.url)
      const unusable = { ...push(), headers: { "content-type": "a\nb" } }
      assert.strictEqual((yield* connection.send(push())).status, 200)
      yield* turn
      for (let count = 0; count < 20; count++) {
        assert.strictEqual(yield* failureOf(connection.send(unusable)), "request")
        yield* turn
      }
      assert.strictEqual((yield* connection.send(push())).status, 200)
      assert.strictEqual(server.sockets.all.length, 1)
    }))
})
