import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as StableReceiver from "../../src/delivery/StableReceiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"

const profile = Profile.series(Labels.make({ __name__: "cpu", service_name: "a" }), [{
  id: "",
  profile: Uint8Array.of(1)
}])

const stopped = new Receiver.Refused({ reason: new Receiver.Stopped() })

const taking = () => {
  let taken = 0
  const receiver = Receiver.make(() => {
    taken += 1
    return Effect.succeed(Receipt.none)
  })
  return { receiver, taken: () => taken }
}

describe("StableReceiver", () => {
  it.effect("refuses as one does that is shutting down while there is nothing behind it", () =>
    Effect.gen(function*() {
      const { receiver } = StableReceiver.make()
      assert.deepStrictEqual(yield* Effect.flip(receiver.push(profile)), stopped)
    }))

  it.effect("stays the same object, and hands profiles to what was put behind it last", () =>
    Effect.gen(function*() {
      const stable = StableReceiver.make()
      const { receiver } = stable
      const [first, second] = [taking(), taking()]
      stable.switchTo(first.receiver)
      yield* receiver.push(profile)
      stable.switchTo(second.receiver)
      yield* receiver.push(profile)
      yield* receiver.push(profile)
      assert.strictEqual(stable.receiver, receiver)
      assert.deepStrictEqual([first.taken(), second.taken()], [1, 2])
    }))

  it.effect("hands to the new one what the old one refuses because it stops", () =>
    Effect.gen(function*() {
      const stable = StableReceiver.make()
      const asked = yield* Deferred.make<void>()
      const answer = yield* Deferred.make<never, Receiver.Refused>()
      const next = taking()
      stable.switchTo(
        Receiver.make(() => Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer)))
      )
      const pushing = yield* Effect.forkChild(stable.receiver.push(profile))
      yield* Deferred.await(asked)
      stable.switchTo(next.receiver)
      yield* Deferred.fail(answer, stopped)
      yield* Fiber.join(pushing)
      assert.strictEqual(next.taken(), 1)
    }))

  it.effect("passes on any other refusal, and that of one whose place nobody has taken", () =>
    Effect.gen(function*() {
      const stable = StableReceiver.make()
      const empty = new Receiver.Refused({ reason: new Receiver.EmptyProfile() })
      for (const refused of [empty, stopped]) {
        stable.switchTo(Receiver.make(() => Effect.fail(refused)))
        assert.strictEqual(yield* Effect.flip(stable.receiver.push(profile)), refused)
      }
    }))
})
