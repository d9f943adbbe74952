import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { Base64 } from "effect/encoding"
import { TestClock } from "effect/testing"
import * as Material from "../../src/transport/Material.ts"
import { grant, refuse, respond } from "../support/tokenEndpoint.ts"
import { detailOf, setUp, waitOf } from "./tokens.ts"

describe("OAuth2", () => {
  describe("a token", () => {
    it.effect("is asked for once by a hundred who wait", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([Effect.delay(grant("t"), "1 second")])
        const fiber = yield* Effect.forkChild(
          Effect.all(Array.from({ length: 100 }, () => header), { concurrency: 100 })
        )
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(new Set(yield* Fiber.join(fiber)), new Set(["Bearer t"]))
        assert.strictEqual(requests.length, 1)
      }))

    it.effect("comes for the others when the first who waits is interrupted", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([Effect.delay(grant("t"), "1 second")])
        const first = yield* Effect.forkChild(header, { startImmediately: true })
        const second = yield* Effect.forkChild(header, { startImmediately: true })
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(second), "Bearer t")
        assert.strictEqual(requests.length, 1)
      }))

    it.effect("is not asked for any more when the scope closes, and nobody waits for ever", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        let interrupted = false
        const { header } = yield* Scope.provide(
          setUp([Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted = true))]),
          scope
        )
        const waiter = yield* Effect.forkChild(header, { startImmediately: true })
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(interrupted)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiter)))
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(yield* Effect.forkChild(header))))
      }))

    for (
      const [lifetime, slack] of [[3600, 30], [100, 20], [10, 2]] as const
    ) {
      it.effect(`for ${lifetime} s is replaced in the background in its last ${slack} s, once`, () =>
        Effect.gen(function*() {
          const { header, requests } = yield* setUp([
            grant("a", lifetime),
            Effect.delay(grant("b"), "1 second")
          ])
          yield* header
          yield* TestClock.adjust(Duration.millis((lifetime - slack) * 1000 - 1))
          assert.strictEqual(yield* header, "Bearer a")
          assert.strictEqual(requests.length, 1)
          yield* TestClock.adjust("1 millis")
          for (let push = 0; push < 10; push++) assert.strictEqual(yield* header, "Bearer a")
          assert.strictEqual(requests.length, 2)
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* header, "Bearer b")
          assert.strictEqual(requests.length, 2)
        }))
    }

    it.effect("that has expired is not used, whoever waits", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([grant("a", 10), Effect.delay(grant("b", 10), "1 second")])
        yield* header
        yield* TestClock.adjust("10 seconds")
        const fiber = yield* Effect.forkChild(Effect.all([header, header], { concurrency: 2 }))
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* Fiber.join(fiber), ["Bearer b", "Bearer b"])
        assert.strictEqual(requests.length, 2)
      }))

    it.effect("is used while its replacement fails, with the pauses in between", () =>
      Effect.gen(function*() {
        const { accepted, header, requests } = yield* setUp([grant("a", 300), respond(503, "")])
        accepted(yield* header)
        yield* TestClock.adjust("270 seconds")
        for (let second = 0; second < 30; second++) {
          accepted(yield* header)
          yield* TestClock.adjust("1 second")
        }
        // After 270, 271, 273, 277 and 285 s.
        assert.strictEqual(requests.length, 6)
        assert.include(yield* detailOf(header), "503")
      }))

    it.effect("without an expiry is used for ever", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([grant("t")])
        yield* header
        yield* TestClock.adjust("1000 days")
        assert.strictEqual(yield* header, "Bearer t")
        assert.strictEqual(requests.length, 1)
      }))
  })

  describe("after a failure", () => {
    it.effect("everybody gets it, and the pauses double up to a minute", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([respond(503, { error: "down" })])
        const counts: Array<number> = []
        for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
          yield* Effect.flip(header)
          yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
          for (let push = 0; push < 10; push++) assert.include(yield* detailOf(header), "503: down")
          counts.push(requests.length)
          yield* TestClock.adjust("1 millis")
        }
        assert.deepStrictEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8])
      }))

    for (const [what, failure] of [["being down", respond(503, "")], ["refusing the client", refuse]] as const) {
      it.effect(`of ${what}, who meets the pause is told how long it will be`, () =>
        Effect.gen(function*() {
          const { header } = yield* setUp([failure])
          const detail = yield* detailOf(header)
          for (let push = 0; push < 10; push++) assert.deepStrictEqual(yield* waitOf(header), 1000)
          yield* TestClock.adjust("300 millis")
          assert.deepStrictEqual(yield* waitOf(header), 700)
          assert.strictEqual(yield* detailOf(header), detail)
          yield* TestClock.adjust("700 millis")
          assert.deepStrictEqual(yield* waitOf(header), undefined)
          assert.deepStrictEqual(yield* waitOf(header), 2000)
        }))
    }

    it.effect("everybody gets it as it is who waited for the same request", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([Effect.delay(refuse, "1 second")])
        const fiber = yield* Effect.forkChild(Effect.all([waitOf(header), waitOf(header)], { concurrency: 2 }))
        // The client is refused in both styles.
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* Fiber.join(fiber), [undefined, undefined])
        assert.strictEqual(requests.length, 2)
      }))

    it.effect("the endpoint is left alone for as long as it asks to be", () =>
      Effect.gen(function*() {
        const busy = respond(429, "", { "retry-after": "100" })
        const { header, requests } = yield* setUp([busy, busy, grant("t")])
        for (const count of [1, 2]) {
          assert.deepStrictEqual(yield* waitOf(header), 100_000)
          yield* TestClock.adjust("99999 millis")
          assert.deepStrictEqual(yield* waitOf(header), 1)
          assert.strictEqual(requests.length, count)
          yield* TestClock.adjust("1 millis")
        }
        assert.strictEqual(yield* header, "Bearer t")
      }))

    it.effect("the pause is no shorter for a Retry-After", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([respond(503, "", { "retry-after": "0" })])
        assert.deepStrictEqual(yield* waitOf(header), 0)
        assert.deepStrictEqual(yield* waitOf(header), 1000)
        assert.strictEqual(requests.length, 1)
      }))

    it.effect("of many who wait there is one pause", () =>
      Effect.gen(function*() {
        const { header, requests } = yield* setUp([Effect.delay(respond(503, ""), "1 second")])
        const fiber = yield* Effect.forkChild(
          Effect.all(Array.from({ length: 100 }, () => Effect.flip(header)), { concurrency: 100 })
        )
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(fiber)).length, 100)
        yield* Effect.flip(header)
        assert.strictEqual(requests.length, 1)
      }))

    it.effect("the pauses begin anew once a token was taken", () =>
      Effect.gen(function*() {
        const down = respond(503, "")
        const { accepted, header, requests } = yield* setUp([down, down, grant("a", 100), down])
        yield* Effect.flip(header)
        yield* TestClock.adjust("1 second")
        yield* Effect.flip(header)
        yield* TestClock.adjust("2 seconds")
        accepted(yield* header)
        yield* TestClock.adjust("100 seconds")
        yield* Effect.flip(header)
        assert.strictEqual(requests.length, 4)
        yield* TestClock.adjust("1 second")
        yield* Effect.flip(header)
        assert.strictEqual(requests.length, 5)
      }))
  })

  describe("a refused token", () => {
    it.effect("that had been taken is replaced at once, by one request for all", () =>
      Effect.gen(function*() {
        const { accepted, header, refused, requests } = yield* setUp([grant("a"), Effect.delay(grant("b"), "1 second")])
        const first = yield* header
        accepted(first)
        const fiber = yield* Effect.forkChild(
          Effect.all(Array.from({ length: 100 }, () => refused(first)), { concurrency: 100 })
        )
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(new Set(yield* Fiber.join(fiber)), new Set([true]))
        assert.strictEqual(yield* header, "Bearer b")
        assert.isTrue(yield* refused(first))
        assert.strictEqual(requests.length, 2)
      }))

    for (const status of [503, 401]) {
      it.effect(`has no successor when the endpoint answers ${status}, which is what the push fails with`, () =>
        Effect.gen(function*() {
          const down = respond(status, "")
          const { accepted, header, refused, requests } = yield* setUp([grant("a"), down])
          const first = yield* header
          accepted(first)
          assert.strictEqual((yield* Effect.flip(refused(first))).status, status)
          assert.include(yield* detailOf(header), String(status))
          assert.strictEqual(requests.length, 2)
        }))
    }

    it.effect("has no successor when the endpoint gives it again", () =>
      Effect.gen(function*() {
        const { accepted, header, refused, requests } = yield* setUp([grant("a")])
        const first = yield* header
        accepted(first)
        assert.isFalse(yield* refused(first))
        assert.strictEqual(yield* header, first)
        assert.isFalse(yield* refused(first))
        yield* Effect.flip(header)
        assert.strictEqual(requests.length, 2)
      }))

    it.effect("that was never taken is a failure, with pauses that double", () =>
      Effect.gen(function*() {
        const { header, refused, requests } = yield* setUp(["a", "b", "c", "d"].map((token) => grant(token)))
        const counts: Array<number> = []
        for (const seconds of [1, 2, 4]) {
          const given = yield* header
          for (let push = 0; push < 10; push++) assert.isFalse(yield* refused(given))
          yield* TestClock.adjust(Duration.millis(seconds * 1000 - 1))
          const failure = yield* Effect.flip(header)
          assert.strictEqual(
            failure.detail,
            "the server does not take the tokens of the token endpoint https://idp.example/token"
          )
          assert.deepInclude(
            { ...failure },
            { source: "token endpoint", status: undefined, retryAfter: Duration.millis(1) }
          )
          counts.push(requests.length)
          yield* TestClock.adjust("1 millis")
        }
        assert.deepStrictEqual(counts, [1, 2, 3])
        assert.strictEqual(yield* header, "Bearer d")
      }))

    it.effect("after one that was taken gets a pause, not another request", () =>
      Effect.gen(function*() {
        const { accepted, header, refused, requests } = yield* setUp([grant("a"), grant("b"), grant("c")])
        const first = yield* header
        accepted(first)
        assert.isTrue(yield* refused(first))
        assert.isFalse(yield* refused(yield* header))
        assert.strictEqual((yield* Effect.flip(refused(first))).source, "token endpoint", "it had worked")
        yield* Effect.flip(header)
        assert.strictEqual(requests.length, 2)
      }))

    it.effect("is not made good by a word on an older one", () =>
      Effect.gen(function*() {
        const { accepted, header, refused, requests } = yield* setUp([grant("a"), grant("b"), grant("c")])
        const first = yield* header
        accepted(first)
        yield* refused(first)
        accepted(first)
        assert.isFalse(yield* refused(yield* header))
        assert.strictEqual(requests.length, 2)
      }))
  })

  describe("a token that one server refuses", () => {
    it.effect("at its first use is good for the others, and that one alone gets a pause", () =>
      Effect.gen(function*() {
        const { at, requests } = yield* setUp([grant("a"), grant("b"), grant("c")])
        const [good, bad] = [at("https://good.example"), at("https://bad.example")]
        assert.isFalse(yield* bad.refused(yield* bad.header))
        assert.include(yield* detailOf(bad.header), "does not take the tokens")
        assert.strictEqual(yield* good.header, "Bearer a")
        good.accepted("Bearer a")
        for (const [seconds, next] of [[1, "b"], [2, "c"]] as const) {
          yield* TestClock.adjust(Duration.seconds(seconds))
          assert.strictEqual(yield* bad.header, `Bearer ${next}`)
          good.accepted(yield* good.header)
          assert.isFalse(yield* bad.refused(`Bearer ${next}`))
        }
        assert.strictEqual(requests.length, 3)
      }))

    it.effect("after having taken it stays in use for the others while there is no other", () =>
      Effect.gen(function*() {
        const { at } = yield* setUp([grant("a"), respond(503, "")])
        const [good, bad] = [at("https://good.example"), at("https://bad.example")]
        for (const { accepted, header } of [good, bad]) accepted(yield* header)
        yield* Effect.flip(bad.refused("Bearer a"))
        yield* Effect.flip(bad.header)
        assert.strictEqual(yield* good.header, "Bearer a")
      }))
  })

  it.effect("tells all secrets: of the client, of the way to the endpoint, and the last two tokens", () =>
    Effect.gen(function*() {
      const { header, secrets } = yield* setUp(
        [grant("a", 10), grant("b", 10), grant("b", 10), grant("c", 10)],
        Material.inline(Redacted.make("s 1"))
      )
      const client = ["s 1", "s+1", Base64.encode("pusher:s+1"), "pr0xied"]
      assert.sameMembers([...secrets()], client)
      for (const tokens of [["a"], ["a", "b"], ["a", "b"], ["b", "c"]]) {
        yield* header
        assert.sameMembers([...secrets()], [...client, ...tokens])
        yield* TestClock.adjust("10 seconds")
      }
    }))
})
