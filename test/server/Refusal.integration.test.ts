import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { Refused, Stopped } from "../../src/delivery/Receiver.ts"
import { reasons } from "../../src/server/Refusal.ts"
import { ownRegistry } from "../delivery/observations.ts"
import { converse, send } from "./client.ts"
import { json, jsonRequest, jsonSeries, listening, proto, request } from "./profileApi.ts"

/** How many were refused, by the reason. */
const refusals = Effect.map(
  Metric.snapshot,
  (all) =>
    Object.fromEntries(
      all.flatMap(({ attributes, id, state }) =>
        id === "pyroscope_receive_http_refused_requests_total" && "count" in state
          ? [[String((attributes as Record<string, string>)["reason"]), Number(state.count)]]
          : []
      )
    )
)

describe("a refusal", () => {
  it.live("is counted by its reason, whoever refuses", () =>
    Effect.gen(function*() {
      const { port, push, url } = yield* listening({
        maxBytes: 10_000,
        accept: () => new Refused({ reason: new Stopped() }),
        listener: { connections: 1 }
      })
      const none = yield* refusals
      assert.deepStrictEqual(none, Object.fromEntries(reasons.map((reason) => [reason, 0])))
      yield* send(`${url}/elsewhere`)
      yield* send(push, { method: "GET" })
      yield* send(push, { headers: { "content-type": "text/plain" } })
      yield* send(push, { headers: { ...proto, "content-encoding": "br" }, body: request() })
      yield* send(push, { headers: proto, body: "no protobuf" })
      yield* send(push, { headers: json, body: jsonRequest([]) })
      yield* send(push, { headers: json, body: jsonRequest([jsonSeries({ "": "nameless" })]) })
      yield* send(push, { headers: proto, body: new Uint8Array(10_001) })
      yield* send(push, { headers: proto, body: request() })
      const garbage = yield* converse(port)
      garbage.write(Uint8Array.of(22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3))
      yield* garbage.heard(/400 Bad Request.*it begins as TLS does/s)
      // It is open, and so there are as many as there may be.
      const another = yield* converse(port)
      yield* another.closed
      assert.deepStrictEqual(yield* refusals, {
        ...none,
        not_found: 1,
        method: 1,
        content_type: 1,
        encoding: 1,
        malformed: 2,
        empty: 1,
        labels: 1,
        too_large: 1,
        shutdown: 1,
        connections: 1
      })
    }).pipe(ownRegistry))
})
