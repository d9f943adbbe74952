import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Scope } from "effect"
import { converse, send, sendThenRead } from "./client.ts"
import { listening, proto, pushPath, request } from "./profileApi.ts"

const push = (body: Uint8Array = request(), headers = ""): Uint8Array =>
  Buffer.concat([
    Buffer.from(
      `POST ${pushPath} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/proto\r\n${headers}` +
        `content-length: ${body.length}\r\n\r\n`
    ),
    body
  ])

const statuses = (answers: string): ReadonlyArray<string> =>
  Array.from(answers.matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => status!)

const megabyte = new Uint8Array(1_000_000)
const megabytes = (count: number) => Array.from({ length: count }, () => megabyte)

describe("BadRequest", () => {
  it.live("comes after the answers to all that came before it, each of which is what became of its profile", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const cases = [
        [[push(), "garbage behind"], ["200", "400"]],
        [[push(), push(new Uint8Array(3)), push(), "\0\0\0"], ["200", "400", "200", "400"]],
        [[push(), "POST /ingest?name=app HTTP/1.1\r\ncontent-length: x\r\n\r\n"], ["200", "400"]]
      ] as const
      let delivered = 0
      for (const [texts, expected] of cases) {
        const sender = yield* converse(port)
        sender.write(Buffer.concat(texts.map((text) => Buffer.from(text))))
        assert.deepStrictEqual(statuses(yield* sender.closed), expected)
        delivered += expected.filter((status) => status === "200").length
        assert.strictEqual(accepted.length, delivered)
      }
    }))

  it.live("keeps to the order when a request breaks off within its body", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const sender = yield* converse(port)
      sender.write(push())
      sender.write(
        "POST /ingest?name=app HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nno size\r\n"
      )
      const answers = yield* sender.closed
      assert.deepStrictEqual(statuses(answers), ["200", "400"])
      assert.match(answers, /\r\nConnection: close\r\n[^]*\{"code":"invalid_argument","message":"malformed request"\}$/)
      assert.strictEqual(accepted.length, 1)
    }))

  it.live("says nothing after an answer that closes the connection", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const sender = yield* converse(port)
      sender.write(Buffer.concat([push(request(), "connection: close\r\n"), push()]))
      assert.deepStrictEqual(statuses(yield* sender.closed), ["200"])
      assert.strictEqual(accepted.length, 1)
    }))

  it.live("is a request without a Host, and what is behind it is none", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const sender = yield* converse(port)
      sender.write("GET / HTTP/1.1\r\n\r\n")
      sender.write(push(request(), "connection: close\r\n"))
      const answers = yield* sender.closed
      assert.deepStrictEqual(statuses(answers), ["400", "200"])
      assert.match(answers, /\{"code":"invalid_argument","message":"a Host header is required"\}/)
      assert.strictEqual(accepted.length, 1)
    }))

  it.live("takes nothing of what is behind an answer that closes the connection, as that would not be said", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const sender = yield* converse(port)
      const refused =
        `PUT ${pushPath} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\nabc`
      sender.write(Buffer.concat([Buffer.from(refused), push()]))
      assert.deepStrictEqual(statuses(yield* sender.closed), ["405"])
      assert.strictEqual(accepted.length, 0)
    }))

  it.live("is a body without a length, of which nothing goes out", () =>
    Effect.gen(function*() {
      const { accepted, port, url } = yield* listening()
      const lengths = ["", "transfer-encoding: gzip, chunked\r\n"]
      for (const version of ["1.0", "1.1"]) {
        for (const path of ["/ingest?name=app", pushPath]) {
          for (const length of lengths) {
            if (version === "1.0" && length !== "") continue
            const sender = yield* converse(port)
            sender.write(
              `POST ${path} HTTP/${version}\r\nhost: localhost\r\ncontent-type: application/proto\r\n${length}\r\n`
            )
            sender.write(length === "" ? request() : "3\r\nabc\r\n0\r\n\r\n")
            sender.end()
            assert.strictEqual(statuses(yield* sender.closed)[0], "411")
          }
        }
      }
      assert.strictEqual(accepted.length, 0)
      assert.strictEqual((yield* send(`${url}${pushPath}`, { headers: proto, body: request() })).status, 200)
    }))

  it.live("can be read by who sends everything before it reads", () =>
    Effect.gen(function*() {
      const { port } = yield* listening()
      const heads = [
        ["no HTTP\r\n\r\n", ["400"]],
        [`POST ${pushPath} HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n`, ["400"]],
        [`POST ${pushPath} HTTP/1.1\r\nhost: ${"x".repeat(20_000)}\r\n\r\n`, ["431"]],
        [push(), ["200", "400"]],
        ["POST /ingest?name=app HTTP/1.0\r\n\r\n", ["411"]]
      ] as const
      for (const [head, expected] of heads) {
        assert.deepStrictEqual(statuses(yield* sendThenRead(port, head, megabytes(30))), expected)
      }
    }))

  it.live("does not hold up a server that closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const settings = { shutdownTimeout: Duration.zero, readTimeout: Duration.hours(1) }
      const { port } = yield* Scope.provide(listening({ listener: settings }), scope)
      const idle = yield* converse(port, { allowHalfOpen: true })
      idle.write("no HTTP\r\n\r\n")
      yield* idle.heard(/^HTTP\/1.1 400 /)
      const broken = yield* converse(port, { allowHalfOpen: true })
      broken.write("POST /ingest?name=app HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n")
      yield* broken.heard(/^HTTP\/1.1 400 /)
      yield* Scope.close(scope, Exit.void)
    }))

  it.live("does not hold a connection that is sent to for ever", () =>
    Effect.gen(function*() {
      const { port } = yield* listening({ listener: { readTimeout: Duration.millis(200) } })
      const endless = yield* converse(port, { allowHalfOpen: true })
      endless.write("no HTTP\r\n\r\n")
      yield* endless.heard(/^HTTP\/1.1 400 /)
      yield* Effect.raceFirst(
        endless.closed,
        Effect.forever(Effect.andThen(Effect.sync(() => endless.write("more")), Effect.sleep("5 millis")))
      )
    }))
})
