import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as errors from "./errors.ts"

const delivered = (endpoint: string): Receipt.Outcome => ({ _tag: "Delivered", endpoint })
const failed = (endpoint: string, error = errors.serverFailure()): Receipt.Outcome => ({
  _tag: "Failed",
  endpoint,
  error,
  retries: 3
})
const dropped = (endpoint: string, reason: Receipt.DropReason = "queue_full"): Receipt.Outcome => ({
  _tag: "Dropped",
  endpoint,
  reason
})

const receipt = (...outcomes: ReadonlyArray<Receipt.Outcome>): Receipt.Receipt => Receipt.make(Effect.succeed(outcomes))

describe("Receipt", () => {
  it.effect("of several has the outcomes of each, in order", () =>
    Effect.gen(function*() {
      const all = Receipt.all([receipt(delivered("a"), failed("b")), Receipt.none, receipt(dropped("c"))])
      assert.deepStrictEqual((yield* all.outcomes).map(({ endpoint }) => endpoint), ["a", "b", "c"])
      assert.deepStrictEqual(yield* Receipt.all([]).outcomes, [])
    }))

  it.effect("waits for every outcome before it says whether the profile is delivered", () =>
    Effect.gen(function*() {
      const outcomes = Deferred.makeUnsafe<ReadonlyArray<Receipt.Outcome>>()
      const { delivered: all } = Receipt.all([receipt(failed("a")), Receipt.make(Deferred.await(outcomes))])
      const waiting = yield* Effect.forkChild(Effect.exit(all), { startImmediately: true })
      assert.isUndefined(waiting.pollUnsafe())
      yield* Deferred.succeed(outcomes, [delivered("b")])
      assert.isTrue(Exit.isFailure(yield* Fiber.join(waiting)))
    }))

  it.effect("succeeds where every endpoint has the profile, and where there is none", () =>
    Effect.gen(function*() {
      yield* receipt(delivered("a"), delivered("b")).delivered
      yield* Receipt.none.delivered
    }))

  it.effect("fails with the first endpoint's reason, whatever the others' are", () =>
    Effect.gen(function*() {
      const failureOf = (...outcomes: ReadonlyArray<Receipt.Outcome>) => Effect.flip(receipt(...outcomes).delivered)
      const error = errors.rateLimited()
      assert.strictEqual(yield* failureOf(delivered("a"), failed("b", error), dropped("c")), error)
      const first = yield* failureOf(dropped("a", "shutdown"), failed("b"), delivered("c"))
      assert.deepStrictEqual(first, new Receipt.Dropped({ endpoint: "a", reason: "shutdown" }))
      assert.strictEqual(first.message, "a profile for a was dropped: shutdown")
    }))

  it.effect("its reasons are caught without detours", () =>
    Effect.gen(function*() {
      const said = (...outcomes: ReadonlyArray<Receipt.Outcome>) =>
        receipt(...outcomes).delivered.pipe(
          Effect.as("delivered"),
          Effect.catchReasons("PushError", {
            AuthError: ({ source, status }) => Effect.succeed(`${source} ${status}`),
            ServerFailure: ({ status }) => Effect.succeed(`server ${status}`)
          }),
          Effect.catchTags({
            PushError: ({ concerns, reason }) => Effect.succeed(`${reason._tag} of the ${concerns}`),
            Dropped: ({ endpoint, reason }) => Effect.succeed(`${endpoint} ${reason}`)
          })
        )
      assert.strictEqual(yield* said(delivered("a")), "delivered")
      assert.strictEqual(yield* said(failed("a", errors.refusedCredential)), "server 401")
      assert.strictEqual(yield* said(failed("a")), "server 503")
      assert.strictEqual(yield* said(failed("a", errors.rejected(400))), "Rejected of the profile")
      assert.strictEqual(yield* said(failed("a", errors.expiredCertificate)), "TlsError of the endpoint")
      assert.strictEqual(yield* said(dropped("a", "defect")), "a defect")
    }))
})
