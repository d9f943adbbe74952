import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Metric, Scope } from "effect"
import * as Gauge from "../../src/telemetry/Gauge.ts"
import { ownRegistry } from "../delivery/observations.ts"

const gauge = (attributes: Readonly<Record<string, string>> = { endpoint: "a" }) =>
  Metric.gauge("queue_profiles", { attributes, description: "Profiles in a queue." })

/** Exports a value until it is closed. */
const observe = (read: () => number, combine?: Gauge.Combine, attributes?: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Gauge.observe(gauge(attributes), read, combine).pipe(Scope.provide(scope))
    return { close: Scope.close(scope, Exit.void) }
  })

/** All series, by their attributes. */
const values = Effect.map(
  Metric.snapshot,
  (snapshot) =>
    snapshot.map((
      metric
    ) => [Object.values(metric.attributes ?? {}).join(), metric.type === "Gauge" && metric.state.value])
)

describe("Gauge", () => {
  it.effect("is read when somebody looks, as long as its scope is open", () =>
    Effect.gen(function*() {
      let value = 1
      const { close } = yield* observe(() => value)
      assert.deepStrictEqual(yield* values, [["a", 1]])
      value = 7
      assert.deepStrictEqual(yield* values, [["a", 7]])
      yield* close
      assert.deepStrictEqual(yield* values, [])
    }).pipe(ownRegistry))

  it.effect("several of one series add up, and the last that leaves removes it", () =>
    Effect.gen(function*() {
      const all = yield* Effect.forEach([1, 20, 300], (value) => observe(() => value))
      assert.deepStrictEqual(yield* values, [["a", 321]])
      yield* all[0]!.close
      assert.deepStrictEqual(yield* values, [["a", 320]])
      yield* all[2]!.close
      assert.deepStrictEqual(yield* values, [["a", 20]])
      yield* all[1]!.close
      assert.deepStrictEqual(yield* values, [])
    }).pipe(ownRegistry))

  it.effect("several of one series show what they are combined to", () =>
    Effect.gen(function*() {
      const { close } = yield* observe(() => 3, Gauge.largest)
      yield* observe(() => -2, Gauge.largest)
      assert.deepStrictEqual(yield* values, [["a", 3]])
      yield* close
      assert.deepStrictEqual(yield* values, [["a", -2]])
    }).pipe(ownRegistry))

  it.effect("comes back after it was removed", () =>
    Effect.gen(function*() {
      yield* Effect.flatMap(observe(() => 1), ({ close }) => close)
      yield* observe(() => 2)
      assert.deepStrictEqual(yield* values, [["a", 2]])
    }).pipe(ownRegistry))

  it.effect("with other attributes is another series, whether they are its own or the surroundings'", () =>
    Effect.gen(function*() {
      yield* observe(() => 1)
      yield* observe(() => 2, undefined, { endpoint: "b" })
      yield* observe(() => 3).pipe(Effect.provideService(Metric.CurrentMetricAttributes, { component: "x" }))
      yield* observe(() => 4).pipe(Effect.provideService(Metric.CurrentMetricAttributes, { component: "x" }))
      const all = yield* values
      assert.deepStrictEqual(all.map(([, value]) => value).toSorted(), [1, 2, 7])
    }).pipe(ownRegistry))

  it.effect("in another registry is another gauge", () =>
    Effect.gen(function*() {
      yield* observe(() => 1)
      yield* Effect.gen(function*() {
        yield* observe(() => 2)
        assert.deepStrictEqual(yield* values, [["a", 2]])
      }).pipe(ownRegistry)
      assert.deepStrictEqual(yield* values, [["a", 1]])
    }).pipe(ownRegistry))
})
