import type { Dispatcher } from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { Connection } from "../../src/transport/Connection.ts"
import { Exchange } from "../../src/transport/Exchange.ts"
import type { Request, Response } from "../../src/transport/Network.ts"
import type { TransportError } from "../../src/transport/TransportError.ts"

const request: Request = { method: "GET", origin: "http://server.example", path: "/", headers: {}, body: undefined }

/** The text of an answer that comes in these pieces. */
const textOf = (maxText: number, ...pieces: ReadonlyArray<Uint8Array>) => {
  const controller = {} as Dispatcher.DispatchController
  const connection = {
    dispatch: (_request: Request, handler: Dispatcher.DispatchHandler) => {
      handler.onRequestStart?.(controller, undefined)
      handler.onResponseStart?.(controller, 400, {})
      for (const piece of pieces) handler.onResponseData?.(controller, Buffer.from(piece))
      handler.onResponseEnd?.(controller, {})
    },
    finish: () => {}
  } as unknown as Connection
  const answer = Effect.callback<Response, TransportError>((resume) =>
    new Exchange({ ...request, maxText }, Duration.seconds(10), () => Effect.die("sent again"), resume)
      .start(connection)
  )
  return Effect.map(answer, ({ text }) => text)
}

describe("Exchange", () => {
  it.effect("reads the beginning of a text, in however many pieces it comes", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from("a\u00e9\u20acb")
      assert.strictEqual(yield* textOf(100, bytes), "a\u00e9\u20acb")
      assert.strictEqual(yield* textOf(100, ...Array.from(bytes, (byte) => Uint8Array.of(byte))), "a\u00e9\u20acb")
      assert.strictEqual(yield* textOf(6, bytes, bytes), "a\u00e9\u20ac")
      assert.strictEqual(yield* textOf(100), "")
    }))

  it.effect("ends a text before a character that does not fit, so that it ends with what was sent", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from("a\u00e9\u20acb")
      assert.strictEqual(yield* textOf(2, bytes), "a")
      assert.strictEqual(yield* textOf(4, bytes), "a\u00e9")
      assert.strictEqual(yield* textOf(5, bytes), "a\u00e9")
    }))
})
