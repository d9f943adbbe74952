import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger } from "effect"
import * as Http from "node:http"
import { ComponentApi } from "../../src/server/ComponentApi.ts"
import * as Listener from "../../src/server/Listener.ts"
import { converse, opened, send, sendThenRead } from "./client.ts"
import { listening, proto, pushPath, request } from "./profileApi.ts"

const megabyte = new Uint8Array(1_000_000)
const upload = Array.from({ length: 30 }, () => megabyte)
const length = "content-length: 30000000\r\n"

const head = (start: string, headers: string): string => `${start} HTTP/1.1\r\nhost: localhost\r\n${headers}`

describe("EarlyAnswer", () => {
  it.live("can be read by who sends 30 MB before it reads", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const type = "content-type: application/proto\r\n"
      const refused = [
        [`POST /nowhere`, "", 404],
        [`PUT ${pushPath}`, "", 405],
        [`POST ${pushPath}`, "content-type: text/plain\r\n", 415],
        [`POST ${pushPath}`, `${type}connect-protocol-version: 2\r\n`, 400],
        ["POST /ingest", "", 400],
        [`POST ${pushPath}`, type, 413],
        ["POST /ingest?name=app", "", 413]
      ] as const
      for (const [start, headers, status] of refused) {
        const answer = yield* sendThenRead(port, head(start, `${headers}connection: close\r\n${length}\r\n`), upload)
        assert.match(answer, new RegExp(`^HTTP/1.1 ${status} [^]*\\r\\n\\r\\n\\{.*\\}$`))
      }
      const chunked = upload.flatMap((part) => [Buffer.from("f4240\r\n"), part, Buffer.from("\r\n")])
      const answer = yield* sendThenRead(
        port,
        head(`POST ${pushPath}`, `${type}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`),
        [...chunked, Buffer.from("0\r\n\r\n")]
      )
      assert.match(answer, /^HTTP\/1.1 413 /)
      assert.strictEqual(accepted.length, 0)
    }))

  it.live("is not waited for by who sends no more, and comes before all has been sent", () =>
    Effect.gen(function*() {
      const { port } = yield* listening()
      const sender = yield* converse(port)
      sender.write(head("POST /nowhere", `${length}\r\n`))
      yield* sender.heard(/^HTTP\/1.1 404 [^]*\}$/)
    }))

  it.live("leaves the connection to the next request", () =>
    Effect.gen(function*() {
      const { push, url } = yield* listening()
      const agent = new Http.Agent({ keepAlive: true, maxSockets: 1 })
      const refused = yield* send(`${url}/nowhere`, { agent, body: Buffer.concat(upload) })
      const taken = yield* send(push, { agent, headers: proto, body: request() })
      assert.deepStrictEqual([refused.status, taken.status], [404, 200])
      assert.strictEqual(taken.port, refused.port)
      agent.destroy()
    }))

  it.live("ends with the read timeout, be the sender slow or without end, and is the only one", () =>
    Effect.gen(function*() {
      const { port } = yield* listening({ listener: { readTimeout: Duration.millis(200) } })
      const sender = yield* converse(port, { allowHalfOpen: true })
      sender.write(head("POST /nowhere", `${length}\r\n`))
      const answer = yield* Effect.raceFirst(
        sender.closed,
        Effect.forever(Effect.andThen(Effect.sync(() => sender.write("more")), Effect.sleep("5 millis")))
      )
      assert.match(answer, /^HTTP\/1.1 404 [^]*\}$/)
      assert.notMatch(answer, /408/)
    }))

  it.live("is that of the engine's own server too", () =>
    Effect.gen(function*() {
      const { port } = yield* opened({
        host: "127.0.0.1",
        port: 0,
        isReady: Effect.succeed(true),
        components: Effect.succeed([]),
        component: () => Effect.undefined
      })
      for (const [method, status] of [["POST", 405], ["GET", 200]] as const) {
        const answer = yield* sendThenRead(
          port,
          head(`${method} /-/ready`, `connection: close\r\n${length}\r\n`),
          upload
        )
        assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
      }
    }).pipe(Effect.provide(Layer.mergeAll(Listener.Listener.layer, ComponentApi.layer, Logger.layer([])))))
})
