import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Queue, Scope } from "effect"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Pprof from "../../src/pprof/Pprof.ts"
import * as SelfProfile from "../../src/pprof/SelfProfile.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import * as Work from "../support/work.ts"

const running = Effect.gen(function*() {
  const received = yield* Queue.make<Profile.Profile>()
  const receiver = Receiver.make((profile) => Effect.as(Queue.offer(received, profile), Receipt.none))
  return { received, receiver: Layer.succeed(Receiver.Receiver, receiver) }
})

const summaryOf = (profile: Profile.Profile) => {
  assert(profile._tag === "Series")
  return Pprof.summarize(profile.samples[0]!.profile, { top: 5, maxBytes: 10_000_000 })
}

const nameOf = ({ labels }: Profile.Profile): string => labels.get("__name__")!

describe("SelfProfile", () => {
  it.live("finds the function that is busy, and what holds the memory", () =>
    Effect.gen(function*() {
      const { received, receiver } = yield* running
      yield* Layer.build(SelfProfile.layer({ interval: "1 seconds" }).pipe(Layer.provide(receiver)))
      const hoard = Work.hoard(32)
      const missing = new Set(["process_cpu", "memory"])
      // How soon the samples are there is up to the machine; what is in them is not.
      while (missing.size > 0) {
        Work.burn(100)
        yield* Effect.sleep("1 millis")
        for (const profile of yield* Queue.clear(received)) {
          const { sampleTypes, top } = yield* summaryOf(profile)
          const isSeen = nameOf(profile) === "memory"
            ? Number(sampleTypes[0]!.total) > 16 * 1024 * 1024
            : top[0]?.function === "burn" && Number(top[0].value) > 200_000_000
          if (isSeen) missing.delete(nameOf(profile))
        }
      }
      assert.strictEqual(hoard.length, 512)
    }))

  it.live("has pushed what it has seen once it has closed, however short that was", () =>
    Effect.gen(function*() {
      const { received, receiver } = yield* running
      const scope = yield* Scope.make()
      yield* SelfProfile.layer({ interval: "1 hour", samplingInterval: "1 millis" }).pipe(
        Layer.provide(receiver),
        Layer.buildWithScope(scope)
      )
      const hoard = Work.hoard(32)
      Work.burn(1000)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(hoard.length, 512)
      const profiles = yield* Queue.clear(received)
      assert.sameMembers(profiles.map(nameOf), ["process_cpu", "memory"])
      const { top } = yield* summaryOf(profiles.find((profile) => nameOf(profile) === "process_cpu")!)
      // Which of the two is first is up to the machine.
      assert.include(top.map((entry) => entry.function), "burn")
    }))
})
