/**
 * What becomes of profiles that wait for a token together.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer, Logger, Redacted, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Write from "../../src/components/pyroscope/Write.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import { Transport } from "../../src/transport/Transport.ts"
import { profile } from "../delivery/failures/failure.ts"
import * as IdentityProvider from "../support/identityProvider.ts"
import { type Judge, makeTarget } from "../support/target.ts"

const count = 50
/** In flight at once, and so meeting a refusal together. */
const concurrency = 4

/** A queue with profiles for a server that does as it is told. */
const fill = Effect.fnUntraced(function*(behaviour: IdentityProvider.Behaviour, judge: Judge) {
  const provider = yield* IdentityProvider.makeIdentityProvider()
  provider.behave(behaviour)
  const target = yield* makeTarget()
  target.judge(judge)
  const context = yield* Layer.build(Write.layer({
    endpoint: [{
      url: target.url,
      remote_timeout: Duration.hours(1),
      // Of two tries again the first meets the pause at once, and the second waits for its end.
      min_backoff_period: Duration.millis(1),
      max_backoff_retries: 2,
      queue: { concurrency },
      oauth2: {
        client_id: IdentityProvider.clientId,
        client_secret: Redacted.make(IdentityProvider.secret),
        token_url: provider.tokenUrl
      }
    }]
  }))
  const { push } = Context.get(context, Receiver)
  const receipts = yield* Effect.all(Array.from({ length: count }, () => push(profile)))
  /** Of those profiles: the reason where there is one. */
  const outcomes = (from: number, to: number) =>
    Effect.map(
      Effect.forEach(receipts.slice(from, to), ({ outcomes }) => outcomes),
      (all) =>
        new Set(all.flat().map((outcome) => outcome._tag === "Failed" ? outcome.error.reason.message : outcome._tag))
    )
  return { provider, target, outcomes }
})

const test = <E>(name: string, effect: Effect.Effect<void, E, Transport | Scope.Scope>) =>
  it.effect(name, () => Effect.provide(effect, [Transport.layer, Logger.layer([])]))

describe("Of the profiles in a queue none is lost that meets", () => {
  test(
    "a server that does not take a new token",
    Effect.gen(function*() {
      const { outcomes, provider, target } = yield* fill(IdentityProvider.grant, ({ headers }) => ({
        status: headers.authorization === "Bearer token-1" ? 401 : 200
      }))
      yield* target.requests.atLeast(concurrency)
      const all = yield* Effect.forkChild(outcomes(0, count))
      while (all.pollUnsafe() === undefined) {
        yield* TestClock.adjust("10 millis")
        yield* TestClock.withLive(Effect.sleep("1 millis"))
      }
      assert.deepStrictEqual(yield* Fiber.join(all), new Set(["Delivered"]))
      assert.strictEqual(target.requests.all.length, concurrency + count)
      assert.strictEqual(provider.requests.all.length, 2)
    })
  )

  test(
    "a token endpoint that does not know the client",
    Effect.gen(function*() {
      const { outcomes, provider, target } = yield* fill(
        IdentityProvider.answer(401, { error: "invalid_client" }, { "retry-after": "100" }),
        () => ({ status: 200 })
      )
      // In both styles.
      yield* provider.requests.atLeast(2)
      provider.behave(IdentityProvider.grant)
      const all = yield* Effect.forkChild(outcomes(0, count))
      while (all.pollUnsafe() === undefined) {
        yield* TestClock.adjust("1 second")
        yield* TestClock.withLive(Effect.sleep("1 millis"))
      }
      assert.deepStrictEqual(yield* Fiber.join(all), new Set(["Delivered"]))
      assert.strictEqual(target.requests.all.length, count)
      assert.strictEqual(provider.requests.all.length, 3)
    })
  )
})
