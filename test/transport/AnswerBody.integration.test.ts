/**
 * Requests whose answer's body is what is asked for.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import type { ServerResponse } from "node:http"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import { Budget } from "../../src/transport/Budget.ts"
import { below, defaults, type Response, Transport, type TransportError } from "../../src/transport/Transport.ts"
import { makeHttp2Server, makeHttpServer } from "../support/servers.ts"
import { type Connection, connectTo, live, push } from "./connecting.ts"

const get = (path: string, maxBody: number) => ({
  method: "GET",
  path,
  headers: {},
  body: undefined,
  maxBody
})

const large = Buffer.from(Array.from({ length: 10_000 }, (_, index) => Math.sin(index)).join())

const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "/large": (response) => response.end(large),
  "/chunked": (response) => {
    response.write(large.subarray(0, 50_000))
    response.end(large.subarray(50_000))
  },
  "/gzip": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(large)),
  "/deflate": (response) => response.writeHead(200, { "content-encoding": "deflate" }).end(deflateSync(large)),
  "/br": (response) => response.writeHead(200, { "content-encoding": "BR" }).end(brotliCompressSync(large)),
  "/bomb": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(9_000_000))),
  "/no-gzip": (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("plain"),
  "/unknown": (response) => response.writeHead(200, { "content-encoding": "zstd" }).end("what"),
  "/breaks": (response) => {
    response.writeHead(200, { "content-length": "100" }).write("half")
    setImmediate(() => response.destroy())
  },
  "/endless": (response) => void response.write("half"),
  "/empty": (response) => response.writeHead(204).end(),
  "/error": (response) => response.writeHead(500).end("sorry")
}

const connect = (timeout = Duration.seconds(20)) =>
  Effect.gen(function*() {
    const { url } = yield* makeHttpServer((response, _count, { url }) => answers[url!]!(response))
    return yield* connectTo(url, { timeout })
  })

const failureOf = ({ send }: Connection, path: string, maxBody = 4_000_000) =>
  Effect.match(send(get(path, maxBody)), {
    onFailure: (error) => error._tag === "BadAnswer" ? `${error.reason}: ${error.message}` : error._tag,
    onSuccess: ({ status }) => `${status}`
  })

const refusal = (sending: Effect.Effect<Response, TransportError>) => Effect.orDie(Effect.flip(sending))

describe("The body of an answer that is asked for", () => {
  live("is there as a whole, however it was encoded", () =>
    Effect.gen(function*() {
      const connection = yield* connect()
      for (const path of ["/large", "/chunked", "/gzip", "/deflate", "/br"]) {
        const { body, text } = yield* connection.send(get(path, large.byteLength))
        assert.isTrue(large.equals(body!), path)
        assert.strictEqual(text, "")
      }
      assert.strictEqual((yield* connection.send(get("/empty", 1))).body?.byteLength, 0)
    }))

  live("is an error where it is larger than it may be, before it is decoded or after", () =>
    Effect.gen(function*() {
      const connection = yield* connect()
      for (const path of ["/large", "/chunked", "/gzip", "/bomb"]) {
        const max = path === "/bomb" ? 4_000_000 : large.byteLength - 1
        assert.strictEqual(
          yield* failureOf(connection, path, max),
          `TooLarge: the answer is larger than ${max} bytes`
        )
      }
    }))

  live("is an error where it is not what it says, or where not all of it comes", () =>
    Effect.gen(function*() {
      const connection = yield* connect()
      assert.strictEqual(
        yield* failureOf(connection, "/no-gzip"),
        "Undecodable: the answer is not gzip, as its Content-Encoding says: incorrect header check"
      )
      assert.strictEqual(
        yield* failureOf(connection, "/unknown"),
        "Undecodable: the answer has a Content-Encoding that is not known"
      )
      assert.strictEqual(yield* failureOf(connection, "/breaks"), "NoConnection")
      assert.strictEqual(yield* failureOf(yield* connect(Duration.millis(50)), "/endless"), "NoConnection")
    }))

  live("is that of a success: of another answer there is the beginning as a text", () =>
    Effect.gen(function*() {
      const answer = yield* (yield* connect()).send(get("/error", 1000))
      assert.deepStrictEqual([answer.status, answer.text, answer.body], [500, "sorry", undefined])
    }))

  live("comes over HTTP/2 as well", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttp2Server((stream) => {
        stream.respond({ ":status": 200 })
        stream.end(large)
      })
      const connection = yield* connectTo(url)
      assert.isTrue(large.equals((yield* connection.send(get("/", large.byteLength))).body!))
      assert.strictEqual(yield* failureOf(connection, "/", 1000), "TooLarge: the answer is larger than 1000 bytes")
      assert.strictEqual((yield* connection.send(push())).status, 200)
    }))

  live(
    "shares its room with others: what finds none is an error, and what is over leaves all of it to the next",
    () =>
      Effect.gen(function*() {
        const held: Array<ServerResponse> = []
        const { requests, url } = yield* makeHttpServer((response, _count, { url }) => {
          if (url !== "/held") return answers[url!]!(response)
          held.push(response)
          response.write(large.subarray(0, 50_000))
        })
        const connection = yield* connectTo(url)
        const budget = new Budget(large.byteLength + 49_999)
        const ask = (path: string, max = 4_000_000) => connection.send({ ...get(path, max), budget })
        const holding = yield* Effect.forkChild(ask("/held"), { startImmediately: true })
        yield* requests.atLeast(1)
        yield* Effect.sleep(0).pipe(Effect.repeat({ until: () => budget.used === 50_000 }))
        for (const path of ["/large", "/chunked", "/gzip", "/br"]) {
          const { message } = yield* refusal(ask(path))
          const said = `there is no room for the answer: all that are being read may take ${budget.max} bytes together`
          assert.strictEqual(message, said, path)
          assert.strictEqual(budget.used, 50_000)
        }
        yield* Fiber.interrupt(holding)
        for (const path of ["/large", "/gzip"]) assert.isTrue(large.equals((yield* ask(path)).body!))
        for (const path of ["/breaks", "/no-gzip"]) yield* refusal(ask(path))
        yield* refusal(ask("/large", 100))
        yield* refusal(connection.send({ ...get("/held", 4_000_000), budget, timeout: Duration.millis(50) }))
        assert.strictEqual(budget.used, 0)
      })
  )

  live("has as much time as its request says, where that is not what the client says", () =>
    Effect.gen(function*() {
      const patient = yield* connect()
      const failure = yield* refusal(patient.send({ ...get("/endless", 1000), timeout: Duration.millis(20) }))
      assert.strictEqual(failure.message, "no answer within 20ms (ETIMEDOUT)")
      const { url } = yield* makeHttpServer((response) => void setTimeout(() => response.end("here"), 100))
      const hasty = yield* connectTo(url, { timeout: Duration.millis(20) })
      assert.strictEqual((yield* refusal(hasty.send(get("/", 10)))).message, "no answer within 20ms (ETIMEDOUT)")
      const { body } = yield* hasty.send({ ...get("/", 10), timeout: Duration.seconds(20) })
      assert.strictEqual(String(body), "here")
    }))

  live("is not asked for in any encoding", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* makeHttpServer()
      yield* (yield* connectTo(url)).send(get("/", 10))
      assert.notProperty(requests.all[0]!.headers, "accept-encoding")
    }))

  it.effect("comes over an application's own HttpClient", () =>
    Effect.gen(function*() {
      const client = yield* (yield* Transport).connect({ ...defaults, timeout: Duration.seconds(10) })
      const send = below(client, "http://server.example")
      const { body, text } = yield* send(get("/", 5))
      assert.deepStrictEqual([new TextDecoder().decode(body), text], ["hello", ""])
      assert.strictEqual((yield* Effect.flip(send(get("/", 4)))).message, "the answer is larger than 4 bytes")
    }).pipe(
      Effect.provide(
        Transport.layerHttpClient.pipe(
          Layer.provide(ScriptedServer.layer(() => ScriptedServer.answer(200, { body: "hello" })))
        )
      )
    ))
})
