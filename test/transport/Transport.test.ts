import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import { type Request, type Response, Transport, type TransportError } from "../../src/transport/Transport.ts"

const origin = "http://pyroscope.example:4040"

const request: Request = {
  method: "POST",
  path: "/push?name=a%20b",
  headers: { "content-type": "application/proto", "x-agent-id": "1" },
  body: Uint8Array.of(1, 2, 3)
}

const send = Effect.gen(function*() {
  const transport = yield* Transport
  const connection = yield* transport.connect({ origin, connections: 1 })
  return yield* connection.send(request)
})

describe("Transport over an HttpClient", () => {
  const against = (script: ScriptedServer.Script) =>
    Effect.provide(Transport.layerHttpClient.pipe(Layer.provideMerge(ScriptedServer.layer(script))))

  it.effect("sends what it is given, and nothing of a trace", () =>
    Effect.gen(function*() {
      yield* Effect.withSpan(send, "a span")
      const [received] = (yield* ScriptedServer.ScriptedServer).requests
      assert.strictEqual(received!.method, "POST")
      assert.strictEqual(received!.url.href, "http://pyroscope.example:4040/push?name=a%20b")
      assert.deepStrictEqual({ ...received!.headers }, { ...request.headers, "content-length": "3" })
      assert.deepStrictEqual(received!.body, request.body)
    }).pipe(against([])))

  it.effect("gives the status, the headers in lower case and the beginning of the text", () =>
    Effect.gen(function*() {
      const response = yield* send
      assert.strictEqual(response.status, 429)
      assert.strictEqual(response.headers["retry-after"], "7")
      assert.strictEqual(response.text, "x".repeat(2048))
    }).pipe(against([ScriptedServer.answer(429, { headers: { "Retry-After": "7" }, body: "x".repeat(9999) })])))

  /** The error where the client fails with that cause. */
  const failingWith = (cause: unknown): Effect.Effect<TransportError, Response> =>
    send.pipe(
      Effect.flip,
      Effect.scoped,
      Effect.provide(Layer.provide(
        Transport.layerHttpClient,
        Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make((request) =>
            Effect.fail(
              new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
            )
          )
        )
      ))
    )

  const coded = (code: string, message = `connect ${code}`) => Object.assign(new Error(message), { code })

  it.effect.each<{ what: string; cause: unknown; code: string; detail: string }>([
    { what: "an error", cause: coded("ECONNREFUSED"), code: "ECONNREFUSED", detail: "connect ECONNREFUSED" },
    {
      what: "the cause of a failed fetch",
      cause: new TypeError("fetch failed", { cause: coded("ENOTFOUND", "getaddrinfo ENOTFOUND x") }),
      code: "ENOTFOUND",
      detail: "getaddrinfo ENOTFOUND x"
    },
    {
      what: "the first of several addresses",
      cause: new TypeError("fetch failed", {
        cause: new AggregateError([coded("ECONNREFUSED"), coded("EHOSTUNREACH")])
      }),
      code: "ECONNREFUSED",
      detail: "connect ECONNREFUSED"
    },
    {
      what: "several addresses together, without a text",
      cause: Object.assign(new AggregateError([]), { code: "ETIMEDOUT" }),
      code: "ETIMEDOUT",
      detail: "connection failed"
    },
    { what: "an error without a code", cause: new Error("odd"), code: "UNKNOWN", detail: "odd" },
    { what: "no error at all", cause: "odd", code: "UNKNOWN", detail: "connection failed" },
    {
      what: "a cause that is its own",
      cause: (() => {
        const circular = new Error("round and round")
        circular.cause = circular
        return circular
      })(),
      code: "UNKNOWN",
      detail: "round and round"
    }
  ])("finds the code of $what", ({ cause, code, detail }) =>
    Effect.gen(function*() {
      const error = yield* failingWith(cause)
      assert.deepStrictEqual([error.code, error.detail], [code, detail])
      assert.strictEqual(error.message, `${detail} (${code})`)
    }))
})
