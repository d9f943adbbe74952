import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import * as Receivers from "../../src/components/Receivers.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import { ComponentId } from "../../src/engine/Component.ts"
import type * as Value from "../../src/evaluation/Value.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Edges from "../../src/telemetry/Edges.ts"

const sample = { id: "", profile: new Uint8Array(3) }
const twoSamples = Profile.series(Labels.make({ __name__: "cpu", service_name: "shop" }), [sample, sample])

/** What the block of that id exports, where its component's receiver is that one. */
const exportedBy = (id: string, receiver: Receiver.Receiver): Effect.Effect<Receiver.Receiver> =>
  Effect.gen(function*() {
    const { values } = Receivers.exported.make(id)
    const [value] = yield* Stream.runCollect(values(Context.make(Receiver.Receiver, receiver)))
    return (value as Value.OpaqueCapsule).value as Receiver.Receiver
  })

const taking = Receiver.make(() => Effect.succeed(Receipt.none))
const refusing = Receiver.make(() => Effect.fail(new Receiver.Refused({ reason: new Receiver.Stopped() })))

describe("Receivers.layer", () => {
  it.effect("counts what each block takes, and nothing that it refuses or that goes elsewhere", () =>
    Effect.gen(function*() {
      const edges = Edges.make()
      const forwardTo = [yield* exportedBy("out.a", taking), yield* exportedBy("out.b", refusing), taking]
      const context = yield* Layer.build(Receivers.layer(forwardTo)).pipe(
        Effect.provideService(ComponentId, "in"),
        Effect.provideService(Edges.Edges, edges)
      )
      const receiver = Context.get(context, Receiver.Receiver)
      yield* Effect.flip(receiver.push(twoSamples))
      yield* Effect.flip(receiver.offer(twoSamples))
      assert.deepStrictEqual(yield* edges.read, [
        { from: "in", to: "out.a", profiles: 4, bytes: 12, rate: undefined },
        { from: "in", to: "out.b", profiles: 0, bytes: 0, rate: undefined }
      ])
    }).pipe(Effect.scoped))
})
