import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Metric, Stream } from "effect"
import * as Receivers from "../../src/components/Receivers.ts"
import * as Forward from "../../src/delivery/Forward.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import { ownRegistry, withLog } from "./observations.ts"

const sample = { id: "", profile: new Uint8Array(3) }
const twoSamples = Profile.series(Labels.make({ __name__: "cpu", service_name: "shop" }), [sample, sample])

describe("Receiver.discarding", () => {
  const destinations = [
    ["forward_to is empty", Receivers.layer([])],
    ["there is no endpoint", Layer.provide(Forward.layerNoDeps({ endpoints: [] }), ScriptedServer.layer())]
  ] as const
  for (const [why, layer] of destinations) {
    it.effect(`takes and counts what has nowhere to go, and says once that ${why}`, () =>
      ownRegistry(withLog(Effect.fnUntraced(function*(log) {
        const receiver = Context.get(
          yield* Effect.provideService(Layer.build(layer), Metric.CurrentMetricAttributes, { component_id: "mine" }),
          Receiver.Receiver
        )
        const receipt = yield* receiver.push(twoSamples)
        yield* Stream.run(Stream.make(twoSamples, twoSamples), receiver.sink)
        yield* receipt.delivered
        assert.deepStrictEqual(yield* receipt.outcomes, [])
        assert.deepStrictEqual(
          log.map(({ annotations, level, message }) => [level, message, annotations["err"]]),
          [["Warn", "profiles go nowhere", why]]
        )
        const counted = (yield* Metric.snapshot).filter(({ id }) => id === "pyroduct_discarded_profiles_total")
        assert.deepStrictEqual(
          counted.map(({ attributes, state }) => [attributes, "count" in state && state.count]),
          [[{ component_id: "mine" }, 6]]
        )
      }))))
  }
})

describe("Receiver.all", () => {
  const answering = (answer: Effect.Effect<Receipt.Receipt, Receiver.Refused>) => Receiver.make(() => answer)
  const taking = answering(Effect.succeed(Receipt.make(Effect.succeed([]))))
  const dropping = answering(Effect.succeed(Receipt.none))
  const refusing = answering(Effect.fail(new Receiver.Refused({ reason: new Receiver.Stopped() })))

  it.effect("says of a refusal whether others have the profile: not where they have dropped it", () =>
    Effect.gen(function*() {
      const rows = [
        [[refusing, refusing], undefined],
        [[dropping, refusing], undefined],
        [[Receiver.all([dropping, dropping]), refusing], undefined],
        [[refusing, taking], true],
        [[Receiver.all([dropping, taking]), refusing], true],
        [[Receiver.all([taking, refusing]), dropping], true]
      ] as const
      for (const [receivers, isPartial] of rows) {
        assert.strictEqual((yield* Effect.flip(Receiver.all(receivers).push(twoSamples))).isPartial, isPartial)
      }
    }))
})
