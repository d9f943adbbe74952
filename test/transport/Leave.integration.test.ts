import { assert, describe } from "@effect/vitest"
import { Effect, Fiber, Result, Schedule } from "effect"
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import type { ServerHttp2Stream } from "node:http2"
import type { TlsOptions } from "node:tls"
import * as Proxy from "../../src/transport/Proxy.ts"
import { defaults, type TransportError } from "../../src/transport/Transport.ts"
import { type Balancer, makeBalancer } from "../support/balancer.ts"
import { makeHttpProxy, makeSocksProxy } from "../support/proxies.ts"
import { answerStream, makeHttp2Server, makeHttpServer, type OnRequest, trusted } from "../support/servers.ts"
import { answer, makeWebServer } from "../support/webServer.ts"
import { connectTo, inline, live, push, pushAll, turn } from "./connecting.ts"

const through = (url: string): Proxy.Settings => ({ ...Proxy.defaults, url })

const plain = (port: number) => `http://localhost:${port}`
const secure = (port: number) => `https://localhost:${port}`

/** A sick server first and then a healthy one, behind one address. */
const makeServers = Effect.fnUntraced(function*(tls?: TlsOptions) {
  const sick = yield* makeWebServer(answer(503), tls)
  const healthy = yield* makeWebServer(answer(200), tls)
  return { sick, healthy, balancer: yield* makeBalancer(sick.port, healthy.port) }
})

const leaveAll = (answers: ReadonlyArray<{ readonly status: number; readonly leave: () => void }>) =>
  Effect.sync(() => answers.forEach(({ leave, status }) => status === 503 && leave()))

const failureOf = (sending: Effect.Effect<unknown, TransportError>) =>
  Effect.map(Effect.result(sending), (result) => Result.isFailure(result) ? result.failure._tag : "none")

const leads = ({ opened }: Balancer): ReadonlyArray<number> => opened.all.map(({ to }) => to)

const ways: ReadonlyArray<readonly [name: string, version: "1.1" | "2.0", tls: TlsOptions | undefined]> = [
  ["HTTP/1.1", "1.1", undefined],
  ["HTTP/1.1 over TLS", "1.1", trusted],
  ["HTTP/2", "2.0", trusted]
]

/** What the settings are of a client whose connections go through the balancer. */
const routes = {
  "straight": () => Effect.succeed({}),
  "through a tunnel": () => Effect.map(makeHttpProxy(), ({ port }) => ({ proxy: through(plain(port)) })),
  "through SOCKS": () => Effect.map(makeSocksProxy(), ({ port }) => ({ proxy: through(`socks5://localhost:${port}`) }))
}

describe("An answer whose connection is left", () => {
  for (const [name, version, tls] of ways) {
    for (const [route, make] of Object.entries(routes)) {
      // A proxy gets whole requests in plain text.
      if (route === "through a tunnel" && tls === undefined) continue
      live(`is followed by one of another server: ${name}, ${route}`, () =>
        Effect.gen(function*() {
          const { balancer, healthy, sick } = yield* makeServers(tls)
          const url = tls === undefined ? plain(balancer.port) : secure(balancer.port)
          const connection = yield* connectTo(url, { http2: version === "2.0", ...yield* make() })
          const bad = yield* connection.send(push())
          assert.strictEqual(bad.status, 503)
          bad.leave()
          for (let count = 0; count < 4; count++) {
            assert.strictEqual((yield* connection.send(push())).status, 200)
            yield* turn
          }
          assert.deepStrictEqual(leads(balancer), [sick.port, healthy.port], "the healthy connection is used again")
          const [left] = yield* balancer.closed.atLeast(1)
          assert.strictEqual(left?.to, sick.port)
          assert.deepStrictEqual(healthy.requests.map((request) => request.version), Array(4).fill(version))
          yield* Effect.sync(() => bad.leave())
          assert.strictEqual((yield* connection.send(push())).status, 200)
          assert.strictEqual(balancer.opened.all.length, 2, "to leave it once more does nothing")
        }))
    }

    live(`is not followed by one of another server if it is not left: ${name}`, () =>
      Effect.gen(function*() {
        const { balancer, sick } = yield* makeServers(tls)
        const url = tls === undefined ? plain(balancer.port) : secure(balancer.port)
        const connection = yield* connectTo(url, { http2: version === "2.0" })
        for (let count = 0; count < 4; count++) {
          assert.strictEqual((yield* connection.send(push())).status, 503)
          yield* turn
        }
        assert.deepStrictEqual(leads(balancer), [sick.port])
        assert.deepStrictEqual(balancer.closed.all, [])
      }))
  }

  live("is of a proxy that gets whole requests: the next goes through another one", () =>
    Effect.gen(function*() {
      const { balancer, healthy, sick } = yield* makeServers()
      const connection = yield* connectTo("http://server.invalid", { proxy: through(plain(balancer.port)) })
      const bad = yield* connection.send(push())
      bad.leave()
      for (let count = 0; count < 3; count++) {
        assert.strictEqual((yield* connection.send(push())).status, 200)
        yield* turn
      }
      assert.deepStrictEqual(leads(balancer), [sick.port, healthy.port])
      assert.strictEqual(healthy.requests[0]?.path, "http://server.invalid/push")
    }))

  live("is one of many: each sick connection is left, and each healthy one kept", () =>
    Effect.gen(function*() {
      const { balancer, healthy, sick } = yield* makeServers()
      const connection = yield* connectTo(plain(balancer.port))
      const sickOnes: Array<number> = []
      for (let round = 0; round < 5; round++) {
        const answers = yield* pushAll(connection, 8)
        yield* leaveAll(answers)
        yield* turn
        sickOnes.push(answers.filter(({ status }) => status === 503).length)
      }
      // Of those that take the places of the sick ones, half are sick.
      assert.deepStrictEqual(sickOnes, [4, 2, 1, 1, 0])
      const all = balancer.opened.all
      yield* balancer.closed.atLeast(8)
      assert.deepStrictEqual(balancer.closed.all.map(({ to }) => to), Array(8).fill(sick.port))
      assert.strictEqual(all.filter(({ to }) => to === healthy.port).length, 8)
    }))

  live("is one of many on a session: the next goes to another server, the others come", () =>
    Effect.gen(function*() {
      const held: Array<ServerHttp2Stream> = []
      const sick = yield* makeHttp2Server((stream, _count, _session, path) => {
        if (path === "/held") return void held.push(stream)
        stream.respond({ ":status": 503 }, { endStream: true })
      })
      const healthy = yield* makeHttp2Server()
      const balancer = yield* makeBalancer(...[sick, healthy].map(({ url }) => Number(new URL(url).port)))
      const connection = yield* connectTo(secure(balancer.port))
      const staying = yield* Effect.forkChild(connection.send(push(0, "/held")), { startImmediately: true })
      yield* sick.streams.until(() => held.length === 1)
      const answers = yield* pushAll(connection, 5)
      assert.strictEqual(balancer.opened.all.length, 1)
      yield* leaveAll(answers)
      assert.isTrue((yield* pushAll(connection, 10)).every(({ status }) => status === 200))
      assert.strictEqual(balancer.opened.all.length, 2)
      assert.deepStrictEqual(balancer.closed.all, [])
      answerStream(held[0]!)
      assert.strictEqual((yield* Fiber.join(staying)).status, 200)
      yield* balancer.closed.atLeast(1)
      assert.isTrue((yield* pushAll(connection, 10)).every(({ status }) => status === 200))
      assert.strictEqual(balancer.opened.all.length, 2)
    }))

  live(
    "is left late: what is in flight on the connection is answered, and the next goes out on another",
    () =>
      Effect.gen(function*() {
        const held: Array<ServerResponse> = []
        const onRequest: OnRequest = (response, count) => void (count === 2 ? held.push(response) : response.end())
        const { requests, sockets, url } = yield* makeHttpServer(onRequest)
        const connection = yield* connectTo(url)
        const first = yield* connection.send(push(0))
        yield* turn
        const second = yield* Effect.forkChild(connection.send(push(0)), { startImmediately: true })
        yield* requests.until(() => held.length === 1)
        assert.strictEqual(sockets.all.length, 1)
        first.leave()
        yield* turn
        assert.isFalse(sockets.all[0]!.destroyed)
        const closed = once(sockets.all[0]!, "close")
        held[0]!.end()
        assert.strictEqual((yield* Fiber.join(second)).status, 200)
        yield* Effect.promise(() => closed)
        yield* connection.send(push(0))
        assert.strictEqual(sockets.all.length, 2)
      })
  )

  live("is left when its connection has gone anyway: the one in its place stays", () =>
    Effect.gen(function*() {
      const { sockets, url } = yield* makeHttpServer((response, count) =>
        void (count === 1 ? response.writeHead(503, { connection: "close" }).end() : response.end())
      )
      const connection = yield* connectTo(url)
      const first = yield* connection.send(push(0))
      yield* connection.send(push(0))
      first.leave()
      yield* turn
      yield* connection.send(push(0))
      assert.strictEqual(sockets.all.length, 2)
      assert.isFalse(sockets.all[1]!.destroyed)
    }))

  live("is that of a redirect's last server", () =>
    Effect.gen(function*() {
      const { balancer, healthy, sick } = yield* makeServers()
      const first = yield* makeHttpServer((response) =>
        void response.writeHead(307, { location: `${plain(balancer.port)}/there` }).end()
      )
      const connection = yield* connectTo(first.url)
      const bad = yield* connection.send(push(0))
      assert.strictEqual(bad.status, 503)
      bad.leave()
      yield* turn
      assert.strictEqual((yield* connection.send(push(0))).status, 200)
      assert.deepStrictEqual(leads(balancer), [sick.port, healthy.port])
      assert.strictEqual(first.sockets.all.length, 1)
    }))
})

describe("A connection is left without being told", () => {
  live("when a redirect that came on it is not followed", () =>
    Effect.gen(function*() {
      const lost = yield* makeWebServer(answer(307, { location: "ftp://localhost/" }))
      const healthy = yield* makeWebServer()
      const balancer = yield* makeBalancer(lost.port, healthy.port)
      const connection = yield* connectTo(plain(balancer.port))
      assert.strictEqual(yield* failureOf(connection.send(push())), "BadRedirect")
      yield* turn
      assert.deepStrictEqual(leads(balancer), [lost.port])
      assert.strictEqual((yield* connection.send(push())).status, 200)
    }))

  live("when it leads to a proxy that refuses", () =>
    Effect.gen(function*() {
      const refusing = yield* makeWebServer(answer(407))
      const healthy = yield* makeWebServer()
      const balancer = yield* makeBalancer(refusing.port, healthy.port)
      const connection = yield* connectTo("http://server.invalid", { proxy: through(plain(balancer.port)) })
      assert.strictEqual(yield* failureOf(connection.send(push())), "ProxyRefused")
      yield* turn
      assert.deepStrictEqual(leads(balancer), [refusing.port])
      assert.strictEqual((yield* connection.send(push())).status, 200)
    }))

  for (const [what, status] of [["is in trouble", 503], ["refuses the client", 401]] as const) {
    live(`when it leads to a token endpoint that ${what}`, () =>
      Effect.gen(function*() {
        const sick = yield* makeWebServer(answer(status))
        const healthy = yield* makeWebServer(answer(200, {}, JSON.stringify({ access_token: "t0ken" })))
        const balancer = yield* makeBalancer(sick.port, healthy.port)
        const server = yield* makeWebServer()
        const { send } = yield* connectTo(server.url, {
          authentication: {
            _tag: "OAuth2",
            clientId: "pusher",
            clientSecret: inline("s3cret"),
            tokenUrl: plain(balancer.port),
            scopes: [],
            endpointParams: {},
            tls: defaults.tls,
            proxy: defaults.proxy
          }
        })
        // After a failure the token endpoint is left alone for a second.
        const eventually = Effect.retry(send(push()), { schedule: Schedule.spaced("1100 millis"), times: 1 })
        assert.strictEqual((yield* eventually).status, 200)
        assert.deepStrictEqual(leads(balancer), [sick.port, healthy.port])
      }))
  }
})
