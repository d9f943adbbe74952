import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Metric, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Enrich from "../../../src/components/pyroscope/Enrich.ts"
import * as Relabel from "../../../src/components/pyroscope/Relabel.ts"
import * as Receivers from "../../../src/components/Receivers.ts"
import * as Receipt from "../../../src/delivery/Receipt.ts"
import * as Receiver from "../../../src/delivery/Receiver.ts"
import * as Component from "../../../src/engine/Component.ts"
import * as Engine from "../../../src/engine/Engine.ts"
import * as Registry from "../../../src/engine/Registry.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import * as Profile from "../../../src/profile/Profile.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { problemsOf } from "../arguments.ts"

/** A block `in`, to push to what it forwards to, and blocks `out`, which keep what they get. */
const makeWorld = () => {
  const kept: Array<string> = []
  let forwardTo: Receiver.Receiver | undefined
  const Arguments = Schema.Struct({ forward_to: Receivers.Argument })
  const source: Component.Component<typeof Arguments.Type> = {
    name: "in",
    arguments: Arguments,
    exports: {},
    layer: ({ forward_to }) =>
      Layer.effectDiscard(
        Effect.map(Receiver.Receiver, (receiver) => {
          forwardTo = receiver
        })
      ).pipe(Layer.provide(Receivers.layer(forward_to)))
  }
  const out: Component.Component<unknown, Receiver.Receiver> = {
    name: "out",
    arguments: Schema.Struct({}),
    exports: { receiver: Receivers.exported },
    layer: () =>
      Layer.effect(
        Receiver.Receiver,
        Effect.map(Component.ComponentId, (id) =>
          Receiver.make(({ labels }) =>
            Effect.as(
              Effect.sync(() => kept.push(`${id} ${Labels.format(labels)}`)),
              Receipt.none
            )
          ))
      )
  }
  return {
    kept,
    push: (labels: Labels.Overrides) =>
      Effect.suspend(() =>
        forwardTo!.push(Profile.series(Labels.make(labels), [{ id: "", profile: new Uint8Array(3) }]))
      ),
    start: (text: string) =>
      Engine.make({
        sources: [Source.make("a.alloy", text)],
        registry: Registry.make(source, out, Relabel.component, Enrich.component),
        stdlib: new Map()
      })
  }
}

const relabel = (forwardTo: string, rules = "") => `
  out "a" { }
  out "b" { }
  pyroscope.relabel "common" {
    forward_to = []
    rule {
      target_label = "team"
      replacement  = "blue"
    }
  }
  pyroscope.relabel "r" {
    forward_to    = [${forwardTo}]
    relabel_rules = pyroscope.relabel.common.rules
    ${rules}
  }
  in "x" { forward_to = [pyroscope.relabel.r.receiver] }
`

const dropTests = `
  rule {
    source_labels = ["service_name"]
    regex         = "test-.*"
    action        = "drop"
  }
`

const metrics = (id: string) =>
  Effect.map(Metric.snapshot, (metrics) =>
    Object.fromEntries(
      metrics.flatMap((metric) =>
        metric.attributes?.component_id === id && "count" in metric.state ? [[metric.id, metric.state.count]] : []
      )
    ))

const isolated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

describe("pyroscope.relabel", () => {
  it.effect("relabels with the rules of others and its own, and follows a reload", () =>
    isolated(Effect.gen(function*() {
      const { kept, push, start } = makeWorld()
      const engine = yield* start(relabel("out.a.receiver, out.b.receiver", dropTests))
      yield* push({ __name__: "cpu", service_name: "shop" })
      yield* push({ __name__: "cpu", service_name: "test-shop" })
      const shop = `{__name__="cpu", service_name="shop", team="blue"}`
      assert.deepStrictEqual(kept.splice(0), [`out.a ${shop}`, `out.b ${shop}`])
      const counted = yield* metrics("pyroscope.relabel.r")
      assert.deepInclude(counted, {
        pyroscope_relabel_profiles_processed: 2,
        pyroscope_relabel_profiles_written: 1,
        pyroscope_relabel_profiles_dropped: 1,
        pyroscope_relabel_cache_misses: 2,
        // Of all receivers together, and of what goes on.
        pyroscope_forwarded_entries_total: 1,
        pyroscope_fanout_latency: 1
      })
      assert.deepInclude(yield* metrics("in.x"), { pyroscope_forwarded_entries_total: 2 })

      yield* engine.reload([Source.make("a.alloy", relabel("out.b.receiver"))])
      yield* TestClock.adjust("1 second")
      yield* push({ __name__: "cpu", service_name: "test-shop" })
      assert.deepStrictEqual(kept, [`out.b {__name__="cpu", service_name="test-shop", team="blue"}`])
    })))

  it("has mistakes found before anything runs", () => {
    assert.deepStrictEqual(
      problemsOf(
        Relabel.Arguments,
        "max_cache_size = 0",
        "rule {",
        "regex = \"[a\"",
        "target_label = \"a\"",
        "}"
      ),
      [
        "1:1-7:1 missing required attribute \"forward_to\"",
        "2:18 0 must be at least 1",
        "4:9-4:12 error parsing regexp: missing closing ]: `[a)$`"
      ]
    )
  })
})

const enrich = (forwardTo: string) => `
  out "a" { }
  out "b" { }
  pyroscope.enrich "e" {
    targets = [
      { "__address__" = "10.0.0.1:80", "ip" = "10.0.0.1", "pod" = "shop-1" },
      { "ip" = "10.0.0.2", "pod" = "till-1" },
    ]
    target_match_label   = "ip"
    profiles_match_label = "host"
    labels_to_copy       = ["pod"]
    forward_to           = [${forwardTo}]
  }
  in "x" { forward_to = [pyroscope.enrich.e.receiver] }
`

describe("pyroscope.enrich", () => {
  it.effect("copies labels of targets, and follows a change of forward_to", () =>
    isolated(Effect.gen(function*() {
      const { kept, push, start } = makeWorld()
      const engine = yield* start(enrich("out.a.receiver"))
      yield* push({ __name__: "cpu", host: "10.0.0.1" })
      yield* push({ __name__: "cpu", host: "10.0.0.9" })
      yield* engine.reload([Source.make("a.alloy", enrich("out.b.receiver"))])
      yield* push({ __name__: "cpu", host: "10.0.0.2" })
      assert.deepStrictEqual(kept, [
        `out.a {__name__="cpu", host="10.0.0.1", pod="shop-1"}`,
        `out.a {__name__="cpu", host="10.0.0.9"}`,
        `out.b {__name__="cpu", host="10.0.0.2", pod="till-1"}`
      ])
      assert.deepInclude(yield* metrics("pyroscope.enrich.e"), { pyroscope_forwarded_entries_total: 3 })
    })))

  it.effect("matches by the target's label where nothing else is said, and copies all", () =>
    Effect.gen(function*() {
      const kept: Array<Profile.Profile> = []
      const receiver = Receiver.make((profile) => Effect.as(Effect.sync(() => kept.push(profile)), Receipt.none))
      const args = Enrich.Arguments.make({
        forward_to: [receiver],
        targets: [Labels.make({ ip: "10.0.0.1", pod: "shop-1" })],
        target_match_label: "ip"
      })
      const enriching = Context.get(yield* Layer.build(Enrich.layer(args)), Receiver.Receiver)
      yield* enriching.push(Profile.series(Labels.make({ ip: "10.0.0.1" }), []))
      assert.deepStrictEqual(Object.fromEntries(kept[0]!.labels), { ip: "10.0.0.1", pod: "shop-1" })
    }).pipe(Effect.scoped))
})
