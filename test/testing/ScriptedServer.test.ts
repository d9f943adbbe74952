import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as Write from "../../src/components/pyroscope/Write.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import { ScriptedServer } from "../../src/testing.ts"

const { answer, failure, silence } = ScriptedServer

const get = (path = "/") => HttpClient.get(`http://any.example${path}`)

const statusOf = (path?: string) => Effect.map(get(path), ({ status }) => status)

describe("ScriptedServer", () => {
  it.effect("follows its script, then answers 200", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.all([statusOf(), statusOf(), statusOf(), statusOf()]), [500, 429, 200, 200])
    }).pipe(Effect.provide(ScriptedServer.layer([answer(500), answer(429)]))))

  it.effect("or decides by the request", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.all([statusOf("/a"), statusOf("/b")]), [404, 200])
    }).pipe(Effect.provide(ScriptedServer.layer(({ url }) => answer(url.pathname === "/a" ? 404 : 200)))))

  it.effect("answers with headers and a body, as text, JSON and bytes", () =>
    Effect.gen(function*() {
      const response = yield* get()
      assert.strictEqual(response.headers["retry-after"], "7")
      assert.strictEqual(yield* response.text, "{\"a\":\"\u00e9\"}")
      assert.deepStrictEqual(yield* response.json, { a: "\u00e9" })
      assert.deepStrictEqual(Buffer.from(yield* response.arrayBuffer).toString(), "{\"a\":\"\u00e9\"}")
    }).pipe(
      Effect.provide(
        ScriptedServer.layer([answer(200, { headers: { "Retry-After": "7" }, body: "{\"a\":\"\u00e9\"}" })])
      )
    ))

  it.effect("takes the clock's time to answer, or for ever", () =>
    Effect.gen(function*() {
      const slow = yield* Effect.forkChild(statusOf(), { startImmediately: true })
      const never = yield* Effect.forkChild(statusOf(), { startImmediately: true })
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(slow.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(slow), 200)
      yield* TestClock.adjust("365 days")
      assert.isUndefined(never.pollUnsafe())
    }).pipe(Effect.provide(ScriptedServer.layer([Effect.delay(answer(200), "10 seconds"), silence]))))

  it.effect("breaks connections with the code of what happened", () =>
    Effect.gen(function*() {
      const { reason } = yield* Effect.flip(get())
      assert.strictEqual(reason._tag, "TransportError")
      assert.strictEqual((reason.cause as { readonly code?: unknown }).code, "ECONNREFUSED")
    }).pipe(Effect.provide(ScriptedServer.layer([failure("ECONNREFUSED")]))))

  it.effect("keeps what it received, and when", () =>
    Effect.gen(function*() {
      const { received, requests } = yield* ScriptedServer.ScriptedServer
      yield* get("/first?a=1")
      const second = yield* Effect.forkChild(received(2), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      assert.isUndefined(second.pollUnsafe())
      yield* HttpClient.execute(
        HttpClientRequest.post("http://other.example/second").pipe(
          HttpClientRequest.setHeader("X-Agent-Id", "7"),
          HttpClientRequest.bodyUint8Array(Uint8Array.of(1, 2))
        )
      )
      assert.strictEqual(yield* Fiber.join(second), requests)
      assert.deepStrictEqual(requests.map(({ at, method, url }) => [at, method, url.href]), [
        [0, "GET", "http://any.example/first?a=1"],
        [3000, "POST", "http://other.example/second"]
      ])
      assert.strictEqual(requests[1]!.headers["x-agent-id"], "7")
      assert.deepStrictEqual(requests.map(({ body }) => Array.from(body)), [[], [1, 2]])
    }).pipe(Effect.provide(ScriptedServer.layer())))

  it.effect("stands in for Pyroscope", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver
      const { received } = yield* ScriptedServer.ScriptedServer
      const labels = Labels.make({ __name__: "memory", service_name: "checkout" })
      const { outcomes } = yield* receiver.push(Profile.series(labels, [{ id: "", profile: Uint8Array.of(1) }]))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* outcomes, [{ _tag: "Delivered", endpoint: "http://pyroscope.example" }])
      assert.deepStrictEqual((yield* received(2)).map(({ at }) => at), [0, 500])
    }).pipe(
      Effect.provide(
        Write.layer({ endpoint: [{ url: "http://pyroscope.example", backoff_jitter: false }] }).pipe(
          Layer.provideMerge(ScriptedServer.layer([answer(503)]))
        )
      )
    ))

  it.effect("starts its script again for each who provides it", () =>
    Effect.gen(function*() {
      const layer = ScriptedServer.layer([answer(500)])
      assert.strictEqual(yield* Effect.provide(statusOf(), layer), 500)
      assert.strictEqual(yield* Effect.provide(statusOf(), layer), 500)
    }))
})
