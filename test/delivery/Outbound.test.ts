import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Outbound from "../../src/delivery/Outbound.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Profiles from "../../src/testing/Profiles.ts"
import * as PushV1 from "../../src/wire/PushV1.ts"

const labels = Labels.make({ __name__: "process_cpu", service_name: "checkout", __secret: "1", pod: "a" })

describe("Outbound", () => {
  it("a series is a push request, with its labels merged", () => {
    const samples = [{ id: "1", profile: Uint8Array.of(1, 2, 3) }, { id: "", profile: Uint8Array.of(4) }]
    const outbound = Outbound.make(Profile.series(labels, samples), { region: "eu-1", pod: "" })
    assert.strictEqual(outbound.kind, "push")
    assert.strictEqual(outbound.path, "/push.v1.PusherService/Push")
    assert.deepStrictEqual(outbound.headers, {
      "content-type": "application/proto",
      "connect-protocol-version": "1"
    })
    assert.deepStrictEqual(Result.getOrThrow(PushV1.decode(outbound.body)), [{
      labels: [["__name__", "process_cpu"], ["region", "eu-1"], ["service_name", "checkout"]],
      samples
    }])
    assert.deepStrictEqual([outbound.profiles, outbound.profileBytes], [2, 4])
  })

  it("an ingest request keeps its body, its type and its query, but for the name", () => {
    const body = Uint8Array.of(1, 2, 3)
    const outbound = Outbound.make(
      Profile.ingest({
        labels,
        query: "name=old&format=jfr&from=7",
        contentType: "multipart/form-data; boundary=x",
        body
      }),
      { region: "eu-1" }
    )
    assert.strictEqual(outbound.kind, "ingest")
    assert.strictEqual(outbound.body, body)
    assert.deepStrictEqual(outbound.headers, { "content-type": "multipart/form-data; boundary=x" })
    const url = new URL(outbound.path, "http://pyroscope.example")
    assert.strictEqual(url.pathname, "/ingest")
    assert.deepStrictEqual([...url.searchParams], [
      ["format", "jfr"],
      ["from", "7"],
      ["name", "process_cpu{pod=a,region=eu-1,service_name=checkout}"]
    ])
    assert.deepStrictEqual([outbound.profiles, outbound.profileBytes], [1, 3])
  })

  it("an ingest request without a type is sent without one", () => {
    const body = new Uint8Array(0)
    const outbound = Outbound.make(Profile.ingest({ labels, query: "", contentType: undefined, body }), {})
    assert.deepStrictEqual(outbound.headers, {})
  })

  describe("check", () => {
    const samples = [{ id: "", profile: Uint8Array.of(1) }]

    const mistake = (profile: Profile.Profile, external: Labels.Overrides = {}) =>
      Outbound.check(profile, external)?.reason.message

    const series = (labels: Labels.Overrides, external?: Labels.Overrides) =>
      mistake(Profile.series(Labels.make(labels), samples), external)

    const ingest = (labels: Labels.Overrides, external?: Labels.Overrides) => {
      const body = new Uint8Array(0)
      return mistake(Profile.ingest({ labels: Labels.make(labels), query: "", contentType: undefined, body }), external)
    }

    it("requires the type of a series, as it is with external labels", () => {
      const missing = "invalid labels in profile: __name__ is required"
      assert.strictEqual(series({ service_name: "shop" }), missing)
      assert.strictEqual(series({ __foo: "x" }), missing)
      assert.strictEqual(series({}), missing)
      assert.strictEqual(series({ __name__: "memory" }, { __name__: "" }), missing)
      assert.isUndefined(series({ __name__: "memory" }))
      assert.isUndefined(series({ service_name: "shop" }, { __name__: "memory" }))
      assert.isUndefined(series({ __foo: "x" }, { __name__: "memory" }))
    })

    it("requires a name in front of an ingest request", () => {
      const missing = "invalid labels in profile: service name is required"
      assert.strictEqual(ingest({ pod: "a" }), missing)
      assert.strictEqual(ingest({ __name__: " " }), missing)
      assert.strictEqual(
        ingest({ __name__: "shop", service_name: "shop" }, { __name__: "", service_name: "" }),
        missing
      )
      assert.isUndefined(ingest({ __name__: "shop" }))
      assert.isUndefined(ingest({ __name__: "shop", service_name: "shop" }, { __name__: "" }))
      assert.isUndefined(ingest({ pod: "a" }, { __name__: "shop" }))
    })

    it("looks at the labels that go out", () => {
      const invalid = "invalid labels in profile: invalid label name: a-b: character is not allowed: '-'"
      assert.strictEqual(series({ __name__: "memory", "a-b": "x" }), invalid)
      assert.strictEqual(series({ __name__: "memory" }, { "a-b": "x" }), invalid)
      assert.strictEqual(ingest({ __name__: "shop", "a-b": "x" }), invalid)
      assert.isUndefined(series({ __name__: "memory", "a-b": "x" }, { "a-b": "" }))
    })

    it("requires profiles in a series, of which none is empty", () => {
      const empty = { id: "", profile: new Uint8Array(0) }
      for (const none of [[], [empty], [...samples, empty]]) {
        assert.strictEqual(mistake(Profile.series(labels, none)), "the profile is empty")
      }
    })

    it.prop(
      "finds nothing wrong with what every server takes",
      [Profiles.series, Profiles.ingest],
      ([series, ingest]) => {
        assert.isUndefined(mistake(series))
        assert.isUndefined(mistake(ingest))
      }
    )
  })

  it.prop("no byte of a profile is changed on the way", [Profiles.series], ([series]) => {
    const outbound = Outbound.make(series, {})
    const [sent] = Result.getOrThrow(PushV1.decode(outbound.body))
    assert.deepStrictEqual(
      sent!.samples.map(({ profile }) => Uint8Array.from(profile)),
      series.samples.map(({ profile }) => profile)
    )
    assert.strictEqual(outbound.profileBytes, Profile.byteLength(series))
  })
})
