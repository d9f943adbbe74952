import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import { freePort } from "../support/ports.ts"
import { answering, makeBrokenProxy, makeHttpProxy, type Seen } from "../support/proxies.ts"
import { answer, makeWebServer } from "../support/webServer.ts"
import {
  authority,
  authorization,
  connect,
  type Expected,
  has,
  host,
  isClean,
  known,
  live,
  naming,
  nobody,
  ofProxy,
  reasonOf,
  request,
  send,
  serverTls,
  trusting,
  unknown,
  user,
  wrong
} from "./proxied.ts"

const connectHeaders = { "x-tunnel": [Redacted.make("east"), Redacted.make("west")] }

const linesOf = (seen: ReadonlyArray<Seen>): ReadonlyArray<string> =>
  seen.map(({ method, target }) => `${method} ${target}`)

describe("An HTTP proxy", () => {
  live("gets whole requests to a server in plain text, and looks its name up", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer(answer(200, {}, "taken"))
      const proxy = yield* makeHttpProxy({ user })
      const response = yield* send({
        url: `http://${host}:${server.port}/prefix`,
        headers: { "x-own": ["one", "two"] },
        proxy: { url: `http://${known}localhost:${proxy.port}`, connectHeaders }
      })
      assert.deepStrictEqual([response.status, response.text], [200, "taken"])
      assert.deepStrictEqual(linesOf(proxy.seen), [`POST http://${host}:${server.port}/prefix/push`])
      const seen = proxy.seen[0]!
      assert.strictEqual(seen.headers["proxy-authorization"], authorization)
      assert.isUndefined(seen.headers["x-tunnel"], "there is no CONNECT")
      const received = server.requests[0]!
      assert.strictEqual(received.path, "/prefix/push")
      assert.strictEqual(received.headers.host, `${host}:${server.port}`)
      assert.strictEqual(received.headers["x-own"], "one, two")
      assert.deepStrictEqual([...received.body], [1, 2, 3])
      assert.isTrue(isClean(received))
    }))

  for (const [version, http2, tunnels] of [["2.0", true, 1], ["1.1", false, 2]] as const) {
    live(`tunnels requests to a server with TLS and HTTP/${version}, many in one tunnel`, () =>
      Effect.gen(function*() {
        const server = yield* makeWebServer(answer(200), serverTls)
        const proxy = yield* makeHttpProxy({ user })
        const connection = yield* connect({
          url: `https://${host}:${server.port}`,
          http2,
          proxy: { url: `http://${known}localhost:${proxy.port}`, connectHeaders }
        })
        for (let count = 0; count < 5; count++) yield* connection.send(request)
        assert.deepStrictEqual(server.requests.map(({ version }) => version), Array.from({ length: 5 }, () => version))
        // A connection of HTTP/1.1 may not be free again yet when the next request comes.
        assert.isAtMost(proxy.seen.length, tunnels)
        for (const { headers, method, target } of proxy.seen) {
          assert.deepStrictEqual(
            [method, target, headers["proxy-authorization"], headers["x-tunnel"]],
            ["CONNECT", `${host}:${server.port}`, authorization, "east, west"]
          )
        }
        assert.isTrue(server.requests.every(isClean))
      }))
  }

  for (const [scheme, tls] of [["http", undefined], ["https", serverTls]] as const) {
    for (const [what, info] of [["wrong", wrong], ["no", nobody]]) {
      live(
        `that gets ${what} credentials on the way to an ${scheme} URL is not asked again`,
        () =>
          Effect.gen(function*() {
            const server = yield* makeWebServer(answer(200), tls)
            const proxy = yield* makeHttpProxy({ user })
            has(
              yield* reasonOf({ url: server.url, proxy: `http://${info}localhost:${proxy.port}` }),
              { _tag: "AuthError", source: "proxy", status: 407, concerns: "endpoint" },
              naming("http", "localhost", proxy.port)
            )
            assert.strictEqual(proxy.seen.length, 1)
            assert.strictEqual(server.requests.length, 0)
          })
      )
    }
  }

  live("is not to blame for what a server behind a tunnel answers", () =>
    Effect.gen(function*() {
      const proxy = yield* makeHttpProxy()
      const reasonFor = Effect.fnUntraced(function*(status: number) {
        const server = yield* makeWebServer(answer(status), serverTls)
        return yield* reasonOf({ url: server.url, proxy: `http://localhost:${proxy.port}` })
      })
      has(yield* reasonFor(401), { _tag: "AuthError", source: "server", status: 401, concerns: "endpoint" })
      has(yield* reasonFor(407), { _tag: "Rejected", by: "server", status: 407, concerns: "endpoint" })
      has(yield* reasonFor(502), { _tag: "ServerFailure", by: "server", status: 502, concerns: "endpoint" })
    }))

  live("is not to blame for a server's certificate", () =>
    Effect.gen(function*() {
      const proxy = yield* makeHttpProxy()
      const server = yield* makeWebServer(answer(200), serverTls)
      const reason = yield* reasonOf({
        url: server.url,
        tls: trusting(unknown),
        proxy: `http://127.0.0.1:${proxy.port}`
      })
      has(reason, { _tag: "TlsError", code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", concerns: "endpoint" })
      assert.notInclude(reason?.message, "proxy")
      assert.strictEqual(server.requests.length, 0)
    }))

  live("that cannot reach the server is something that may pass", () =>
    Effect.gen(function*() {
      const proxy = yield* makeHttpProxy()
      const port = yield* Effect.promise(freePort)
      const through = { proxy: `http://127.0.0.1:${proxy.port}` }
      // This proxy has statuses of its own for what became of a request, and a tunnel it only closes.
      has(
        yield* reasonOf({ url: `http://${host}:${port}`, ...through }),
        { _tag: "ServerFailure", status: 594, concerns: "endpoint" }
      )
      has(
        yield* reasonOf({ url: `https://${host}:${port}`, ...through }),
        { _tag: "Unreachable", code: "ECONNRESET", concerns: "endpoint" },
        naming("http", "127.0.0.1", proxy.port)
      )
    }))

  const answers: ReadonlyArray<readonly [head: string, expected: Expected]> = [
    ["502 Bad Gateway", { _tag: "ServerFailure", by: "proxy", status: 502, concerns: "endpoint" }],
    ["503 Service Unavailable", {
      _tag: "ServerFailure",
      by: "proxy",
      status: 503,
      retryAfter: Duration.seconds(7),
      concerns: "endpoint"
    }],
    ["501 Not Implemented", { _tag: "ServerFailure", by: "proxy", status: 501, concerns: "endpoint" }],
    ["403 Forbidden", { _tag: "AuthError", source: "proxy", status: 403, concerns: "endpoint" }],
    ["429 Too Many Requests", {
      _tag: "RateLimited",
      by: "proxy",
      retryAfter: Duration.seconds(7),
      concerns: "endpoint"
    }],
    ["400 Bad Request", { _tag: "Rejected", by: "proxy", status: 400, concerns: "endpoint" }],
    ["302 Found", { _tag: "Rejected", by: "proxy", status: 302, concerns: "endpoint" }]
  ]
  for (const [head, expected] of answers) {
    live(`that answers CONNECT with ${head} is a ${expected._tag}`, () =>
      Effect.gen(function*() {
        const port = yield* makeBrokenProxy(
          answering(`HTTP/1.1 ${head}\r\nretry-after: 7\r\nlocation: http://127.0.0.1:1/login`)
        )
        const reason = yield* reasonOf({ url: `https://${host}:4040`, proxy: `http://127.0.0.1:${port}` })
        has(reason, expected, naming("http", "127.0.0.1", port))
        assert.match(reason!.message, new RegExp(`answered ${head.slice(0, 3)} to CONNECT ${host}:4040$`))
      }))
  }

  for (const scheme of ["http", "https"]) {
    const url = `${scheme}://${host}:4040`

    live(`that speaks no HTTP leads to no ${scheme} URL`, () =>
      Effect.gen(function*() {
        const port = yield* makeBrokenProxy(answering("220 smtp.example ESMTP"))
        const reason = yield* reasonOf({ url, proxy: `http://127.0.0.1:${port}` })
        has(reason, { _tag: "Unreachable", concerns: "endpoint" }, /Expected HTTP/)
      }))

    live(`that closes the connection leads to no ${scheme} URL`, () =>
      Effect.gen(function*() {
        const port = yield* makeBrokenProxy((socket) => socket.destroy())
        has(
          yield* reasonOf({ url, proxy: `http://127.0.0.1:${port}` }),
          { _tag: "Unreachable", concerns: "endpoint" }
        )
      }))

    live(`that never answers is a timeout, on the way to an ${scheme} URL`, () =>
      Effect.gen(function*() {
        const port = yield* makeBrokenProxy(() => {})
        const timeout = Duration.millis(100)
        has(
          yield* reasonOf({ url, timeout, proxy: `http://127.0.0.1:${port}` }),
          { _tag: "Timeout", after: timeout, concerns: "endpoint" }
        )
      }))
  }
})

describe("An HTTPS proxy", () => {
  for (const scheme of ["http", "https"]) {
    const url = `${scheme}://${host}:4040`

    live(`that is trusted leads to an ${scheme} URL`, () =>
      Effect.gen(function*() {
        const server = yield* makeWebServer(answer(200), scheme === "https" ? serverTls : undefined)
        const proxy = yield* makeHttpProxy({ user, identity: ofProxy })
        const { status } = yield* send({
          url: `${scheme}://${host}:${server.port}`,
          proxy: `https://${known}localhost:${proxy.port}`
        })
        assert.strictEqual(status, 200)
        assert.strictEqual(proxy.seen[0]?.headers["proxy-authorization"], authorization)
        assert.deepStrictEqual(server.requests.map(({ version }) => version), [scheme === "https" ? "2.0" : "1.1"])
        assert.isTrue(server.requests.every(isClean))
      }))

    live(`that is not trusted gets no request for an ${scheme} URL, and is named`, () =>
      Effect.gen(function*() {
        const proxy = yield* makeHttpProxy({ identity: ofProxy })
        const reason = yield* reasonOf({
          url,
          tls: trusting(unknown),
          proxy: `https://${known}localhost:${proxy.port}`
        })
        has(
          reason,
          { _tag: "TlsError", code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", concerns: "endpoint" },
          naming("https", "localhost", proxy.port)
        )
        assert.strictEqual(proxy.seen.length, 0)
      }))

    live(`is not asked for the name of the server of an ${scheme} URL`, () =>
      Effect.gen(function*() {
        const proxy = yield* makeHttpProxy({ identity: ofProxy })
        const reason = yield* reasonOf({
          url,
          // The proxy's certificate has that name, but not the address.
          tls: trusting(authority, "localhost"),
          proxy: `https://127.0.0.1:${proxy.port}`
        })
        has(
          reason,
          { _tag: "TlsError", code: "ERR_TLS_CERT_ALTNAME_INVALID", concerns: "endpoint" },
          naming("https", "127.0.0.1", proxy.port)
        )
        assert.strictEqual(proxy.seen.length, 0)
      }))
  }

  live("leaves the name of the server to the server", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer(answer(200), serverTls)
      const proxy = yield* makeHttpProxy({ identity: ofProxy })
      const through = { url: `https://other.invalid:${server.port}`, proxy: `https://localhost:${proxy.port}` }
      const { status } = yield* send({ ...through, tls: trusting(authority, host) })
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(linesOf(proxy.seen), [`CONNECT other.invalid:${server.port}`])

      const reason = yield* reasonOf(through)
      has(reason, { _tag: "TlsError", code: "ERR_TLS_CERT_ALTNAME_INVALID", concerns: "endpoint" })
      assert.notInclude(reason?.message, "proxy")
    }))
})

describe("The way to a server", () => {
  // To this address every connection is one to this host, and the rules do not know it as such.
  const here = "0.0.0.0"

  live("leads past the proxy where no_proxy says so, by host and port", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* makeWebServer(), yield* makeWebServer()]
      const proxy = yield* makeHttpProxy()
      const through = { proxy: { url: `http://localhost:${proxy.port}`, noProxy: `${here}:${first.port}` } }
      yield* send({ url: `http://${here}:${first.port}`, ...through })
      assert.deepStrictEqual(linesOf(proxy.seen), [])
      yield* send({ url: `http://${here}:${second.port}`, ...through })
      assert.deepStrictEqual(linesOf(proxy.seen), [`POST http://${here}:${second.port}/push`])
      assert.deepStrictEqual([first, second].map(({ requests }) => requests.length), [1, 1])
    }))

  live(
    "to this host leads past the proxy with no_proxy, whatever it says, and through it without",
    () =>
      Effect.gen(function*() {
        const server = yield* makeWebServer()
        const proxy = yield* makeHttpProxy()
        const url = `http://localhost:${proxy.port}`
        yield* send({ url: server.url, proxy: { url, noProxy: host } })
        assert.strictEqual(proxy.seen.length, 0)
        yield* send({ url: server.url, proxy: { url } })
        assert.strictEqual(proxy.seen.length, 1)
      })
  )

  live("is that of the environment, if settings say so", () =>
    Effect.gen(function*() {
      const [plain, secure, direct] = [
        yield* makeWebServer(),
        yield* makeWebServer(answer(200), serverTls),
        yield* makeWebServer()
      ]
      const [http, https] = [yield* makeHttpProxy({ user }), yield* makeHttpProxy()]
      yield* environment({
        HTTP_PROXY: `http://${known}localhost:${http.port}`,
        https_proxy: `localhost:${https.port}`,
        NO_PROXY: `example.com, ${here}:${direct.port}`
      })
      const through = { proxy: { fromEnvironment: true } }
      yield* send({ url: `http://${host}:${plain.port}`, ...through })
      yield* send({ url: `https://${host}:${secure.port}`, ...through })
      yield* send({ url: `http://${here}:${direct.port}`, ...through })
      assert.deepStrictEqual(linesOf(http.seen), [`POST http://${host}:${plain.port}/push`])
      assert.deepStrictEqual(linesOf(https.seen), [`CONNECT ${host}:${secure.port}`])
      assert.strictEqual(direct.requests.length, 1)

      yield* send({ url: direct.url, proxy: {} })
      assert.strictEqual(http.seen.length, 1)
    }))
})

/** The proxies of the environment until the scope closes. */
const environment = (variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = proxyVariables.map((name) => [name, process.env[name]] as const)
      for (const name of proxyVariables) delete process.env[name]
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
      })
  )

const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()])
