import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, FileSystem, Layer, Logger, Metric, Redacted, Scope } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as Health from "../../src/telemetry/Health.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Transport from "../../src/transport/Transport.ts"
import { NoConnection } from "../../src/transport/TransportError.ts"

const settings: Transport.Settings = { ...Transport.defaults, timeout: Duration.seconds(10) }

const origin = "http://pyroscope.example:4040"

const request: Transport.Request = {
  method: "POST",
  origin,
  path: "/push?name=a%20b",
  headers: { "content-type": "application/proto", "x-agent-id": "1" },
  body: Uint8Array.of(1, 2, 3)
}

const connect = (changes: Partial<Transport.Settings> = {}) =>
  Effect.flatMap(Transport.Transport, (transport) => transport.connect({ ...settings, ...changes }))

const send = Effect.flatMap(connect(), (connection) => connection.send(request))

const against = (script: ScriptedServer.Script = []) =>
  Effect.provide(Transport.Transport.layerHttpClient.pipe(Layer.provideMerge(ScriptedServer.layer(script))))

describe("Transport over an HttpClient", () => {
  it.effect("sends what it is given, and nothing of a trace", () =>
    Effect.gen(function*() {
      yield* Effect.withSpan(send, "a span")
      const [received] = (yield* ScriptedServer.ScriptedServer).requests
      assert.strictEqual(received!.method, "POST")
      assert.strictEqual(received!.url.href, "http://pyroscope.example:4040/push?name=a%20b")
      assert.deepStrictEqual({ ...received!.headers }, { ...request.headers, "content-length": "3" })
      assert.deepStrictEqual(received!.body, request.body)
    }).pipe(against()))

  it.effect("gives a header with several values as one, and none as none", () =>
    Effect.gen(function*() {
      const { send } = yield* connect({ headers: { "x-key": ["a", "b"], "x-none": [] } })
      yield* send({ method: "GET", origin, path: "/", headers: {}, body: undefined })
      const [received] = (yield* ScriptedServer.ScriptedServer).requests
      assert.strictEqual(received!.method, "GET")
      assert.deepStrictEqual({ ...received!.headers }, { "x-key": "a, b" })
      assert.strictEqual(received!.body.byteLength, 0)
    }).pipe(against()))

  it.effect("gives the status where the text does not come or breaks off", () =>
    Effect.gen(function*() {
      const client = HttpClient.make((request) => {
        const body = new ReadableStream({
          start: (stream) => {
            if (request.url.endsWith("/breaks")) stream.error(new Error("it broke"))
          }
        })
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status: 503 })))
      })
      const { send } = yield* Effect.provide(
        connect(),
        Layer.provide(Transport.Transport.layerHttpClient, Layer.succeed(HttpClient.HttpClient, client))
      )
      for (const path of ["/breaks", "/drips"]) {
        const sending = yield* Effect.forkChild(send({ ...request, path }), { startImmediately: true })
        yield* TestClock.adjust("1 second")
        const { status, text } = yield* Fiber.join(sending)
        assert.deepStrictEqual([status, text], [503, ""])
      }
    }))

  it.effect("gives the status, the headers in lower case and the beginning of the text", () =>
    Effect.gen(function*() {
      const response = yield* send
      assert.strictEqual(response.status, 429)
      assert.strictEqual(response.headers["retry-after"], "7")
      assert.strictEqual(response.text, "x".repeat(2048))
    }).pipe(against([ScriptedServer.answer(429, { headers: { "Retry-After": "7" }, body: "x".repeat(9999) })])))

  it.effect("follows redirects", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* send).status, 200)
      const { requests } = yield* ScriptedServer.ScriptedServer
      assert.deepStrictEqual(requests.map(({ url }) => url.href), [
        "http://pyroscope.example:4040/push?name=a%20b",
        "http://other.example/x"
      ])
    }).pipe(against([ScriptedServer.answer(308, { headers: { Location: "http://other.example/x" } })])))

  it.effect("gives up when there is no answer in time, for each redirect again", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(send), { startImmediately: true })
      yield* TestClock.adjust("17999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(
        yield* Fiber.join(fiber),
        new NoConnection({ code: "ETIMEDOUT", detail: "no answer within 10s" })
      )
    }).pipe(
      against([
        Effect.delay(ScriptedServer.answer(307, { headers: { Location: "/x" } }), "8 seconds"),
        ScriptedServer.silence
      ])
    ))

  it.effect("fails with the code of what the client fails with", () =>
    Effect.gen(function*() {
      const cause = new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code: "ECONNREFUSED" }) })
      const client = HttpClient.make((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
        )
      )
      const error = yield* Effect.flip(send).pipe(
        Effect.provide(Layer.provide(Transport.Transport.layerHttpClient, Layer.succeed(HttpClient.HttpClient, client)))
      )
      assert.strictEqual(error.message, "no (ECONNREFUSED)")
    }))

  const { proxy, tls } = Transport.defaults
  const text = Material.inline(Redacted.make("text"))
  const unusable: Readonly<Record<string, Partial<Transport.Settings>>> = {
    "proxy.url": { proxy: { ...proxy, url: "http://proxy.example:3128" } },
    "proxy.fromEnvironment": { proxy: { ...proxy, fromEnvironment: true } },
    "tls.ca": { tls: { ...tls, ca: text } },
    "tls.certificate": { tls: { ...tls, certificate: text } },
    "tls.key": { tls: { ...tls, key: text } },
    "tls.serverName": { tls: { ...tls, serverName: "other.example" } },
    "tls.insecureSkipVerify": { tls: { ...tls, insecureSkipVerify: true } },
    "tls.minVersion": { tls: { ...tls, minVersion: "TLS13" } },
    "http2": { http2: false }
  }
  const refusal = "an HttpClient of the application's own cannot be told about"
  for (const [name, changes] of Object.entries(unusable)) {
    it.effect(`has no ${name} to set`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(connect(changes))
        assert.deepStrictEqual([error._tag, error.message], ["UnusableSettings", `${refusal} ${name}`])
      }).pipe(against()))
  }

  it.effect("names all settings that it does not have", () =>
    Effect.gen(function*() {
      const { message } = yield* Effect.flip(connect({ ...unusable["proxy.url"], ...unusable["tls.ca"], http2: false }))
      assert.strictEqual(message, `${refusal} proxy.url, tls.ca, http2`)
    }).pipe(against()))

  it.effect("has none for a token endpoint either", () =>
    Effect.gen(function*() {
      const tokens = (changes: Partial<Transport.Settings>) =>
        connect({
          authentication: {
            _tag: "OAuth2",
            clientId: "pusher",
            clientSecret: text,
            tokenUrl: "https://idp.example/token",
            scopes: [],
            endpointParams: {},
            tls,
            proxy,
            ...changes
          }
        })
      yield* tokens({})
      for (const name of ["proxy.url", "tls.ca"]) {
        const { message } = yield* Effect.flip(tokens(unusable[name]!))
        assert.strictEqual(message, `token endpoint: ${refusal} ${name}`)
      }
    }).pipe(against()))

  it.effect("takes what has no meaning without a proxy", () =>
    connect({ proxy: { ...proxy, noProxy: "localhost", connectHeaders: { a: [Redacted.make("1")] } } }).pipe(against()))
})

describe("A client of the Transport", () => {
  const token = (text: string) => Authentication.token(Material.inline(Redacted.make(text)))
  const own = (changes: Partial<Transport.Settings> = {}) => Effect.map(connect(changes), ({ send }) => send)

  it.effect("is the same for equal settings, however they came about", () =>
    Effect.gen(function*() {
      const everything = (): Partial<Transport.Settings> => ({
        headers: { "x-key": ["a", "b"], "x-other": "c" },
        authentication: token("t0ken"),
        tls: { ...Transport.defaults.tls, serverName: "other.example" },
        proxy: { ...Transport.defaults.proxy, connectHeaders: { "x-key": [Redacted.make("a")] } },
        followRedirects: false,
        http2: false,
        timeout: Duration.seconds(3)
      })
      assert.strictEqual(yield* own(), yield* own())
      assert.strictEqual(yield* own(everything()), yield* own(everything()))
      assert.strictEqual(
        yield* own({ timeout: Duration.seconds(3) }),
        yield* own({ timeout: Duration.millis(3000) })
      )
    }).pipe(Effect.provide(Transport.Transport.layer)))

  it.effect("is another for other settings", () =>
    Effect.gen(function*() {
      const { proxy, tls } = Transport.defaults
      const sends = yield* Effect.forEach([
        {},
        { headers: { "x-key": "a" } },
        { headers: { "x-key": ["a"] } },
        { headers: { "x-key": ["a", "b"] } },
        { headers: { "x-key": "b" } },
        { authentication: token("t0ken") },
        { authentication: token("other") },
        { authentication: Authentication.basic("user", Material.inline(Redacted.make("t0ken"))) },
        { tls: { ...tls, serverName: "other.example" } },
        { tls: { ...tls, insecureSkipVerify: true } },
        { proxy: { ...proxy, url: "http://proxy.example" } },
        { proxy: { ...proxy, url: "http://proxy.example", connectHeaders: { a: [Redacted.make("1")] } } },
        { proxy: { ...proxy, url: "http://proxy.example", connectHeaders: { a: [Redacted.make("2")] } } },
        { followRedirects: false },
        { http2: false },
        { timeout: Duration.seconds(11) }
      ], (changes: Partial<Transport.Settings>) => own(changes))
      assert.strictEqual(new Set(sends).size, sends.length)
    }).pipe(Effect.provide(Transport.Transport.layer)))

  it.effect("waits half a minute to be used again", () =>
    Effect.gen(function*() {
      const first = yield* Effect.scoped(own())
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* Effect.scoped(own()), first)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* Effect.scoped(own()), first)
      yield* TestClock.adjust("31 seconds")
      assert.notStrictEqual(yield* Effect.scoped(own()), first)
    }).pipe(against()))

  it.effect("has ended half a minute after its last use, with all that it does beside requests", () =>
    Effect.suspend(() => {
      let active = 0
      const counting: Metric.FiberRuntimeMetricsService = {
        recordFiberStart: () => void (active += 1),
        recordFiberEnd: () => void (active -= 1)
      }
      return Effect.gen(function*() {
        yield* Effect.scoped(own())
        yield* TestClock.adjust("31 seconds")
        const before = active
        const token = Authentication.token(Material.file("/there/is/none"))
        for (let client = 0; client < 20; client++) {
          yield* Effect.scoped(own({ authentication: token, headers: { "x-client": `${client}` } }))
        }
        assert.isAbove(active, before + 20)
        yield* TestClock.adjust("31 seconds")
        // A file is perhaps being read.
        assert.isBelow(active, before + 10)
      }).pipe(Effect.provide(Transport.Transport.layer), Effect.provideService(Metric.FiberRuntimeMetrics, counting))
    }))

  it.effect("stays as long as anyone uses it", () =>
    Effect.gen(function*() {
      const first = yield* own()
      yield* Effect.scoped(own())
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* own(), first)
    }).pipe(against()))

  it.effect("that could not be made is tried anew", () =>
    Effect.gen(function*() {
      const ca = Material.inline(Redacted.make("no certificate"))
      const withCa = own({ tls: { ...Transport.defaults.tls, ca } })
      for (let times = 0; times < 2; times++) {
        assert.include((yield* Effect.flip(withCa)).message, "there is no certificate in it")
      }
    }).pipe(Effect.provide(Transport.Transport.layer)))

  it.effect("has its problems told by all who use it, and by those who come later", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/token`
      const told = Effect.fnUntraced(function*(scope: Scope.Scope) {
        const first = yield* Deferred.make<string | undefined>()
        yield* connect({ authentication: Authentication.token(Material.file(path)) }).pipe(
          Scope.provide(scope),
          Effect.provideService(Health.Reporter, {
            problem: (about, message) => Deferred.succeed(first, `${about}, ${message}`)
          })
        )
        return yield* Deferred.await(first)
      })
      const outage = `cannot use file ${path}`
      const reason = `unable to read authorization credentials: unable to read file ${path}: no such file or directory`
      const scope = yield* Scope.make()
      for (let user = 0; user < 3; user++) {
        assert.strictEqual(yield* told(scope), `${outage}, ${outage}: ${reason}`)
      }
      yield* Scope.close(scope, Exit.void)
    }).pipe(
      against(),
      Effect.provide(Layer.merge(NodeFileSystem.layer, Logger.layer([])))
    ))
})
