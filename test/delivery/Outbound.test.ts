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
