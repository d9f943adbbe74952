import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Schema, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Relabel from "../../../src/components/discovery/Relabel.ts"
import * as Targets from "../../../src/components/Targets.ts"
import * as Component from "../../../src/engine/Component.ts"
import * as Engine from "../../../src/engine/Engine.ts"
import * as Plan from "../../../src/engine/Plan.ts"
import * as Registry from "../../../src/engine/Registry.ts"
import * as Value from "../../../src/evaluation/Value.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { problem } from "../../syntax/notation.ts"

/** Blocks `found`, which export what a test says, and `probe`, which keep what they get. */
const makeWorld = Effect.gen(function*() {
  const found = yield* SubscriptionRef.make(Value.list([]))
  const got: Array<Targets.Targets> = []
  const discovery: Component.Component<unknown> = {
    name: "found",
    arguments: Schema.Struct({}),
    exports: { targets: Component.changing(Value.unknown, () => SubscriptionRef.changes(found)) },
    layer: () => Layer.empty
  }
  const Arguments = Schema.Struct({ targets: Targets.Argument })
  const probe: Component.Component<typeof Arguments.Type> = {
    name: "probe",
    arguments: Arguments,
    exports: {},
    layer: ({ targets }) => Layer.effectDiscard(Effect.sync(() => void got.push(targets)))
  }
  const settings = (text: string) => ({
    sources: [Source.make("a.alloy", text)],
    registry: Registry.make(discovery, probe, Relabel.component),
    stdlib: new Map()
  })
  return {
    got,
    set: (targets: ReadonlyArray<Value.Value>) =>
      Effect.andThen(SubscriptionRef.set(found, Value.list(targets)), TestClock.adjust("1 second")),
    start: (text: string) => Engine.make(settings(text)),
    problems: (text: string) =>
      Result.match(Plan.check(settings(text)), {
        onFailure: ({ diagnostics }) => diagnostics.map(problem),
        onSuccess: () => []
      })
  }
})

const shown = (targets: Targets.Targets | undefined) => targets?.map(Labels.format)

const target = (address: string, app: string) => Targets.toValue(Labels.make({ __address__: address, __meta_app: app }))

const config = `
  found "a" { }
  discovery.relabel "apps" {
    targets = found.a.targets
    rule {
      source_labels = ["__meta_app"]
      regex         = "kube-.*"
      action        = "drop"
    }
    rule {
      source_labels = ["__meta_app"]
      target_label  = "service_name"
    }
  }
  probe "p" { targets = discovery.relabel.apps.output }
`

describe("discovery.relabel", () => {
  it.effect("relabels targets in their order, leaves some out, and follows them when they change", () =>
    Effect.gen(function*() {
      const { got, set, start } = yield* makeWorld
      yield* start(config)
      assert.deepStrictEqual(shown(got.at(-1)), [])
      yield* set([target("b:1", "shop"), target("a:1", "kube-proxy"), target("a:2", "till")])
      assert.deepStrictEqual(shown(got.at(-1)), [
        `{__address__="b:1", __meta_app="shop", service_name="shop"}`,
        `{__address__="a:2", __meta_app="till", service_name="till"}`
      ])
      yield* set([target("a:2", "till")])
      assert.deepStrictEqual(shown(got.at(-1)), [`{__address__="a:2", __meta_app="till", service_name="till"}`])
    }))

  it.effect("does not touch a target again that was there before, and does so with other rules", () =>
    Effect.gen(function*() {
      const { got, set, start } = yield* makeWorld
      const engine = yield* start(config)
      const stays = target("a:1", "shop")
      yield* set([stays, target("a:2", "till")])
      yield* set([target("a:3", "till"), stays])
      const [before, after] = got.slice(-2)
      assert.strictEqual(after![1], before![0])
      yield* engine.reload([Source.make("a.alloy", config.replace("kube-.*", "shop"))])
      assert.deepStrictEqual(shown(got.at(-1)), [`{__address__="a:3", __meta_app="till", service_name="till"}`])
    }))

  it.effect("runs the rules of another block before its own", () =>
    Effect.gen(function*() {
      const { got, problems, start } = yield* makeWorld
      const text = `
        discovery.relabel "common" {
          targets = []
          rule {
            source_labels = ["app"]
            target_label  = "service_name"
          }
        }
        discovery.relabel "own" {
          targets = [{ "__address__" = "a:1", "app" = "shop" }]
          relabel_rules = discovery.relabel.common.rules
          rule {
            source_labels = ["service_name"]
            action        = "uppercase"
            target_label  = "service_name"
          }
        }
        probe "p" { targets = discovery.relabel.own.output }
      `
      yield* start(text)
      assert.deepStrictEqual(shown(got.at(-1)), [`{__address__="a:1", app="shop", service_name="SHOP"}`])
      assert.deepStrictEqual(problems("discovery.relabel \"a\" {\ntargets = []\nrelabel_rules = []\n}"), [
        "3:17-3:18 [] should be capsule, got array"
      ])
    }))

  it.effect("has a mistake in a rule found before anything runs, where it stands", () =>
    Effect.gen(function*() {
      const { problems } = yield* makeWorld
      assert.deepStrictEqual(problems(config.replace("kube-.*", "kube-(")), [
        "7:23-7:30 error parsing regexp: missing closing ): `^(?s:kube-()$`"
      ])
    }))
})
