import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Result } from "effect"
import * as FanOut from "../../src/delivery/FanOut.ts"
import * as Outbound from "../../src/delivery/Outbound.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Relabelling from "../../src/delivery/Relabelling.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import type * as Relabel from "../../src/profile/Relabel.ts"
import * as Profiles from "../../src/testing/Profiles.ts"
import * as Ingest from "../../src/wire/Ingest.ts"

/** Checks as an endpoint's receiver does, and keeps what it gets. */
const keeping = () => {
  const kept: Array<Profile.Profile> = []
  const { check } = FanOut.make({ externalLabels: {} }, [])
  const receipt = Receipt.make(Effect.succeed([]))
  const receiver = Receiver.make(
    (profile) =>
      Effect.suspend(() => {
        const refused = check(profile)
        if (refused !== undefined) return refused
        kept.push(profile)
        return Effect.succeed(receipt)
      }),
    undefined,
    check
  )
  return { kept, receipt, receiver }
}

const series = (labels: Labels.Overrides): Profile.Series =>
  Profile.series(Labels.make(labels), [{ id: "an id", profile: new Uint8Array(3) }])

const counts = Effect.map(Metric.snapshot, (metrics) =>
  Object.fromEntries(
    metrics.flatMap(({ id, state }) =>
      id.startsWith("pyroscope_relabel_")
        ? [[id.slice("pyroscope_relabel_".length), "count" in state ? state.count : "value" in state ? state.value : 0]]
        : []
    )
  ))

const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(Effect.scoped(effect), Metric.MetricRegistry, new Map())

const dropTests: Relabel.Options = { action: "drop", sourceLabels: ["service_name"], regex: "test-.*" }
const toUpper: Relabel.Options = { action: "uppercase", sourceLabels: ["service_name"], targetLabel: "service_name" }

describe("Relabelling", () => {
  it.effect("hands profiles on with other labels, and drops some, and both are successes", () =>
    counted(Effect.gen(function*() {
      const { kept, receipt, receiver } = keeping()
      const relabelling = yield* Relabelling.make({ rules: [dropTests, toUpper] }, receiver)
      const shop = series({ __name__: "cpu", service_name: "shop" })
      assert.strictEqual(yield* relabelling.push(shop), receipt)
      assert.strictEqual(
        yield* relabelling.push(series({ __name__: "cpu", service_name: "test-shop" })),
        Receipt.none
      )
      assert.deepStrictEqual(kept, [{ ...shop, labels: Labels.make({ __name__: "cpu", service_name: "SHOP" }) }])
      assert.deepInclude(yield* counts, {
        profiles_processed: 2,
        profiles_written: 1,
        profiles_dropped: 1,
        cache_hits: 0,
        cache_misses: 2,
        cache_size: 2
      })
    })))

  it.effect("checks what would go out", () =>
    counted(Effect.gen(function*() {
      const { kept, receiver } = keeping()
      const relabelling = yield* Relabelling.make({
        rules: [dropTests, { sourceLabels: ["kind"], targetLabel: "__name__" }]
      }, receiver)
      const unnamed = series({ service_name: "shop" })
      const mended = series({ service_name: "shop", kind: "cpu" })
      const dropped = series({ service_name: "test-shop" })
      assert.strictEqual(relabelling.check(unnamed)?.message, "invalid labels in profile: __name__ is required")
      assert.isUndefined(relabelling.check(mended))
      assert.isUndefined(relabelling.check(dropped))
      const refused = yield* Effect.flip(relabelling.push(unnamed))
      assert.strictEqual(refused.reason._tag, "InvalidLabels")
      yield* relabelling.push(mended)
      yield* relabelling.push(dropped)
      assert.strictEqual(kept.length, 1)
      // Whatever was checked before, these labels were new when they came.
      assert.deepInclude(yield* counts, { profiles_processed: 3, profiles_written: 1, cache_hits: 0, cache_misses: 3 })
    })))

  it.effect("drops what is left without a label, the first time as well", () =>
    counted(Effect.gen(function*() {
      const { kept, receiver } = keeping()
      const relabelling = yield* Relabelling.make({ rules: [{ action: "labeldrop", regex: ".*" }] }, receiver)
      const profile = series({ __name__: "cpu" })
      for (const _ of [1, 2]) assert.strictEqual(yield* relabelling.push(profile), Receipt.none)
      assert.deepStrictEqual(kept, [])
      assert.deepInclude(yield* counts, { profiles_dropped: 2, cache_hits: 1, cache_misses: 1 })
    })))

  it.effect("passes on what comes without labels, and remembers nothing of it", () =>
    counted(Effect.gen(function*() {
      const pushed: Array<Profile.Profile> = []
      const receiver = Receiver.make((profile) => Effect.as(Effect.sync(() => pushed.push(profile)), Receipt.none))
      const relabelling = yield* Relabelling.make({ rules: [{ action: "drop" }] }, receiver)
      const profile = series({})
      yield* relabelling.push(profile)
      assert.strictEqual(pushed[0], profile)
      assert.deepInclude(yield* counts, { profiles_processed: 1, profiles_written: 1, cache_size: 0 })
    })))

  it.effect("remembers the sets of labels that came last", () =>
    counted(Effect.gen(function*() {
      const relabelling = yield* Relabelling.make({ rules: [toUpper], maxCacheSize: 2 }, keeping().receiver)
      const push = (name: string) => relabelling.push(series({ __name__: name, service_name: "shop" }))
      for (const name of ["a", "b", "a", "c", "a", "b"]) yield* push(name)
      assert.deepInclude(yield* counts, { cache_hits: 2, cache_misses: 4, cache_size: 2 })
    })))

  it.effect("remembers no more than many sets of labels take, however large they are", () =>
    counted(Effect.gen(function*() {
      const relabelling = yield* Relabelling.make({ rules: [toUpper], maxCacheSize: 10 }, keeping().receiver)
      const large = { service_name: "a".repeat(2000) }
      const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`l${index}`, "a"]))
      // Of 20 KiB each takes 4 KB, before and after the rule, and a label takes more than its characters.
      for (const labels of [large, many]) {
        for (let set = 0; set < 10; set++) {
          yield* relabelling.push(series({ service_name: "a", ...labels, __name__: `${set}` }))
        }
        assert.deepInclude(yield* counts, { cache_size: labels === large ? 4 : 5 })
      }
      yield* relabelling.push(series({ __name__: "cpu", service_name: "a".repeat(11_000) }))
      assert.deepInclude(yield* counts, { cache_size: 0 })
    })))

  it.effect("takes labels for the same only if they are, whatever is in them", () =>
    counted(Effect.gen(function*() {
      const { kept, receiver } = keeping()
      const relabelling = yield* Relabelling.make({
        rules: [{ sourceLabels: ["A"], targetLabel: "copy" }]
      }, receiver)
      const all = [
        // Of one FNV-1a of 64 bits.
        { A: "K6sjsNNczPl", __name__: "app.cpu" },
        { A: "cswpLMIZpwt", __name__: "app.cpu" },
        // Of one text, if written one after another.
        { A: "xÿBÿy", __name__: "cpu" },
        { A: "x", B: "y", __name__: "cpu" }
      ]
      for (const labels of [...all, ...all]) yield* relabelling.push(series(labels))
      assert.deepStrictEqual(
        kept.map(({ labels }) => labels),
        [...all, ...all].map((labels) => Labels.set(Labels.make(labels), "copy", labels.A))
      )
    })))

  it.effect("makes dotted labels, and none that no server would take", () =>
    counted(Effect.gen(function*() {
      const { kept, receiver } = keeping()
      const relabelling = yield* Relabelling.make({
        rules: [
          { targetLabel: "otel.scope.name", replacement: "x" },
          { sourceLabels: ["path"], targetLabel: "$1", replacement: "x" }
        ]
      }, receiver)
      yield* relabelling.push(series({ __name__: "cpu", path: "/a" }))
      assert.deepStrictEqual(Object.fromEntries(kept[0]!.labels), {
        __name__: "cpu",
        "otel.scope.name": "x",
        path: "/a"
      })
    })))

  it.effect("says what is wrong with its options", () =>
    counted(Effect.gen(function*() {
      const message = (options: Relabelling.Options) =>
        Effect.map(Effect.flip(Relabelling.make(options, keeping().receiver)), ({ message }) => message)
      assert.strictEqual(
        yield* message({ rules: [], maxCacheSize: 0 }),
        "relabelling: maxCacheSize must be at least 1"
      )
      assert.strictEqual(
        yield* message({ rules: [{ regex: "(" }] }),
        "error parsing regexp: missing closing ): `^(?s:()$`"
      )
    })))

  it.effect.prop(
    "without rules nothing is other than before",
    [Profiles.series, Profiles.ingest],
    (profiles) =>
      counted(Effect.gen(function*() {
        const { kept, receiver } = keeping()
        const relabelling = yield* Relabelling.make({ rules: [] }, receiver)
        for (const profile of profiles) {
          yield* relabelling.push(profile)
          assert.strictEqual(kept.at(-1), profile)
        }
      }))
  )

  describe("of what comes on /ingest", () => {
    const sentOn = (name: string, query: string, ...rules: ReadonlyArray<Relabel.Options>) =>
      counted(Effect.gen(function*() {
        const { kept, receiver } = keeping()
        const relabelling = yield* Relabelling.make({ rules }, receiver)
        const request = { query: `${query}&name=${encodeURIComponent(name)}`, contentType: "text/plain" }
        const received = Result.getOrThrow(Ingest.receive(request, 0n))
        const body = new Uint8Array([1])
        yield* relabelling.push(Profile.ingest({ ...received, contentType: "text/plain", body }))
        const outbound = Outbound.make(kept[0]!, { region: "eu" })
        assert.strictEqual(outbound.body, body)
        assert.strictEqual(outbound.headers["content-type"], "text/plain")
        return new URLSearchParams(outbound.path.slice(outbound.path.indexOf("?"))).get("name")
      }))

    const till: Relabel.Options = { targetLabel: "service_name", replacement: "till" }
    const rows: ReadonlyArray<readonly [string, string, string, ReadonlyArray<Relabel.Options>, string]> = [
      [
        "another service, of a text",
        "shop.alloc_space{a=1}",
        "",
        [till],
        "shop.alloc_space{a=1,region=eu,service_name=till}"
      ],
      ["another service, of pprof", "shop", "format=pprof", [till], "shop{region=eu,service_name=till}"],
      [
        "another service than the one given",
        "shop.wall{service_name=checkout}",
        "",
        [toUpper],
        "shop.wall{region=eu,service_name=CHECKOUT}"
      ],
      [
        "another name, and the type stays",
        "shop.wall",
        "",
        [{ targetLabel: "__name__", replacement: "till" }],
        "till.wall{region=eu,service_name=shop}"
      ],
      [
        "a label less, and one more",
        "shop.wall{pod=x}",
        "",
        [{ sourceLabels: ["pod"], targetLabel: "host" }, { action: "labeldrop", regex: "pod" }],
        "shop.wall{host=x,region=eu}"
      ],
      ["no other labels", "shop.wall{pod=x}", "", [dropTests], "shop.wall{pod=x,region=eu}"]
    ]
    for (const [title, name, query, rules, expected] of rows) {
      it.effect(title, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* sentOn(name, query, ...rules), expected)
        }))
    }
  })
})
