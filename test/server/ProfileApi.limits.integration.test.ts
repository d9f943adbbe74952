import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Latch } from "effect"
import * as Crypto from "node:crypto"
import * as Zlib from "node:zlib"
import * as ProfileApi from "../../src/server/ProfileApi.ts"
import { makeJournal } from "../support/journal.ts"
import { countTurns } from "../support/turns.ts"
import { converse, send } from "./client.ts"
import { json, jsonRequest, jsonSeries, labels, listening, proto, pushPath, request } from "./profileApi.ts"

const mebibyte = 1024 * 1024

/** Gzip of that many times a mebibyte of zeros, a kilobyte each, whose end says `claims` of its size. */
const zeros = (mebibytes: number, claims: number): Uint8Array => {
  const options = { finishFlush: Zlib.constants.Z_FULL_FLUSH }
  // Ends on a byte, and so may be repeated.
  const block = Zlib.deflateRawSync(new Uint8Array(mebibyte), options)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(claims, 4)
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    ...Array.from({ length: mebibytes }, () => block),
    Zlib.deflateRawSync(""),
    trailer
  ])
}

const gzip = { ...proto, "content-encoding": "gzip" }

/** How far the most memory the process ever had grows meanwhile. */
const growth = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = process.resourceUsage().maxRSS
    const result = yield* self
    return [result, (process.resourceUsage().maxRSS - before) * 1024] as const
  })

/** A request that is never finished, of which `bytes` bytes come. */
const stalled = (bytes: number): string =>
  `POST ${pushPath} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/proto\r\ncontent-length: ${
    bytes + 1
  }\r\n\r\n${"x".repeat(bytes)}`

describe("ProfileApi, limits", () => {
  it.live("refuses a gzip bomb without inflating it, be it honest or not", () =>
    Effect.gen(function*() {
      const maxBytes = 16 * mebibyte
      const { accepted, push } = yield* listening({ maxBytes })
      const bombs = [
        ["one that says it is 3 GiB", zeros(3072, 3 * 1024 * mebibyte)],
        ["one of 10 GiB that says it is 2", zeros(10240, 2 * 1024 * mebibyte)],
        ["one of 10 GiB that says it is small", zeros(10240, 100)]
      ] as const
      for (const [name, body] of bombs) {
        assert.isBelow(body.byteLength, maxBytes, name)
        const [answer, grown] = yield* growth(send(push, { headers: gzip, body }))
        assert.strictEqual(answer.status, 413, name)
        assert.deepStrictEqual(
          JSON.parse(answer.body),
          { code: "invalid_argument", message: `larger than ${maxBytes} bytes when decompressed` },
          name
        )
        assert.isBelow(grown, 8 * maxBytes, name)
      }
      assert.deepStrictEqual(accepted, [])
      assert.strictEqual((yield* send(push, { headers: gzip, body: Zlib.gzipSync(request()) })).status, 200)
    }))

  it.live("does not let many that say less than the truth inflate at once", () =>
    Effect.gen(function*() {
      const maxBytes = 16 * mebibyte
      const { push } = yield* listening({ maxBytes })
      const body = zeros(17, 100)
      const senders = Array.from({ length: 30 }, () => send(push, { headers: gzip, body }))
      const [answers, grown] = yield* growth(Effect.all(senders, { concurrency: "unbounded" }))
      // Some find no room, and may come again.
      assert.deepStrictEqual(answers.filter(({ status }) => status !== 413 && status !== 503), [])
      assert.isNotEmpty(answers.filter(({ status }) => status === 413))
      assert.isBelow(grown, 12 * maxBytes)
    }))

  it.live("takes many at once that say the truth", () =>
    Effect.gen(function*() {
      const all = yield* Latch.make()
      let count = 0
      const { push } = yield* listening({
        accept: () =>
          Effect.suspend(() => {
            count += 1
            return count === 30 ? all.open : all.await
          })
      })
      const senders = Array.from({ length: 30 }, () => send(push, { headers: gzip, body: Zlib.gzipSync(request()) }))
      const answers = yield* Effect.all(senders, { concurrency: "unbounded" })
      assert.deepStrictEqual(answers.filter(({ status }) => status !== 200), [])
    }))

  it.live("counts what a small request becomes, for as long as it is held", () =>
    Effect.gen(function*() {
      const held = yield* Latch.make()
      const { push } = yield* listening({ accept: () => held.await })
      const series = request(new Uint8Array(0))
      // A tenth of the largest body, and most of it in memory.
      const body = Buffer.alloc(1000 * series.byteLength, series)
      const answers = Array.from({ length: 5 }, () => send(push, { headers: proto, body }))
      const fibers = yield* Effect.forEach(answers, (answer) => Effect.forkChild(answer))
      const busy = yield* Effect.raceAll(fibers.map(Fiber.join))
      assert.strictEqual(busy.status, 503)
      yield* held.open
      const statuses = (yield* Effect.forEach(fibers, Fiber.join)).map(({ status }) => status)
      assert.include(["200,503,503,503,503", "200,200,503,503,503"], statuses.toSorted().join())
      // Nothing is left counted.
      assert.strictEqual((yield* send(push, { headers: proto, body })).status, 200)
    }))

  it.live("takes one request whatever it holds on its way, if nobody else holds anything", () =>
    Effect.gen(function*() {
      const maxBytes = 200_000
      const { accepted, push } = yield* listening({ maxBytes })
      const incompressible = Crypto.randomBytes(180_000)
      const series = request(Uint8Array.of(1))
      // Nearly the largest body, which becomes nearly the largest message, of which as much again is made.
      const body = Buffer.concat([request(incompressible), Buffer.alloc(150 * series.byteLength, series)])
      const answer = yield* send(push, { headers: gzip, body: Zlib.gzipSync(body) })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(accepted.length, 151)
    }))

  it.live("takes apart what arrives together in turns of the event loop, and many profiles of one request too", () =>
    Effect.gen(function*() {
      const turn = countTurns()
      const most = { decoded: 0, accepted: 0 }
      const counting = (kind: keyof typeof most) => {
        let [last, times] = [-1, 0]
        return () => {
          times = last === turn.now() ? times + 1 : 1
          last = turn.now()
          most[kind] = Math.max(most[kind], times)
        }
      }
      const [check, accept] = [counting("decoded"), counting("accepted")]
      const { push } = yield* listening({
        maxBytes: ProfileApi.defaults.maxBytes,
        check: () => void check(),
        accept: () => Effect.sync(accept)
      })
      const series = request(Uint8Array.of(1))
      const large = Buffer.concat([request(new Uint8Array(2 * mebibyte)), series])
      const bodies = [...Array.from({ length: 8 }, () => large), Buffer.alloc(2000 * series.byteLength, series)]
      const answers = yield* Effect.forEach(
        bodies,
        (body) => send(push, { headers: gzip, body: Zlib.gzipSync(body) }),
        { concurrency: "unbounded" }
      )
      turn.stop()
      assert.deepStrictEqual(answers.map(({ status }) => status), bodies.map(() => 200))
      assert.isAtMost(most.decoded, 2 * 256 + 8)
      assert.isAtMost(most.accepted, 2 * 256 + 8)
    }))

  it.live("has room for many at a time, however small the largest body is", () =>
    Effect.gen(function*() {
      const held = yield* Latch.make()
      const arrived = makeJournal<void>(() => "held")
      const accept = () => Effect.andThen(Effect.sync(() => arrived.add(undefined)), held.await)
      const { push } = yield* listening({ room: "usual", maxBytes: 1000, accept })
      const body = request(new Uint8Array(800))
      const pushes = Effect.all(Array.from({ length: 50 }, () => send(push, { headers: proto, body })), {
        concurrency: "unbounded"
      })
      const fiber = yield* Effect.forkChild(pushes)
      yield* arrived.atLeast(50)
      yield* held.open
      assert.isTrue((yield* Fiber.join(fiber)).every(({ status }) => status === 200))
    }))

  it.live("keeps of a body nothing but its bytes, however many pieces it comes in", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const body of [Buffer.from("abc"), [Buffer.from("ab"), Buffer.from("c")]]) {
        assert.strictEqual((yield* send(`${url}/ingest?name=app`, { body })).status, 200)
      }
      for (const profile of accepted) {
        assert(profile._tag === "Ingest")
        assert.strictEqual(Buffer.from(profile.body).toString(), "abc")
        assert.strictEqual(profile.body.buffer.byteLength, 3)
      }
    }))

  it.live("refuses what is made of very many small things, and before it is taken apart", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening({ maxBytes: ProfileApi.defaults.maxBytes })
      const times = (mebibytes: number, bytes: string | Uint8Array) => Buffer.alloc(mebibytes * mebibyte, bytes)
      const text = (bytes: Uint8Array, before: string, after = "") =>
        Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])
      const gzipped = { "content-encoding": "gzip" }
      const tooMany = /^malformed PushRequest: more than 100000 fields/
      const tooDeep = /^malformed PushRequest: .*nested more than 100 deep/
      const attacks = [
        [json, text(times(4, "{},"), "{\"x\":[", "{}]}"), 400, tooMany],
        [json, text(times(4, "["), "{\"x\":"), 400, tooDeep],
        [json, text(times(9, "{},"), "{\"x\":[", "{}]}"), 413, /^larger than 8388608 bytes when decompressed$/],
        [proto, times(4, Uint8Array.of(0x48, 1)), 400, tooMany],
        [proto, times(4, Uint8Array.of(0x4b, 0x4c)), 400, tooMany],
        [proto, times(4, Uint8Array.of(0x4b)), 400, tooDeep],
        [proto, times(4, Uint8Array.of(0x0a, 0)), 400, tooMany]
      ] as const
      for (const [headers, body, status, message] of attacks) {
        const answer = yield* send(push, { headers: { ...headers, ...gzipped }, body: Zlib.gzipSync(body) })
        assert.strictEqual(answer.status, status)
        assert.match((JSON.parse(answer.body) as { message: string }).message, message)
      }
      assert.deepStrictEqual(accepted, [])
    }))

  it.live("takes 8 MiB of JSON, and no more", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening({ maxBytes: ProfileApi.defaults.maxBytes })
      const text = jsonRequest([jsonSeries(labels)])
      const body = Buffer.concat([Buffer.from(text), Buffer.alloc(8 * mebibyte - text.length, " ")])
      assert.strictEqual((yield* send(push, { headers: json, body })).status, 200)
      const more = Buffer.concat([body, Buffer.from(" ")])
      assert.strictEqual((yield* send(push, { headers: json, body: more })).status, 413)
      assert.strictEqual(
        (yield* send(push, { headers: { ...json, "content-encoding": "gzip" }, body: Zlib.gzipSync(more) })).status,
        413
      )
      assert.strictEqual(accepted.length, 1)
    }))

  it.live("takes gzip of several members, the last of which says only its own size", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening()
      const [head, tail] = [request().subarray(0, -3), request().subarray(-3)]
      const body = Buffer.concat([Zlib.gzipSync(head), Zlib.gzipSync(tail)])
      assert.strictEqual((yield* send(push, { headers: gzip, body })).status, 200)
      assert.strictEqual(accepted.length, 1)
    }))

  it.live("takes what is as large as it may be, gzipped or not", () =>
    Effect.gen(function*() {
      const body = request(new Uint8Array(10_000))
      const { accepted, push, url } = yield* listening({ maxBytes: body.byteLength })
      assert.strictEqual((yield* send(push, { headers: proto, body })).status, 200)
      assert.strictEqual((yield* send(push, { headers: proto, body: [body] })).status, 200)
      assert.strictEqual((yield* send(push, { headers: gzip, body: Zlib.gzipSync(body) })).status, 200)
      assert.strictEqual((yield* send(`${url}/ingest?name=app`, { body })).status, 200)
      assert.strictEqual(accepted.length, 4)
    }))

  it.live("lets slow senders together hold only so much, and none of them for long", () =>
    Effect.gen(function*() {
      const maxBytes = 100_000
      const { accepted, port, push } = yield* listening({ maxBytes, listener: { readTimeout: Duration.seconds(1) } })
      const senders = yield* Effect.forEach(Array.from({ length: 8 }), () => converse(port))
      for (const sender of senders) sender.write(stalled(maxBytes - 1))
      const answers = yield* Effect.forEach(senders, ({ closed }) => closed, { concurrency: "unbounded" })
      const [busy, tooSlow] = [/^HTTP\/1.1 503 [^]*\r\nretry-after: 1\r\n[^]*"code":"unavailable"/, /^HTTP\/1.1 408 /]
      assert.deepStrictEqual(answers.filter((answer) => !busy.test(answer) && !tooSlow.test(answer)), [])
      assert.isNotEmpty(answers.filter((answer) => busy.test(answer)))
      assert.strictEqual((yield* send(push, { headers: proto, body: request() })).status, 200)
      assert.strictEqual(accepted.length, 1)
    }))

  it.live("asks for the body only when it may be taken", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening({ maxBytes: 1000 })
      const ask = (headers: string, path = pushPath) =>
        Effect.map(converse(port), (sender) => {
          sender.write(`POST ${path} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n${headers}\r\n`)
          return sender
        })
      const type = "content-type: application/proto\r\n"
      const refused = [
        [ask(`${type}content-length: 1001\r\n`), 413],
        [ask("content-type: text/plain\r\ncontent-length: 10\r\n"), 415],
        [ask(`${type}content-length: 10\r\n`, "/nowhere"), 404],
        [ask("content-length: 10\r\n", "/ingest"), 400]
      ] as const
      for (const [sender, status] of refused) {
        assert.match(yield* (yield* sender).closed, new RegExp(`^HTTP/1.1 ${status} `))
      }
      const body = request()
      const sender = yield* ask(`${type}content-length: ${body.byteLength}\r\n`)
      yield* sender.heard(/^HTTP\/1.1 100 Continue\r\n\r\n$/)
      sender.write(body)
      yield* sender.heard(/\r\n\r\nHTTP\/1.1 200 OK\r\n/)
      assert.strictEqual(accepted.length, 1)
    }))
})
