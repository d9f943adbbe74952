import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Scope, SubscriptionRef } from "effect"
import * as Lease from "../../src/transport/Lease.ts"
import type * as Problems from "../../src/transport/Problems.ts"
import { type Request, type Response, Transport } from "../../src/transport/Transport.ts"
import { settingsOf } from "./connecting.ts"

const request: Request = { method: "GET", origin: "http://a", path: "/", headers: {}, body: undefined }
const response: Response = { status: 200, headers: {}, text: "", leave: () => {} }

describe("Lease", () => {
  const make = Effect.gen(function*() {
    const problems = yield* SubscriptionRef.make<Problems.All>(new Map())
    const answered = yield* Latch.make()
    const world = { isOpen: false, answered }
    const connect = () =>
      Effect.as(
        Effect.acquireRelease(
          Effect.sync(() => {
            world.isOpen = true
          }),
          () =>
            Effect.sync(() => {
              world.isOpen = false
            })
        ),
        { send: () => Effect.as(answered.await, response), problems }
      )
    const scope = yield* Scope.make()
    const client = yield* Lease.connect(settingsOf({})).pipe(
      Effect.provideService(Transport, { connect }),
      Scope.provide(scope)
    )
    return { world, client, leave: Scope.close(scope, Exit.void) }
  })

  it.effect("is over when it is left, if nothing is under way", () =>
    Effect.gen(function*() {
      const { client, leave, world } = yield* make
      yield* world.answered.open
      yield* client.send(request)
      assert.isTrue(world.isOpen)
      yield* leave
      assert.isFalse(world.isOpen)
    }))

  it.effect("is over when the last request has ended, answered or given up", () =>
    Effect.gen(function*() {
      const { client, leave, world } = yield* make
      const answered = yield* Effect.forkChild(client.send(request), { startImmediately: true })
      const givenUp = yield* Effect.forkChild(client.send(request), { startImmediately: true })
      yield* leave
      yield* Fiber.interrupt(givenUp)
      assert.isTrue(world.isOpen)
      yield* world.answered.open
      assert.strictEqual(yield* Fiber.join(answered), response)
      assert.isFalse(world.isOpen)
    }))
})
