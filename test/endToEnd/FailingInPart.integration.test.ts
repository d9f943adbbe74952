import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Redacted } from "effect"
import * as Forward from "../../src/delivery/Forward.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Transport from "../../src/transport/Transport.ts"
import { makeBalancer } from "../support/balancer.ts"
import * as Certificates from "../support/certificates.ts"
import { startEngine } from "../support/engine.ts"
import * as Push from "../support/push.ts"
import { makeTarget } from "../support/target.ts"

const profileOf = (id: string): Profile.Profile =>
  Profile.series(Labels.make({ __name__: "process_cpu", service_name: "shop" }), [{ id, profile: Uint8Array.of(1) }])

const idsOf = (requests: ReadonlyArray<{ readonly body: Buffer; readonly status: number }>): ReadonlyArray<string> =>
  requests.flatMap(({ body }) => Push.decode(body).flatMap(({ samples }) => samples.map(({ id }) => id)))

const names = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `${index}`)

describe("an endpoint that fails in part", () => {
  for (const http2 of [false, true]) {
    it.live(`that is two servers behind a balancer, one of them sick, gets everything: HTTP/${http2 ? 2 : 1.1}`, () =>
      Effect.gen(function*() {
        const authority = yield* Effect.promise(() => Certificates.authority())
        const identity = yield* Effect.promise(() => Certificates.issue(authority))
        const options = http2 ? { identity, http2 } : {}
        const [sick, healthy] = [yield* makeTarget(options), yield* makeTarget(options)]
        sick.judge(() => ({ status: 503 }))
        const portOf = ({ url }: { readonly url: string }) => Number(new URL(url).port)
        const balancer = yield* makeBalancer(portOf(sick), portOf(healthy))
        const receiver = yield* Forward.make({
          endpoints: [{
            url: `${http2 ? "https" : "http"}://localhost:${balancer.port}`,
            tls: { ca: Material.inline(Redacted.make(authority.certificate)) },
            retry: { minBackoff: "50 millis" }
          }]
        })
        const receipts = yield* Effect.forEach(names(10), (id) => receiver.push(profileOf(id)))
        for (const { delivered } of receipts) yield* delivered
        assert.sameMembers([...idsOf(healthy.requests.all)], [...names(10)])
        // Each by its third attempt at the latest.
        const missed = idsOf(sick.requests.all)
        for (const id of names(10)) assert.isAtMost(missed.filter((other) => other === id).length, 2)
        assert.isAtLeast(missed.length, 1)
      }).pipe(Effect.provide([Transport.Transport.layer, Logger.layer([])])))
  }

  it.live("gets everything, though it answers 502 to one push in five", () =>
    Effect.gen(function*() {
      const [failing, other] = [yield* makeTarget(), yield* makeTarget()]
      let asked = 0
      failing.judge(() => ({ status: ++asked % 5 === 0 ? 502 : 200 }))
      const receiver = yield* Forward.make({
        endpoints: [{ url: failing.url, retry: { minBackoff: "10 millis" } }, { url: other.url }]
      })
      const receipts = yield* Effect.forEach(names(300), (id) => receiver.push(profileOf(id)))
      for (const { delivered } of receipts) yield* delivered
      assert.sameMembers([...idsOf(failing.requests.all.filter(({ status }) => status === 200))], [...names(300)])
      assert.sameMembers([...idsOf(other.requests.all)], [...names(300)])
      assert.isAtLeast(failing.requests.all.length, 360)
    }).pipe(Effect.provide([Transport.Transport.layer, Logger.layer([])])))

  it.live("is told from another with its URL in the metrics, though neither has a name", () =>
    Effect.gen(function*() {
      const target = yield* makeTarget()
      target.judge(({ headers }) => ({ status: headers["x-scope-orgid"] === "one" ? 503 : 200 }))
      const engine = yield* startEngine(`
        pyroscope.receive_http "sdk" {
          http {
            listen_address = "127.0.0.1"
            listen_port    = 0
          }
          forward_to = [pyroscope.write.out.receiver]
        }
        pyroscope.write "out" {
          endpoint {
            url     = "${target.url}"
            headers = { "X-Scope-OrgID" = "one" }
          }
          endpoint {
            url     = "${target.url}"
            headers = { "X-Scope-OrgID" = "two" }
          }
        }
      `)
      const url = yield* engine.listening("pyroscope.receive_http.sdk")
      for (const id of names(15)) assert.strictEqual((yield* Push.push(url, id, Uint8Array.of(1))).status, 200)
      yield* target.requests.until((all) => all.filter(({ status }) => status === 200).length === 15)
      const metrics = yield* Effect.promise(async () => (await fetch(`${engine.url}/metrics`)).text())
      const queued = [...metrics.matchAll(/^pyroscope_write_queue_profiles\{(.*)\} (\d+)$/gm)]
      assert.deepStrictEqual(
        queued.map(([, labels, count]) => [/name="([^"]*)"/.exec(labels!)?.[1], count]).sort(),
        [["1", "15"], ["2", "0"]]
      )
    }))
})
