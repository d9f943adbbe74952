import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, type Scope } from "effect"
import { once } from "node:events"
import * as PushError from "../../src/delivery/PushError.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Tls from "../../src/transport/Tls.ts"
import {
  below,
  defaults,
  type Settings,
  Transport,
  type TransportError,
  type UnusableSettings
} from "../../src/transport/Transport.ts"
import * as Certificates from "../support/certificates.ts"
import { freePort } from "../support/ports.ts"
import { makeHttpServer } from "../support/servers.ts"
import { answer, makeWebServer, type Respond } from "../support/webServer.ts"
import { connectTo, turn } from "./connecting.ts"

const authority = await Certificates.authority()
const identity = await Certificates.issue(authority)
const tls = { cert: identity.certificate, key: identity.key }

const timeout = Duration.seconds(10)

const body = Uint8Array.from({ length: 10_000 }, (_, index) => index)

/** What a configuration may add to a push. */
const configured: Partial<Settings> = {
  headers: {
    "user-agent": "pyroduct/1",
    "x-agent-id": "instance-7",
    "x-scope-orgid": "tenant-1",
    "cookie": "session=abc",
    "x-api-key": ["key one", "key two"]
  },
  authentication: Authentication.basic("user", Material.inline(Redacted.make("password")))
}

const push = Effect.fnUntraced(function*(url: string, settings: Partial<Settings> = {}) {
  const client = yield* (yield* Transport).connect({
    ...defaults,
    tls: { ...Tls.defaults, ca: Material.inline(Redacted.make(authority.certificate)) },
    timeout,
    ...configured,
    ...settings
  })
  const result = yield* Effect.result(
    below(client, url)({
      method: "POST",
      path: "/push.v1.PusherService/Push",
      headers: { "content-type": "application/proto", "connect-protocol-version": "1" },
      body
    })
  )
  return PushError.reasonOf(result, { timeout, retryRateLimited: true, now: 0 })
})

const redirect = (status: number, location: string): Respond => answer(status, { location }, "see elsewhere")

/** What came of the configuration. */
const secretsIn = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }) =>
  ["authorization", "cookie", "x-api-key"].filter((name) => headers[name] !== undefined)

const everything = ["authorization", "cookie", "x-api-key"]

const live = (
  name: string,
  test: () => Effect.Effect<void, TransportError | UnusableSettings, Transport | Scope.Scope>
) => it.live(name, () => Effect.provide(test(), Transport.layer))

describe("A redirect", () => {
  for (const status of [307, 308]) {
    live(`with ${status} takes the push along, to another path and query`, () =>
      Effect.gen(function*() {
        const second = yield* makeWebServer()
        const first = yield* makeWebServer(redirect(status, `${second.url}/other?a=b%20c`))
        assert.isUndefined(yield* push(first.url))
        const [[sent], [received]] = [first.requests, second.requests] as const
        assert.strictEqual(`${received?.method} ${received?.path}`, "POST /other?a=b%20c")
        assert.isTrue(received?.body.equals(body))
        assert.deepStrictEqual(received?.headers, { ...sent?.headers, host: `127.0.0.1:${second.port}` })
      }))
  }

  for (const status of [301, 302, 303]) {
    live(
      `with ${status} makes a GET of the push, which is rejected although it is answered with 200`,
      () =>
        Effect.gen(function*() {
          const second = yield* makeWebServer(answer(200, {}, "<h1>Log in</h1>"))
          const first = yield* makeWebServer(redirect(status, `${second.url}/login?next=push`))
          const reason = yield* push(first.url)
          assert.deepInclude(reason, {
            _tag: "Rejected",
            by: "server",
            status,
            detail: `the redirect to ${second.url}/login made a GET of the push, so the profile was not taken`
          })
          assert.strictEqual(reason?.concerns, "endpoint")
          const received = second.requests[0]!
          assert.strictEqual(`${received.method} ${received.path}`, "GET /login?next=push")
          assert.strictEqual(received.body.byteLength, 0)
          assert.isUndefined(received.headers["content-type"])
          assert.strictEqual(received.headers["x-agent-id"], "instance-7")
        })
    )
  }

  live(
    "to one server after the other keeps no more than a few connections, besides that to the first",
    () =>
      Effect.gen(function*() {
        const targets = yield* Effect.all(Array.from({ length: 40 }, () => makeHttpServer()))
        const first = yield* makeHttpServer((response, count) =>
          void response.writeHead(307, { location: targets[(count - 1) % targets.length]!.url }).end()
        )
        const connection = yield* connectTo(first.url)
        for (const { sockets } of targets) {
          assert.strictEqual((yield* connection.send({ method: "POST", path: "/", headers: {}, body })).status, 200)
          assert.strictEqual(sockets.all.length, 1)
          yield* turn
        }
        const early = targets.slice(0, targets.length - 16).map(({ sockets }) => sockets.all[0]!)
        yield* Effect.promise(() => Promise.all(early.map(async (socket) => socket.closed || once(socket, "close"))))
        const late = targets.slice(-16).map(({ sockets }) => sockets.all[0]!)
        assert.isTrue([...late, ...first.sockets.all].every((socket) => !socket.destroyed))
        assert.strictEqual(first.sockets.all.length, 1)
      })
  )

  live("that makes a GET of the push tells of the server's failure first", () =>
    Effect.gen(function*() {
      const second = yield* makeWebServer(answer(503))
      const first = yield* makeWebServer(redirect(302, second.url))
      assert.deepInclude(yield* push(first.url), { _tag: "ServerFailure", status: 503 })
    }))

  live("may be relative", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer((response, received) =>
        (received.path.endsWith("/new") ? answer(200) : redirect(307, "../new"))(response, received)
      )
      assert.isUndefined(yield* push(`${server.url}/prefix`))
      assert.deepStrictEqual(server.requests.map(({ path }) => path), [
        "/prefix/push.v1.PusherService/Push",
        "/prefix/new"
      ])
    }))

  live("to another port of the host keeps what the configuration adds", () =>
    Effect.gen(function*() {
      const second = yield* makeWebServer()
      const first = yield* makeWebServer(redirect(307, second.url))
      assert.isUndefined(yield* push(first.url))
      assert.deepStrictEqual(secretsIn(second.requests[0]!), everything)
      assert.strictEqual(second.requests[0]?.headers["x-api-key"], "key one, key two")
    }))

  for (const status of [303, 307]) {
    live(
      `with ${status} to another host leaves behind what the configuration adds, but for tenant and names`,
      () =>
        Effect.gen(function*() {
          const second = yield* makeWebServer()
          const first = yield* makeWebServer(redirect(status, `http://localhost:${second.port}/push`))
          yield* push(first.url)
          assert.deepStrictEqual(secretsIn(first.requests[0]!), everything)
          const { headers } = second.requests[0]!
          assert.deepStrictEqual(secretsIn({ headers }), [])
          assert.strictEqual(headers.host, `localhost:${second.port}`)
          assert.strictEqual(headers["user-agent"], "pyroduct/1")
          assert.strictEqual(headers["x-agent-id"], "instance-7")
          assert.strictEqual(headers["x-scope-orgid"], "tenant-1")
          assert.strictEqual(headers["connect-protocol-version"], "1")
        })
    )
  }

  live("that comes back from another host does not bring it back", () =>
    Effect.gen(function*() {
      const home = yield* makeWebServer((response, received) =>
        (received.path === "/back" ? answer(200) : redirect(307, `http://localhost:${away.port}/`))(response, received)
      )
      const away = yield* makeWebServer(redirect(307, `${home.url}/back`))
      assert.isUndefined(yield* push(home.url))
      assert.deepStrictEqual(home.requests.map(secretsIn), [everything, []])
      assert.isTrue(home.requests[1]?.body.equals(body))
    }))

  live("from TLS to plain text leaves it behind, from plain text to TLS takes it along", () =>
    Effect.gen(function*() {
      const plain = yield* makeWebServer()
      const secure = yield* makeWebServer(redirect(307, plain.url), tls)
      assert.isUndefined(yield* push(secure.url))
      assert.deepStrictEqual(secretsIn(plain.requests[0]!), [])

      const upgraded = yield* makeWebServer(answer(200), tls)
      const old = yield* makeWebServer(redirect(308, upgraded.url))
      assert.isUndefined(yield* push(old.url))
      assert.deepStrictEqual(secretsIn(upgraded.requests[0]!), everything)
      assert.strictEqual(upgraded.requests[0]?.version, "2.0")
      assert.isTrue(upgraded.requests[0]?.body.equals(body))
    }))

  live("is followed ten times, and the eleventh is not", () =>
    Effect.gen(function*() {
      const circle = yield* makeWebServer(redirect(307, "/again"))
      const reason = yield* push(circle.url)
      assert.deepInclude(reason, { _tag: "Rejected", status: 307, detail: "stopped after 10 redirects" })
      assert.strictEqual(reason?.concerns, "endpoint")
      assert.strictEqual(circle.requests.length, 11)

      const chain = yield* makeWebServer((response, received) =>
        (received.path === "/10" ? answer(200) : redirect(307, `/${chain.requests.length}`))(response, received)
      )
      assert.isUndefined(yield* push(chain.url))
      assert.strictEqual(chain.requests.length, 11)
    }))

  for (
    const [location, detail] of [
      ["ftp://127.0.0.1/profiles", "the redirect has the unsupported protocol scheme \"ftp\""],
      ["http://[", "the redirect leads to what is no URL"]
    ] as const
  ) {
    live(`to ${location} is not followed`, () =>
      Effect.gen(function*() {
        const server = yield* makeWebServer(redirect(307, location))
        assert.deepInclude(yield* push(server.url), { _tag: "Rejected", status: 307, detail })
      }))
  }

  live("to a server that is down is something that may pass", () =>
    Effect.gen(function*() {
      const port = yield* Effect.promise(freePort)
      const server = yield* makeWebServer(redirect(307, `http://127.0.0.1:${port}`))
      assert.deepInclude(yield* push(server.url), { _tag: "Unreachable", code: "ECONNREFUSED" })
    }))

  live("that is not to be followed rejects the push", () =>
    Effect.gen(function*() {
      const second = yield* makeWebServer()
      for (const status of [301, 302, 303, 307, 308]) {
        const first = yield* makeWebServer(redirect(status, second.url))
        const reason = yield* push(first.url, { followRedirects: false })
        assert.deepInclude(reason, { _tag: "Rejected", by: "server", status, detail: "see elsewhere" })
        assert.strictEqual(reason?.concerns, "endpoint")
      }
      assert.strictEqual(second.requests.length, 0)
    }))

  live("without a location, and another 3xx with one, is an answer", () =>
    Effect.gen(function*() {
      const nowhere = yield* makeWebServer(answer(307))
      assert.deepInclude(yield* push(nowhere.url), { _tag: "Rejected", status: 307 })
      const other = yield* makeWebServer(redirect(304, nowhere.url))
      assert.deepInclude(yield* push(other.url), { _tag: "Rejected", status: 304 })
      assert.strictEqual(nowhere.requests.length, 1)
    }))
})
