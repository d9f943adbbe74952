import type { Dispatcher } from "@effect/platform-node/Undici"
import { assert, describe, it, vi } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { Connection } from "../../src/transport/Connection.ts"
import { Exchange } from "../../src/transport/Exchange.ts"
import type { Request, Response } from "../../src/transport/Network.ts"
import type { TransportError } from "../../src/transport/TransportError.ts"

const request: Request = { method: "GET", origin: "http://server.example", path: "/", headers: {}, body: undefined }

const controller = {} as Dispatcher.DispatchController

/** The text of an answer that comes in these pieces. */
const textOf = (maxText: number, ...pieces: ReadonlyArray<Uint8Array>) => {
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
    new Exchange({ ...request, maxText }, Duration.seconds(10), Effect.die("sent again"), resume)
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

  /** What comes of a request on a used connection that breaks so many milliseconds after the request was begun. */
  const brokenAfter = Effect.fnUntraced(function*(millis: number) {
    let now = 5000
    yield* Effect.acquireRelease(
      Effect.sync(() => vi.spyOn(performance, "now").mockImplementation(() => now)),
      (spy) => Effect.sync(() => spy.mockRestore())
    )
    const connection = {
      openedAt: 4999,
      dispatch: (_request: Request, handler: Dispatcher.DispatchHandler) => {
        handler.onRequestStart?.(controller, undefined)
        now += millis
        handler.onResponseError?.(controller, Object.assign(new Error("it broke"), { code: "ECONNRESET" }))
      },
      finish: () => {},
      retire: () => {}
    } as unknown as Connection
    const sentAgain = Effect.succeed({ status: 299, headers: {}, text: "sent again", leave: () => {} })
    return yield* Effect.callback<Response, TransportError>((resume) =>
      new Exchange(request, Duration.seconds(10), sentAgain, resume).start(connection)
    )
  }, Effect.match({ onFailure: ({ message }) => message, onSuccess: ({ text }) => text }))

  it.effect("sends a request again whose used connection breaks at once, and none that a server has had for a second", () =>
    Effect.gen(function*() {
      for (const millis of [0, 999]) assert.strictEqual(yield* brokenAfter(millis), "sent again")
      for (const millis of [1000, 5000]) assert.strictEqual(yield* brokenAfter(millis), "it broke (ECONNRESET)")
    }))

  it.effect("takes an answer whose head has come after the time was over, but before anybody saw that it was", () =>
    Effect.gen(function*() {
      const delays: Array<number | undefined> = []
      const setTimer = globalThis.setTimeout
      yield* Effect.acquireRelease(
        Effect.sync(() => [
          vi.spyOn(performance, "now").mockReturnValueOnce(5000).mockReturnValue(16_000),
          vi.spyOn(globalThis, "setTimeout").mockImplementation((run, delay) => {
            delays.push(delay)
            return setTimer(run, delay)
          })
        ]),
        (spies) => Effect.sync(() => spies.forEach((spy) => spy.mockRestore()))
      )
      assert.strictEqual(yield* textOf(100, Buffer.from("a")), "a")
      assert.include(delays, 0)
      // Of those Node warns.
      assert.isEmpty(delays.filter((delay = 0) => delay < 0))
    }))

  it.effect("ends a text before a character that does not fit, so that it ends with what was sent", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from("a\u00e9\u20acb")
      assert.strictEqual(yield* textOf(2, bytes), "a")
      assert.strictEqual(yield* textOf(4, bytes), "a\u00e9")
      assert.strictEqual(yield* textOf(5, bytes), "a\u00e9")
    }))

  /** Whether a connection is left whose socket has all of a request sent so many turns after the answer, if ever. */
  const isLeft = (turns: number) =>
    Effect.gen(function*() {
      let isSending = turns > 0
      let isRetired = false
      const connection = {
        get isSending() {
          return isSending
        },
        dispatch: (_request: Request, handler: Dispatcher.DispatchHandler) => {
          handler.onRequestStart?.(controller, undefined)
          handler.onResponseStart?.(controller, 200, {})
          if (turns === 1) setImmediate(() => isSending = false)
          handler.onResponseEnd?.(controller, {})
        },
        finish: () => {},
        retire: () => isRetired = true
      } as unknown as Connection
      const { status } = yield* Effect.callback<Response, TransportError>((resume) =>
        new Exchange(request, Duration.seconds(10), Effect.die("sent again"), resume).start(connection)
      )
      assert.strictEqual(status, 200)
      return isRetired
    })

  it.effect("leaves a connection on which the answer comes before all is sent, and no other", () =>
    Effect.gen(function*() {
      assert.isFalse(yield* isLeft(0))
      // As TLS has it.
      assert.isFalse(yield* isLeft(1))
      assert.isTrue(yield* isLeft(Infinity))
    }))
})
