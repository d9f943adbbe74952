import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Enrichment from "../../src/delivery/Enrichment.ts"
import * as FanOut from "../../src/delivery/FanOut.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"

const sample = { id: "", profile: new Uint8Array(3) }
const series = (labels: Labels.Overrides) => Profile.series(Labels.make(labels), [sample])

const targets = [
  { ip: "10.0.0.1", pod: "old" },
  { ip: "10.0.0.1", pod: "shop-1", node: "n1", __meta_zone: "b" },
  { pod: "no-ip", node: "n2" },
  { ip: "10.0.0.2", pod: "till-1" }
].map(Labels.make)

const enrich = (options: Omit<Enrichment.Options, "targets">, profile: Profile.Profile) =>
  Effect.gen(function*() {
    const kept: Array<Profile.Profile> = []
    const behind = Receiver.make((profile) => Effect.as(Effect.sync(() => kept.push(profile)), Receipt.none))
    yield* Enrichment.make({ ...options, targets }, behind).push(profile)
    assert.strictEqual(kept.length, 1)
    return kept[0]!
  })

const byIp = { targetMatchLabel: "ip" }

describe("Enrichment", () => {
  it.effect("copies all labels of the last target with that value, over those of the profile", () =>
    Effect.gen(function*() {
      const { labels } = yield* enrich(byIp, series({ __name__: "cpu", ip: "10.0.0.1", pod: "mine", a: "1" }))
      assert.deepStrictEqual(Object.fromEntries(labels), {
        __meta_zone: "b",
        __name__: "cpu",
        a: "1",
        ip: "10.0.0.1",
        node: "n1",
        pod: "shop-1"
      })
    }))

  it.effect("copies the labels that it is told to, those that the target has", () =>
    Effect.gen(function*() {
      const options = { ...byIp, profilesMatchLabel: "host", labelsToCopy: ["pod", "node"] }
      const { labels } = yield* enrich(options, series({ __name__: "cpu", host: "10.0.0.2", node: "mine" }))
      assert.deepStrictEqual(Object.fromEntries(labels), {
        __name__: "cpu",
        host: "10.0.0.2",
        node: "mine",
        pod: "till-1"
      })
    }))

  it.effect("copies no label that would cost the profile", () =>
    Effect.gen(function*() {
      const kept: Array<Profile.Profile> = []
      const behind = Receiver.make((profile) => Effect.as(Effect.sync(() => kept.push(profile)), Receipt.none))
      const targets = [Labels.make({ ip: "10.0.0.1", "k8s/app": "shop", "k8s.pod": "shop-1", bytes: "\udcff" })]
      for (const labelsToCopy of [[], ["k8s/app", "k8s.pod"]]) {
        yield* Enrichment.make({ ...byIp, labelsToCopy, targets }, behind).push(series({ ip: "10.0.0.1" }))
      }
      for (const { labels } of kept) {
        assert.deepStrictEqual(Object.fromEntries(labels), { ip: "10.0.0.1", "k8s.pod": "shop-1" })
      }
      assert.strictEqual(kept.length, 2)
    }))

  it.effect("passes on what matches no target as it is", () =>
    Effect.gen(function*() {
      for (const labels of [{ ip: "10.0.0.3" }, { pod: "no-ip" }, {}]) {
        const profile = series({ __name__: "cpu", ...labels })
        assert.strictEqual(yield* enrich(byIp, profile), profile)
      }
    }))

  it.effect("keeps the name that the sender of an /ingest has given", () =>
    Effect.gen(function*() {
      const labels = Labels.make({ __name__: "shop.wall", ip: "10.0.0.2", service_name: "shop" })
      const given = Labels.make({ __name__: "shop.wall", ip: "10.0.0.2" })
      const rest = { query: "", contentType: undefined, body: new Uint8Array(1) }
      for (const [before, after] of [[{ given }, given], [{}, labels]] as const) {
        const enriched = yield* enrich(byIp, Profile.ingest({ labels, ...before, ...rest }))
        assert.deepStrictEqual(
          enriched,
          Profile.ingest({ labels: Labels.set(labels, "pod", "till-1"), given: after, ...rest })
        )
      }
    }))

  it("checks what would go out", () => {
    const { check } = Enrichment.make(
      { ...byIp, targets: [Labels.make({ ip: "10.0.0.1", __name__: "cpu" })] },
      FanOut.make({ externalLabels: {} }, [])
    )
    assert.isUndefined(check(series({ ip: "10.0.0.1" })))
    assert.strictEqual(check(series({ ip: "10.0.0.2" }))?.reason._tag, "InvalidLabels")
  })
})
