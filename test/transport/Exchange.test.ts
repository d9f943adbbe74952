import type { Dispatcher } from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Exchange from "../../src/transport/Exchange.ts"
import type { Request } from "../../src/transport/Network.ts"

const request: Request = { method: "GET", origin: "http://server.example", path: "/", headers: {}, body: undefined }

const destinationOf = (dispatcher: Dispatcher): Exchange.Destination => ({
  dispatcher,
  opened: () => 0,
  timeout: Duration.seconds(10),
  isMultiplexed: () => false,
  enter: () => {},
  leave: () => {},
  distrust: () => {}
})

/** The text of an answer that comes in these pieces. */
const textOf = (maxText: number, ...pieces: ReadonlyArray<Uint8Array>) => {
  const controller = {} as Dispatcher.DispatchController
  const dispatcher = {
    dispatch: (_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
      handler.onRequestStart?.(controller, undefined)
      handler.onResponseStart?.(controller, 400, {})
      for (const piece of pieces) handler.onResponseData?.(controller, Buffer.from(piece))
      handler.onResponseEnd?.(controller, {})
      return true
    }
  } as Dispatcher
  return Effect.map(
    Exchange.send(destinationOf(dispatcher), { ...request, maxText }, () => Effect.die("sent again")),
    ({ text }) => text
  )
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
