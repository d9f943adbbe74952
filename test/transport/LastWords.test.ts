import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { once } from "node:events"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import { text } from "node:stream/consumers"
import * as LastWords from "../../src/transport/LastWords.ts"

/** A socket on which each write fails, and which has something to read. */
const broken = (code: string): Duplex => {
  const words = ["it is ", "too large", null]
  return new Duplex({
    read() {
      this.push(words.shift())
    },
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("write failed"), { code }))
  })
}

describe("LastWords", () => {
  it.effect("are read though a write has failed, and then the failure is told", () =>
    Effect.gen(function*() {
      for (const code of ["EPIPE", "ECONNRESET"]) {
        const socket = broken(code)
        LastWords.hear(socket as Socket)
        socket.write("a request")
        const failure = once(socket, "error")
        socket.on("error", () => {})
        assert.strictEqual(yield* Effect.promise(() => text(socket)), "it is too large")
        assert.strictEqual((yield* Effect.promise(() => failure))[0].code, code)
      }
    }))

  it.effect("are none where a write fails for another reason", () =>
    Effect.gen(function*() {
      const socket = broken("EACCES")
      LastWords.hear(socket as Socket)
      socket.write("a request")
      const [error] = yield* Effect.promise(() => once(socket, "error"))
      assert.strictEqual(error.code, "EACCES")
      assert.isTrue(socket.destroyed)
    }))
})
