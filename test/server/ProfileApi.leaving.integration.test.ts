import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Latch, Scope } from "effect"
import * as Net from "node:net"
import * as Zlib from "node:zlib"
import { makeJournal } from "../support/journal.ts"
import { converse, send } from "./client.ts"
import { json, jsonRequest, jsonSeries, labels, listening, proto, pushPath, request } from "./profileApi.ts"

const head = (path: string, headers: Readonly<Record<string, string>>, bytes: number): string =>
  [
    `POST ${path} HTTP/1.1`,
    "host: localhost",
    ...Object.entries({ ...headers, "content-length": String(bytes) }).map(([name, value]) => `${name}: ${value}`),
    "\r\n"
  ].join("\r\n")

const inJson = Buffer.from(jsonRequest([jsonSeries(labels)]))
const gzip = { "content-encoding": "gzip" }

const ways = [
  ["Push, protobuf", pushPath, proto, request()],
  ["Push, JSON", pushPath, json, inJson],
  ["Push, protobuf, gzip", pushPath, { ...proto, ...gzip }, Zlib.gzipSync(request())],
  ["Push, JSON, gzip", pushPath, { ...json, ...gzip }, Zlib.gzipSync(inJson)],
  ["/ingest", "/ingest?name=app", {}, request()]
] as const

const leaves = [
  ["ends its side and reads on", (socket: Net.Socket) => socket.end()],
  ["closes", (socket: Net.Socket) => socket.destroy()],
  ["resets", (socket: Net.Socket) => socket.resetAndDestroy()]
] as const

/** Sends all of it, leaves at once, and waits for what it is still answered. */
const sendAndLeave = (port: number, bytes: Uint8Array, leave: (socket: Net.Socket) => void) =>
  Effect.callback<string>((resume) => {
    const socket = Net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    let answer = ""
    socket.setEncoding("latin1").on("error", () => {}).on("data", (text) => {
      answer += text
    }).on("close", () => resume(Effect.succeed(answer)))
    socket.write(bytes, () => leave(socket))
    return Effect.sync(() => socket.destroy())
  })

/** A server, what it has accepted, and what it has counted. */
const counting = (ready: Effect.Effect<void> = Effect.void) =>
  Effect.gen(function*() {
    const accepted = makeJournal<unknown>(() => "a profile")
    const counted = makeJournal<string>((text) => text)
    const server = yield* listening({
      accept: (profile) => Effect.sync(() => accepted.add(profile)),
      ready,
      told: (requests) => ({
        ...requests,
        answered: (exchange, status, refusal) =>
          Effect.andThen(
            requests.answered(exchange, status, refusal),
            Effect.sync(() => counted.add(`${exchange.route} ${status}`))
          )
      }),
      listener: { shutdownTimeout: Duration.zero }
    })
    return { ...server, accepted, counted }
  })

describe("ProfileApi, to a sender that leaves", () => {
  for (const [way, path, headers, body] of ways) {
    for (const [how, leave] of leaves) {
      it.live(`takes what was there as a whole when it ${how}: ${way}`, () =>
        Effect.gen(function*() {
          const { accepted, port } = yield* counting()
          const bytes = Buffer.concat([Buffer.from(head(path, headers, body.length)), body])
          const answers = yield* Effect.all(Array.from({ length: 50 }, () => sendAndLeave(port, bytes, leave)), {
            concurrency: "unbounded"
          })
          yield* accepted.until(({ length }) => length === 50)
          if (how.startsWith("ends")) {
            assert.deepStrictEqual(answers.filter((answer) => !answer.startsWith("HTTP/1.1 200 ")), [])
          }
        }))
    }
  }

  it.live("takes it too when it leaves while there is no room yet, and holds nothing afterwards", () =>
    Effect.gen(function*() {
      const room = yield* Latch.make(false)
      const reached = makeJournal<void>(() => "waits")
      const { accepted, port, push } = yield* counting(
        Effect.andThen(Effect.sync(() => reached.add(undefined)), room.await)
      )
      const body = request(new Uint8Array(990_000))
      const bytes = Buffer.concat([Buffer.from(head(pushPath, proto, body.length)), body])
      yield* Effect.all(
        Array.from({ length: 2 }, () => sendAndLeave(port, bytes, (socket) => socket.destroy())),
        { concurrency: "unbounded" }
      )
      yield* reached.until(({ length }) => length === 2)
      // Two are all that may be held, and they still are.
      assert.strictEqual((yield* send(push, { headers: proto, body })).status, 503)
      yield* room.open
      yield* accepted.until(({ length }) => length === 2)
      assert.strictEqual((yield* send(push, { headers: proto, body })).status, 200)
    }))

  it.live("takes what waits for room when the server closes, and waits for that", () =>
    Effect.gen(function*() {
      const room = yield* Latch.make(false)
      const waits = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const { accepted, push } = yield* Scope.provide(
        counting(Effect.andThen(Deferred.succeed(waits, undefined), room.await)),
        scope
      )
      const sender = yield* Effect.forkChild(Effect.exit(send(push, { headers: proto, body: request() })))
      yield* Deferred.await(waits)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* room.open
      yield* Fiber.join(closing)
      assert.strictEqual(accepted.all.length, 1)
      const answer = yield* Fiber.join(sender)
      assert.strictEqual(Exit.isSuccess(answer) && answer.value.status, 200)
    }))

  it.live("counts as 499 what was not there as a whole, and takes nothing of it", () =>
    Effect.gen(function*() {
      const { accepted, counted, port, push } = yield* counting()
      for (const [, leave] of leaves) {
        for (const [path, headers] of [[pushPath, proto], ["/ingest?name=app", {}]] as const) {
          yield* sendAndLeave(port, Buffer.from(`${head(path, headers, 1000)}half`), leave)
        }
      }
      const chunked = yield* converse(port, { allowHalfOpen: true })
      chunked.write(
        "POST /ingest?name=app HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"
      )
      chunked.end()
      assert.match(yield* chunked.closed, /^HTTP\/1.1 499 [^]*"code":"canceled"/)
      const all = yield* counted.atLeast(7)
      assert.deepStrictEqual(all.toSorted(), [...Array(4).fill("ingest 499"), ...Array(3).fill("push 499")])
      assert.strictEqual((yield* send(push, { headers: proto, body: request() })).status, 200)
      assert.strictEqual(accepted.all.length, 1)
    }))
})
