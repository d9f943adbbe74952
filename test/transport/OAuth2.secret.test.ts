import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Base64 } from "effect/encoding"
import { TestClock } from "effect/testing"
import * as Material from "../../src/transport/Material.ts"
import type { Request } from "../../src/transport/Network.ts"
import { grant, refuse, respond } from "../support/tokenEndpoint.ts"
import { detailOf, path, setUp, setUpFile } from "./tokens.ts"

describe("An OAuth2 client secret in a file", () => {
  const sent = (request: Request | undefined) => request?.headers["authorization"]
  const basic = (secret: string) => `Basic ${Base64.encode(`pusher:${secret}`)}`

  it.effect("is used without the white space around it", () =>
    Effect.gen(function*() {
      const { header, requests } = yield* setUpFile([grant("t")], " one\n")
      yield* header
      assert.strictEqual(sent(requests[0]), basic("one"))
    }))

  it.effect("that is given as text keeps its white space", () =>
    Effect.gen(function*() {
      const { header, requests } = yield* setUp([grant("t")], Material.inline(Redacted.make(" x")))
      yield* header
      assert.strictEqual(sent(requests[0]), basic("+x"))
    }))

  it.effect("is waited for without a request and without a pause", () =>
    Effect.gen(function*() {
      const { header, requests, secrets, write } = yield* setUpFile([grant("t")])
      const missing = yield* Effect.flip(header)
      assert.deepInclude(missing, { source: "credential file", status: undefined })
      assert.strictEqual(
        missing.detail,
        `unable to read oauth2 client secret: unable to read file ${path}: no such file or directory`
      )
      assert.deepStrictEqual(secrets(), [])
      write(" \n")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* detailOf(header), `unable to read oauth2 client secret: file ${path} is empty`)
      assert.strictEqual(requests.length, 0)
      write("one")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* header, "Bearer t")
    }))

  for (const status of [400, 401]) {
    it.effect(`is read again after a ${status}, and tried if it is another`, () =>
      Effect.gen(function*() {
        const refusal = respond(status, { error: "invalid_client" })
        const { header, requests, write } = yield* setUpFile([refusal, refusal, grant("t")], "one")
        write("two")
        const fiber = yield* Effect.forkChild(header)
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(yield* Fiber.join(fiber), "Bearer t")
        assert.strictEqual(requests.length, 3)
        assert.strictEqual(sent(requests[0]), basic("one"))
        assert.strictEqual(sent(requests[2]), basic("two"))
      }))
  }

  it.effect("that is the same after a refusal is not tried again", () =>
    Effect.gen(function*() {
      const { header, requests } = yield* setUpFile([refuse], "one")
      assert.include(yield* detailOf(header), "answered 401: invalid_client")
      assert.strictEqual(requests.length, 2)
    }))

  it.effect("that changes is used at once, while the token it replaces is used until there is another", () =>
    Effect.gen(function*() {
      const { header, requests, write } = yield* setUpFile([grant("a"), Effect.delay(grant("b"), "1 second")], "one")
      yield* header
      write("two")
      yield* TestClock.adjust("2 seconds")
      for (let push = 0; push < 10; push++) assert.strictEqual(yield* header, "Bearer a")
      yield* TestClock.adjust("1 second")
      for (let push = 0; push < 10; push++) assert.strictEqual(yield* header, "Bearer b")
      assert.strictEqual(requests.length, 2)
      assert.strictEqual(sent(requests[1]), basic("two"))
    }))

  it.effect("that changes and is refused leaves the token, and is not asked with at each push", () =>
    Effect.gen(function*() {
      const { header, requests, write } = yield* setUpFile([grant("a"), refuse], "one")
      yield* header
      write("two")
      yield* TestClock.adjust("2 seconds")
      for (let push = 0; push < 10; push++) {
        assert.strictEqual(yield* header, "Bearer a")
        yield* TestClock.adjust("10 millis")
      }
      assert.strictEqual(requests.length, 2)
    }))

  it.effect("ends a pause when it changes", () =>
    Effect.gen(function*() {
      const refusal = respond(401, { error: "invalid_client" }, { "retry-after": "60" })
      const { header, requests, write } = yield* setUpFile([refusal, refusal, grant("t")], "one")
      yield* Effect.flip(header)
      write("two")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* header, "Bearer t")
      assert.strictEqual(sent(requests[2]), basic("two"))
    }))
})
