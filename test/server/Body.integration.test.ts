import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Queue } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Body from "../../src/server/Body.ts"
import * as Listener from "../../src/server/Listener.ts"
import { converse, send } from "./client.ts"

interface Read {
  /** The body, the error's name, or `interrupted`. */
  readonly result: string
  /** Of the budget, right after it. */
  readonly used: number
}

/** A budget that knows what has ever been used of it, and tells when it is `amount`. */
const watched = (maxBytes: number) => {
  const history: Array<number> = [0]
  const waiting: Array<readonly [amount: number, reached: Deferred.Deferred<void>]> = []
  const budget: Body.Budget = {
    maxBytes,
    get used() {
      return history.at(-1)!
    },
    set used(amount) {
      history.push(amount)
      for (const [wanted, reached] of waiting) if (wanted === amount) Deferred.doneUnsafe(reached, Effect.void)
    }
  }
  const reaches = (amount: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (budget.used === amount) return Effect.void
      const reached = Deferred.makeUnsafe<void>()
      waiting.push([amount, reached])
      return Deferred.await(reached)
    })
  return { budget, history, reaches }
}

/** A server that reads bodies, and how each of them went. */
const reading = (limits: Body.Limits, settings: Partial<Listener.Settings> = {}) =>
  Effect.gen(function*() {
    const reads = yield* Queue.make<Read>()
    const handler = Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      const result = yield* Body.read(request, limits).pipe(
        Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: (bytes) => Buffer.from(bytes).toString() }),
        Effect.onExit((exit) =>
          Queue.offer(reads, { result: Exit.isSuccess(exit) ? exit.value : "interrupted", used: limits.budget.used })
        )
      )
      return HttpServerResponse.text(result)
    })
    const { listen } = yield* Listener.Listener
    const { port } = yield* listen({ ...Listener.defaults, host: "127.0.0.1", port: 0, ...settings }, handler)
    return { port, reads }
  }).pipe(Effect.provide(Listener.Listener.layer))

const head = (bytes: number) => `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${bytes}\r\n\r\n`

describe("Body.holding", () => {
  it.effect("counts bytes as long as an effect holds them, however it ends", () =>
    Effect.gen(function*() {
      const { budget, history } = watched(100)
      const used = Effect.sync(() => budget.used)
      assert.strictEqual(yield* Body.holding(budget, 60, used), 60)
      assert.strictEqual(yield* Body.holding(budget, 60, Body.holding(budget, 40, used)), 100)
      assert.strictEqual(yield* Effect.flip(Body.holding(budget, 60, Effect.fail("no"))), "no")
      yield* Effect.exit(Body.holding(budget, 60, Effect.interrupt))
      assert.deepStrictEqual(history, [0, 60, 0, 60, 100, 60, 0, 60, 0, 60, 0])
    }))

  it.effect("does not begin where there is no room", () =>
    Effect.gen(function*() {
      const { budget, history } = watched(100)
      const nested = Body.holding(budget, 60, Body.holding(budget, 41, Effect.die("begun")))
      assert.strictEqual((yield* Effect.flip(nested))._tag, "Busy")
      assert.deepStrictEqual(history, [0, 60, 0])
    }))
})

describe("Body", () => {
  it.live("is what was sent, in one piece, in several or none, and leaves nothing of the budget used", () =>
    Effect.gen(function*() {
      const { budget } = watched(1000)
      const { port, reads } = yield* reading({ maxBytes: 100, budget })
      const bodies = ["", "abc", "x".repeat(100), [Buffer.from("ab"), Buffer.from("cd")], []]
      for (const body of bodies) {
        const { body: text } = yield* send(`http://127.0.0.1:${port}`, { body })
        assert.strictEqual(text, typeof body === "string" ? body : body.join(""))
        assert.deepStrictEqual(yield* Queue.take(reads), { result: text, used: 0 })
      }
    }))

  it.live("is what was sent, however it is cut", () =>
    Effect.gen(function*() {
      const { budget } = watched(1_000_000)
      const { port, reads } = yield* reading({ maxBytes: 300_000, budget })
      const text = Array.from({ length: 30_000 }, (_, index) => `${index},`).join("")
      for (const size of [1000, Math.ceil(text.length / 4), text.length - 1]) {
        const sender = yield* converse(port)
        sender.write(head(text.length))
        for (let at = 0; at < text.length; at += size) {
          sender.write(text.slice(at, at + size))
          yield* Effect.yieldNow
        }
        assert.deepStrictEqual(yield* Queue.take(reads), { result: text, used: 0 })
      }
    }))

  it.live("is refused before a byte is read when it says that it is too large", () =>
    Effect.gen(function*() {
      const { budget, history } = watched(1000)
      const { port, reads } = yield* reading({ maxBytes: 100, budget })
      const sender = yield* converse(port)
      sender.write(head(101))
      assert.match(yield* sender.heard(/BodyTooLarge/), /^HTTP\/1.1 200 /)
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "BodyTooLarge", used: 0 })
      assert.deepStrictEqual(history, [0])
    }))

  it.live("is refused as soon as it is too large when it does not say so", () =>
    Effect.gen(function*() {
      const { budget, history } = watched(1000)
      const { port, reads } = yield* reading({ maxBytes: 100, budget })
      const sender = yield* converse(port)
      sender.write("POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
      sender.write(`65\r\n${"x".repeat(101)}\r\n`)
      yield* sender.heard(/BodyTooLarge/)
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "BodyTooLarge", used: 0 })
      assert.deepStrictEqual(history, [0, 101, 0])
    }))

  it.live("is refused when the others that are being read leave no room, and taken when they are through", () =>
    Effect.gen(function*() {
      const { budget, reaches } = watched(150)
      const { port, reads } = yield* reading({ maxBytes: 100, budget })
      const url = `http://127.0.0.1:${port}`
      const slow = yield* converse(port)
      slow.write(head(100) + "x".repeat(99))
      yield* reaches(99)
      assert.strictEqual((yield* send(url, { body: "y".repeat(52) })).body, "Busy")
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "Busy", used: 99 })
      assert.strictEqual((yield* send(url, { body: "y".repeat(51) })).body, "y".repeat(51))
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "y".repeat(51), used: 99 })
      slow.write("x")
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "x".repeat(100), used: 0 })
      assert.strictEqual((yield* send(url, { body: "y".repeat(100) })).body, "y".repeat(100))
    }))

  it.live("gives its part of the budget back when the sender goes away", () =>
    Effect.gen(function*() {
      const { budget, history, reaches } = watched(1000)
      const { port, reads } = yield* reading({ maxBytes: 100, budget })
      for (const encoding of ["content-length: 100", "transfer-encoding: chunked"]) {
        const sender = yield* converse(port)
        const text = encoding === "content-length: 100" ? "x".repeat(50) : `32\r\n${"x".repeat(50)}\r\n`
        sender.write(`POST / HTTP/1.1\r\nhost: localhost\r\n${encoding}\r\n\r\n${text}`)
        yield* reaches(50)
        sender.destroy()
        const read = yield* Queue.take(reads)
        assert.include(["Incomplete", "interrupted"], read.result)
        assert.strictEqual(read.used, 0)
      }
      assert.strictEqual((yield* send(`http://127.0.0.1:${port}`, { body: "next" })).body, "next")
      assert.strictEqual(Math.min(...history), 0)
    }))

  it.live("gives its part of the budget back when the sender takes too long", () =>
    Effect.gen(function*() {
      const { budget, history } = watched(1000)
      const { port, reads } = yield* reading({ maxBytes: 100, budget }, { readTimeout: Duration.millis(100) })
      const sender = yield* converse(port)
      sender.write(head(100) + "x".repeat(50))
      assert.match(yield* sender.closed, /Incomplete$/)
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "Incomplete", used: 0 })
      assert.deepStrictEqual(history, [0, 50, 0])
    }))

  it.live("gives its part of the budget back though the sender goes on sending", () =>
    Effect.gen(function*() {
      const { budget, history } = watched(1000)
      const { port, reads } = yield* reading({ maxBytes: 100, budget }, { readTimeout: Duration.millis(100) })
      const sender = yield* converse(port, { allowHalfOpen: true })
      sender.write(head(100) + "x".repeat(50))
      yield* sender.heard(/Incomplete$/)
      assert.deepStrictEqual(yield* Queue.take(reads), { result: "Incomplete", used: 0 })
      assert.deepStrictEqual(history, [0, 50, 0])
    }))

  it.live("is asked for when the sender waits for that, and only then", () =>
    Effect.gen(function*() {
      const { budget } = watched(1000)
      const { port } = yield* reading({ maxBytes: 100, budget })
      const sender = yield* converse(port)
      const waiting = (bytes: number) => head(bytes).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n")
      sender.write(waiting(3))
      assert.strictEqual(yield* sender.heard(/\r\n\r\n/), "HTTP/1.1 100 Continue\r\n\r\n")
      sender.write("abc")
      assert.match(yield* sender.heard(/abc$/), /\r\n\r\nHTTP\/1.1 200 OK\r\n/)
      const refused = yield* converse(port)
      refused.write(waiting(101))
      assert.match(yield* refused.closed, /^HTTP\/1.1 200 OK\r\n[^]*BodyTooLarge$/)
    }))
})
