import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Scope } from "effect"
import { HttpServerResponse } from "effect/http"
import * as Http from "node:http"
import * as Listener from "../../src/server/Listener.ts"
import { converse, send } from "./client.ts"

const answering = (text: string): Listener.Handler => Effect.sync(() => HttpServerResponse.text(text))

/** Somebody who listens, for whom it may end at any time. */
const listen = Effect.fnUntraced(function*(settings: Partial<Listener.Settings>, handler: Listener.Handler) {
  const { listen } = yield* Listener.Listener
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const address = yield* Scope.provide(
    listen({ ...Listener.defaults, host: "127.0.0.1", port: 0, owner: "in", ...settings }, handler),
    scope
  )
  return { ...address, url: `http://127.0.0.1:${address.port}`, close: Scope.close(scope, Exit.void) }
})

const provided = Effect.provide(Listener.Listener.layer)

const text = (url: string, agent?: Http.Agent) =>
  Effect.map(send(url, { method: "GET", ...(agent === undefined ? {} : { agent }) }), ({ body }) => body)

/** Keeps its one connection. */
const keepingAlive = Effect.acquireRelease(
  Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 1 })),
  (agent) => Effect.sync(() => agent.destroy())
)

describe("a listener that takes over from another of its owner", () => {
  it.live("refuses and resets nothing, on new connections and on those that are there, a hundred times", () =>
    Effect.gen(function*() {
      let generation = yield* listen({}, answering("0"))
      const { url } = generation
      const agents = [yield* keepingAlive, yield* keepingAlive, undefined, undefined]
      let isOver = false
      const ports = new Set<number>()
      const clients = yield* Effect.forEach(agents, (agent) =>
        Effect.forkChild(Effect.gen(function*() {
          let answered = 0
          while (!isOver) {
            const { body, port, status } = yield* send(url, { body: "x", ...(agent === undefined ? {} : { agent }) })
            assert.strictEqual(status, 200)
            assert.match(body, /^\d+$/)
            if (agent !== undefined) ports.add(port!)
            answered++
          }
          return answered
        })))
      const own = yield* keepingAlive
      for (let n = 1; n <= 100; n++) {
        const next = yield* listen({}, answering(`${n}`))
        assert.strictEqual(next.url, url)
        assert.deepStrictEqual([yield* text(url, own), yield* text(url)], [`${n}`, `${n}`])
        yield* generation.close
        generation = next
      }
      isOver = true
      for (const client of clients) assert.isAbove(yield* Fiber.join(client), 0)
      assert.strictEqual(ports.size, 2)
      yield* generation.close
      assert.strictEqual((yield* Effect.flip(send(url))).code, "ECONNREFUSED")
    }).pipe(provided))

  it.live("leaves requests to who began them, who waits for no others when he closes", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      const waiting = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(released))
      const old = yield* listen({}, Effect.as(waiting, HttpServerResponse.text("old")))
      const request = yield* Effect.forkChild(text(old.url))
      yield* Deferred.await(reached)
      const next = yield* listen({ shutdownTimeout: Duration.zero }, Effect.interruptible(Effect.never))
      const hanging = yield* Effect.forkChild(send(next.url), { startImmediately: true })
      const idle = yield* converse(next.port)
      const closing = yield* Effect.forkChild(old.close, { startImmediately: true })
      yield* Deferred.succeed(released, undefined)
      assert.strictEqual(yield* Fiber.join(request), "old")
      yield* Fiber.join(closing)
      idle.destroy()
      yield* Fiber.interrupt(hanging)
    }).pipe(provided))

  it.live("cuts off what the old one still has when that may not last any longer", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const handler = Effect.andThen(Deferred.succeed(reached, undefined), Effect.interruptible(Effect.never))
      const old = yield* listen({ shutdownTimeout: Duration.millis(20) }, handler)
      const request = yield* Effect.forkChild(send(old.url))
      yield* Deferred.await(reached)
      yield* listen({}, answering("new"))
      yield* old.close
      assert.strictEqual((yield* Fiber.join(request)).status, 503)
      assert.strictEqual(yield* text(old.url), "new")
    }).pipe(provided))

  it.live("gives the place back if it ends first", () =>
    Effect.gen(function*() {
      const old = yield* listen({}, answering("old"))
      const next = yield* listen({}, answering("new"))
      assert.strictEqual(yield* text(old.url), "new")
      yield* next.close
      assert.strictEqual(yield* text(old.url), "old")
    }).pipe(provided))

  it.live("has its own limits, for the connections that are there as well", () =>
    Effect.gen(function*() {
      yield* listen({}, answering("old"))
      const { port, url } = yield* listen({ connections: 1, idleTimeout: Duration.millis(50) }, answering("new"))
      const first = yield* converse(port)
      first.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
      yield* first.heard(/new$/)
      const second = yield* converse(port)
      assert.strictEqual(yield* second.closed, "")
      yield* first.closed
      assert.strictEqual(yield* text(url), "new")
    }).pipe(provided))

  it.live("may listen on another host of the same port, and gives that back too", () =>
    Effect.gen(function*() {
      const old = yield* listen({}, answering("old"))
      const everywhere = yield* listen({ host: "", port: old.port }, answering("everywhere"))
      assert.strictEqual(yield* text(old.url), "everywhere")
      yield* everywhere.close
      assert.strictEqual(yield* text(old.url), "old")
      const again = yield* listen({ host: "", port: old.port }, answering("again"))
      yield* old.close
      assert.strictEqual(yield* text(again.url), "again")
    }).pipe(provided))

  it.live("resets no connection of the host that was, and says with the next answer that it is the last", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const released = yield* Deferred.make<void>()
      const waiting = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(released))
      let handler: Effect.Effect<unknown> = Effect.void
      const old = yield* listen({}, Effect.suspend(() => Effect.as(handler, HttpServerResponse.text("old"))))
      const request = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
      const idle = yield* converse(old.port)
      idle.write(request)
      yield* idle.heard(/Connection: keep-alive[^]*old$/)
      handler = waiting
      const busy = yield* converse(old.port)
      busy.write(request)
      yield* Deferred.await(reached)
      handler = Effect.void
      yield* listen({ host: "", port: old.port }, answering("new"))
      const closing = yield* Effect.forkChild(old.close, { startImmediately: true })
      yield* Deferred.succeed(released, undefined)
      assert.match(yield* busy.closed, /Connection: close[^]*old$/)
      idle.write(request)
      assert.match(yield* idle.closed, /old[^]*Connection: close[^]*old$/)
      yield* Fiber.join(closing)
    }).pipe(provided))

  it.live("is of the same owner: for others the address is in use", () =>
    Effect.gen(function*() {
      const { port } = yield* listen({}, answering("in"))
      const nobody = yield* listen({ owner: "" }, answering("nobody's"))
      for (const settings of [{ owner: "other", port }, { owner: "", port }, { owner: "", port: nobody.port }]) {
        const error = yield* Effect.flip(listen(settings, answering("never")))
        assert.strictEqual(error.message, `cannot listen on 127.0.0.1:${settings.port}: address already in use`)
      }
      // A failed attempt takes nothing away.
      yield* Effect.flip(listen({ host: "192.0.2.1", port }, answering("never")))
      assert.strictEqual(yield* text(`http://127.0.0.1:${port}`), "in")
      assert.notStrictEqual((yield* listen({ owner: "other" }, answering("other"))).port, port)
    }).pipe(provided))
})
