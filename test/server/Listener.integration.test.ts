import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Scope } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Listener from "../../src/server/Listener.ts"
import { converse, send } from "./client.ts"

const listen = (settings: Partial<Listener.Settings>, handler: Listener.Handler) =>
  Effect.flatMap(
    Listener.Listener,
    ({ listen }) => listen({ ...Listener.defaults, host: "127.0.0.1", port: 0, ...settings }, handler)
  ).pipe(
    Effect.provide(Listener.Listener.layer)
  )

const ok = Effect.succeed(HttpServerResponse.text("ok"))

const urlOf = ({ host, port }: Listener.Address) => `http://${host}:${port}`

const get = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"

/** Answers when it is told to, and tells when it has a request. */
const waiting = Effect.gen(function*() {
  const reached = yield* Deferred.make<void>()
  const released = yield* Deferred.make<void>()
  const handler = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(released)).pipe(
    Effect.as(HttpServerResponse.text("at last"))
  )
  return { handler, reached: Deferred.await(reached), release: Deferred.succeed(released, undefined) }
})

describe("Listener", () => {
  it.live("says where it listens, and listens no more when the scope has closed", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const address = yield* Scope.provide(listen({}, ok), scope)
      assert.strictEqual(address.host, "127.0.0.1")
      assert.strictEqual((yield* send(urlOf(address))).body, "ok")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(send(urlOf(address)))).code, "ECONNREFUSED")
    }))

  it.live("listens on every address when none is named", () =>
    Effect.gen(function*() {
      const { port } = yield* listen({ host: "" }, ok)
      assert.strictEqual((yield* send(`http://127.0.0.1:${port}`)).body, "ok")
    }))

  it.live("takes timeouts of months, and of parts of a millisecond", () =>
    Effect.gen(function*() {
      for (const timeout of [Duration.hours(2000), Duration.micros(1_500_500n)]) {
        const settings = { readTimeout: timeout, writeTimeout: timeout, idleTimeout: timeout }
        assert.strictEqual((yield* send(urlOf(yield* listen(settings, ok)))).body, "ok")
      }
    }))

  it.live("says why it cannot listen", () =>
    Effect.gen(function*() {
      const { port } = yield* listen({}, ok)
      const inUse = yield* Effect.flip(listen({ port }, ok))
      assert.strictEqual(inUse.message, `cannot listen on 127.0.0.1:${port}: address already in use`)
      assert.deepStrictEqual([inUse._tag, inUse.code], ["ListenError", "EADDRINUSE"])
      // An address that is set aside for documentation.
      const notOurs = yield* Effect.flip(listen({ host: "192.0.2.1", port: 8080 }, ok))
      assert.strictEqual(notOurs.message, "cannot listen on 192.0.2.1:8080: cannot assign requested address")
    }))

  it.live("closes a connection whose request does not come to its end", () =>
    Effect.gen(function*() {
      const { port } = yield* listen({ readTimeout: Duration.millis(100) }, ok)
      for (const beginning of ["GET / HTTP/1.1\r\nhost:", "G"]) {
        const sender = yield* converse(port)
        sender.write(beginning)
        assert.match(
          yield* sender.closed,
          /^HTTP\/1.1 408 [^]+\{"code":"invalid_argument","message":"the request took too long"\}$/,
          beginning
        )
      }
    }))

  it.live("answers what is no request, and lives on", () =>
    Effect.gen(function*() {
      const address = yield* listen({}, ok)
      const nonsense = [
        ["hello\r\n\r\n", 400, "malformed request"],
        ["POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n", 400, "malformed request"],
        [`GET / HTTP/1.1\r\nhost: ${"x".repeat(20_000)}\r\n\r\n`, 431, "the headers are too large"]
      ] as const
      for (const [text, status, message] of nonsense) {
        const sender = yield* converse(address.port)
        sender.write(text)
        assert.match(
          yield* sender.closed,
          new RegExp(`^HTTP/1.1 ${status} [^]+\\{"code":"invalid_argument","message":"${message}"\\}$`)
        )
      }
      assert.strictEqual((yield* send(urlOf(address))).body, "ok")
    }))

  it.live("closes a connection that says nothing after a request, or nothing at all", () =>
    Effect.gen(function*() {
      const settings = {
        idleTimeout: Duration.millis(100),
        readTimeout: Duration.millis(200),
        writeTimeout: Duration.millis(200)
      }
      const { port } = yield* listen(settings, ok)
      const sender = yield* converse(port)
      sender.write(get)
      assert.match(yield* sender.closed, /^HTTP\/1.1 200 OK\r\n[^]*\r\nok$/)
      const silent = yield* converse(port)
      assert.match(yield* silent.closed, /^(HTTP\/1.1 408 [^]*)?$/)
    }))

  it.live("turns away connections over the limit", () =>
    Effect.gen(function*() {
      const { port } = yield* listen({ connections: 1 }, ok)
      const first = yield* converse(port)
      first.write(get)
      yield* first.heard(/ok$/)
      const second = yield* converse(port)
      assert.strictEqual(yield* second.closed, "")
      first.write(get)
      yield* first.heard(/ok[^]*ok$/)
    }))

  it.live("serves what offers an upgrade as if it had not", () =>
    Effect.gen(function*() {
      const { port } = yield* listen(
        {},
        Effect.gen(function*() {
          const { text } = yield* HttpServerRequest.HttpServerRequest
          return HttpServerResponse.text(`got ${yield* Effect.orDie(text)}`)
        })
      )
      for (const protocol of ["h2c", "websocket"]) {
        const sender = yield* converse(port)
        sender.write(
          `POST / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\ncontent-length: 5\r\n\r\nhello`
        )
        assert.match(yield* sender.heard(/got/), /^HTTP\/1.1 200 OK\r\n[^]*\r\ngot hello$/)
      }
    }))

  it.live("lets a request finish when the scope closes, and takes no new ones", () =>
    Effect.gen(function*() {
      const { handler, reached, release } = yield* waiting
      const scope = yield* Scope.make()
      const address = yield* Scope.provide(listen({}, handler), scope)
      const request = yield* Effect.forkChild(send(urlOf(address)))
      yield* reached
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.strictEqual((yield* Effect.flip(send(urlOf(address)))).code, "ECONNREFUSED")
      yield* release
      assert.strictEqual((yield* Fiber.join(request)).body, "at last")
      yield* Fiber.join(closing)
    }))

  it.live("does not wait longer than it may for a request that goes on", () =>
    Effect.gen(function*() {
      const { handler, reached } = yield* waiting
      const scope = yield* Scope.make()
      const settings = { shutdownTimeout: Duration.millis(50) }
      const address = yield* Scope.provide(listen(settings, Effect.interruptible(handler)), scope)
      const request = yield* Effect.forkChild(send(urlOf(address)))
      const slow = yield* converse(address.port)
      slow.write("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nab")
      yield* reached
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(request)).status, 503)
      assert.match(yield* slow.closed, /^HTTP\/1.1 503 /)
    }))
})
