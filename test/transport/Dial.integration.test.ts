import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import { setImmediate } from "node:timers/promises"
import { dial } from "../../src/transport/Dial.ts"
import { makeJournal } from "../support/journal.ts"
import { freePort, loopbacks } from "../support/ports.ts"

/** Listens on one address; takes connections, and says nothing. */
const makeServer = Effect.fnUntraced(function*(host: string, port = 0) {
  const sockets = makeJournal<Socket>(() => "connection")
  const server = createServer((socket) => sockets.add(socket.on("error", () => {}).resume()))
  yield* Effect.acquireRelease(
    Effect.promise(() => once(server.listen(port, host), "listening")),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets.all) socket.destroy()
      })
  )
  return { port: portOf(server), sockets }
})

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : assert.fail()
}

/** Listens on 127.0.0.1, and has stopped: when two connections wait to be taken, the system leaves others unanswered. */
const makeSilence = Effect.gen(function*() {
  const program =
    "const s = require('net').createServer().listen(0, '127.0.0.1', 1, () => console.log(s.address().port))"
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const [port] = yield* Effect.promise(() => once(child.stdout, "data"))
  child.kill("SIGSTOP")
  for (const _ of [1, 2]) {
    yield* Effect.acquireRelease(dial(["127.0.0.1"], Number(port)), (socket) => Effect.sync(() => socket.destroy()))
  }
  return Number(port)
})

/** Closes what it has opened. */
const peer = (addresses: ReadonlyArray<string>, port: number) =>
  Effect.map(dial(addresses, port), (socket) => {
    const { remoteAddress } = socket
    socket.destroy()
    return remoteAddress
  })

describe("A host with several addresses", () => {
  for (const listens of loopbacks) {
    it.live(`is reached when it listens on ${listens} only`, () =>
      Effect.gen(function*() {
        const { port } = yield* makeServer(listens)
        assert.strictEqual(yield* peer(["::1", "127.0.0.1"], port), listens)
        assert.strictEqual(yield* peer(["127.0.0.1", "::1"], port), listens)
      }))
  }

  it.live("is reached when the one before gives no answer", () =>
    Effect.gen(function*() {
      const port = yield* makeSilence
      yield* makeServer("127.0.0.2", port)
      assert.strictEqual(yield* peer(["127.0.0.1", "127.0.0.2"], port), "127.0.0.2")
    }))

  it.live("is reached at the first, and nobody is troubled at the others", () =>
    Effect.gen(function*() {
      const first = yield* makeServer("127.0.0.1")
      const others = yield* makeServer("127.0.0.2", first.port)
      assert.strictEqual(yield* peer(["127.0.0.1", "127.0.0.2"], first.port), "127.0.0.1")
      assert.strictEqual(others.sockets.all.length, 0)
    }))

  it.live("that refuses at all of them says so of each", () =>
    Effect.gen(function*() {
      const port = yield* Effect.promise(freePort)
      const error = yield* Effect.flip(dial(["127.0.0.1", "127.0.0.2"], port))
      assert.strictEqual(error.code, "ECONNREFUSED")
      assert.strictEqual(error.detail, `connect ECONNREFUSED 127.0.0.1:${port}, connect ECONNREFUSED 127.0.0.2:${port}`)
    }))

  it.live("that cannot be reached at one and refuses at another refuses", () =>
    Effect.gen(function*() {
      const port = yield* Effect.promise(freePort)
      // A multicast address is nobody's.
      const error = yield* Effect.flip(dial(["ff02::1%lo", "127.0.0.1"], port))
      assert.strictEqual(error.code, "ECONNREFUSED")
    }))

  it.live("is left alone when nobody wants the connection any more", () =>
    Effect.gen(function*() {
      const port = yield* makeSilence
      const fiber = yield* Effect.forkChild(dial(["127.0.0.1"], port), { startImmediately: true })
      assert.include(process.getActiveResourcesInfo(), "ConnectWrap")
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => setImmediate())
      assert.notInclude(process.getActiveResourcesInfo(), "ConnectWrap")
    }))
})
