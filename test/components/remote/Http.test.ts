import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../../src/components/Content.ts"
import * as HttpClient from "../../../src/components/HttpClient.ts"
import * as Http from "../../../src/components/remote/Http.ts"
import * as Identity from "../../../src/delivery/Identity.ts"
import * as Health from "../../../src/telemetry/Health.ts"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.ts"
import { Transport } from "../../../src/transport/Transport.ts"
import { problemsOf } from "../arguments.ts"
import { exported } from "../exported.ts"

const { answer } = ScriptedServer

const text = (body: string) => answer(200, { body })

/** A component that polls each minute, what it exports, its problem, and the requests that it made. */
const start = Effect.fnUntraced(function*(script: ScriptedServer.Script, options: Partial<Http.Options> = {}) {
  let problem: string | undefined
  const server = yield* Layer.build(
    Transport.layerHttpClient.pipe(Layer.provideMerge(ScriptedServer.layer(script)), Layer.merge(Logger.layer([])))
  )
  return yield* Effect.gen(function*() {
    const { requests } = yield* ScriptedServer.ScriptedServer
    const context = yield* Layer.build(Http.layer({ url: "http://config.example/token", ...options }))
    return { values: yield* exported(Content.exported, context), problem: () => problem, requests }
  }).pipe(
    Effect.provide(server),
    Effect.provideService(Health.Reporter, {
      problem: (_, message) =>
        Effect.sync(() => {
          problem = message
        })
    })
  )
})

const failure = (script: ScriptedServer.Script, options?: Partial<Http.Options>) =>
  Effect.map(Effect.flip(start(script, options)), ({ message }) => message)

const poll = TestClock.adjust("1 minute")

describe("remote.http", () => {
  it.effect("exports what the server answers, trimmed, and what it answers later, each once", () =>
    Effect.gen(function*() {
      const { requests, values } = yield* start([text(" one\n"), text("one"), text("two\u0085")])
      assert.deepStrictEqual(values, ["one"])
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(requests.length, 1)
      yield* poll
      yield* poll
      assert.deepStrictEqual(values, ["one", "two"])
    }))

  it.effect("exports a secret where it is one", () =>
    Effect.gen(function*() {
      const { values } = yield* start([text("hunter2")], { is_secret: true })
      assert.deepStrictEqual(values, [Redacted.make("hunter2")])
    }))

  it.effect("asks in the way that it is told", () =>
    Effect.gen(function*() {
      const { requests } = yield* start([text("")], {
        url: "http://user:p%40ss@config.example/token?for=profiles#here",
        method: "PUT",
        headers: { "X-Key": "a", "Content-Type": "application/json" },
        body: "{}"
      })
      const [{ body, headers, method, url } = assert.fail()] = requests
      assert.strictEqual(`${method} ${url.href}`, "PUT http://config.example/token?for=profiles")
      assert.deepStrictEqual({ ...headers }, {
        "user-agent": Identity.make("").userAgent,
        "x-key": "a",
        "content-type": "application/json",
        "content-length": "2",
        authorization: `Basic ${btoa("user:p@ss")}`
      })
      assert.strictEqual(new TextDecoder().decode(body), "{}")
    }))

  it.effect("has the credentials of its client, and may have another name", () =>
    Effect.gen(function*() {
      const { requests } = yield* start([text("")], {
        method: "",
        headers: { "User-Agent": "mine" },
        client: HttpClient.Arguments.make({ bearer_token: Redacted.make("t0ken") })
      })
      const [{ headers, method } = assert.fail()] = requests
      assert.deepStrictEqual([method, { ...headers }], [
        "GET",
        { "user-agent": "mine", authorization: "Bearer t0ken" }
      ])
    }))

  it.effect("is not built without an answer that will do, and says why without what may be secret", () =>
    Effect.gen(function*() {
      const said = answer(403, { body: "no\n hunter2" })
      assert.strictEqual(
        yield* failure([said]),
        "polling failed: http://config.example/token: the server answered 403: no hunter2"
      )
      assert.strictEqual(
        yield* failure([said], { url: "http://user:hunter2@config.example?key=hunter2" }),
        "polling failed: http://config.example: the server answered 403"
      )
      assert.strictEqual(
        yield* failure([said], { headers: { "X-Key": "hunter2" } }),
        "polling failed: http://config.example/token: the server answered 403: no ***"
      )
      assert.strictEqual(
        yield* failure([answer(204)]),
        "polling failed: http://config.example/token: the server answered 204"
      )
      assert.strictEqual(
        yield* failure([text("x".repeat(4 * 1024 * 1024 + 1))]),
        "polling failed: http://config.example/token: the answer is larger than 4194304 bytes"
      )
      assert.strictEqual(
        yield* failure([ScriptedServer.failure("ECONNREFUSED")]),
        "polling failed: http://config.example/token: no connection (ECONNREFUSED)"
      )
    }))

  it.effect("waits for all of a poll, redirects included, as long as it is told to", () =>
    Effect.gen(function*() {
      const slow = Effect.delay(answer(302, { headers: { location: "/other" } }), "9 seconds")
      const starting = yield* Effect.forkChild(failure(() => slow))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(
        yield* Fiber.join(starting),
        "polling failed: http://config.example/token: no answer within 10s (ETIMEDOUT)"
      )
    }))

  it.effect("keeps what it has while polls fail, and is unhealthy until one succeeds", () =>
    Effect.gen(function*() {
      const { problem, values } = yield* start([text("one"), answer(500), ScriptedServer.silence, text("two")])
      yield* poll
      assert.strictEqual(problem(), "polling failed: http://config.example/token: the server answered 500")
      yield* poll
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(
        problem(),
        "polling failed: http://config.example/token: no answer within 10s (ETIMEDOUT)"
      )
      assert.deepStrictEqual(values, ["one"])
      yield* poll
      assert.strictEqual(problem(), undefined)
      assert.deepStrictEqual(values, ["one", "two"])
    }))

  it("takes only what can be polled", () => {
    const url = "url = \"http://config.example\""
    const problems = (...lines: ReadonlyArray<string>) => problemsOf(Http.Arguments, url, ...lines)
    assert.deepStrictEqual(problems("poll_frequency = \"30s\"", "client {", "bearer_token = secret", "}"), [])
    assert.deepStrictEqual(problems("poll_frequency = \"0s\"", "poll_timeout = \"-1s\""), [
      "3:18-3:21 poll_frequency must be greater than 0",
      "4:16-4:20 poll_timeout must be greater than 0"
    ])
    assert.deepStrictEqual(problems("poll_timeout = \"1m\""), [
      "3:16-3:19 poll_timeout must be less than poll_frequency"
    ])
    assert.deepStrictEqual(problems("method = \"G T\""), ["3:10-3:14 \"G T\" is no method of HTTP"])
    assert.deepStrictEqual(problems("client {", "basic_auth { }", "bearer_token = \"a\"", "}"), [
      "5:16-5:18 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
    ])
    assert.deepStrictEqual(problemsOf(Http.Arguments, "url = \"://example.com\""), [
      "2:7-2:22 \"***\" must be an absolute URL such as \"https://profiles.example\""
    ])
    assert.deepStrictEqual(problemsOf(Http.Arguments, "url = \"http://a:b@c\"", "client { bearer_token = secret }"), [
      "2:7-2:20 the user info of the URL would be ignored beside bearer_token: configure one of them"
    ])
  })
})
