import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Http from "node:http"
import * as Zlib from "node:zlib"
import * as Outbound from "../../src/delivery/Outbound.ts"
import { EmptyProfile, InvalidLabels, QueueFull, Refused, Stopped } from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import { send } from "./client.ts"
import { json, jsonRequest, jsonSeries, labels, listening, profile, proto, pushPath, request } from "./profileApi.ts"

/** A series in plain words. */
const shown = (profile: Profile.Profile) => {
  assert(profile._tag === "Series")
  return {
    labels: Object.fromEntries(profile.labels),
    samples: profile.samples.map(({ id, profile }) => ({ id, profile: Buffer.from(profile).toString("hex") }))
  }
}

const expected = { labels, samples: [{ id: "an id", profile: Buffer.from(profile).toString("hex") }] }

const keepingAlive = Effect.acquireRelease(
  Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 1 })),
  (agent) => Effect.sync(() => agent.destroy())
)

const bodies: ReadonlyArray<readonly [type: string, body: string | Uint8Array, answer: string]> = [
  ["application/proto", request(), ""],
  ["application/json", jsonRequest([jsonSeries(labels)]), "{}"],
  ["Application/JSON ; charset=utf-8", jsonRequest([jsonSeries(labels)]), "{}"]
]

const refusals = [
  {
    name: "bytes that are no message",
    headers: proto,
    body: "garbage",
    status: 400,
    message: /^malformed PushRequest: .+ \(byte \d+\)$/
  },
  { name: "text that is no JSON", headers: json, body: "{", status: 400, message: /^malformed PushRequest: not JSON/ },
  {
    name: "JSON of another shape",
    headers: json,
    body: "{\"series\":[{\"labels\":5}]}",
    status: 400,
    message: /^malformed PushRequest: .+series\.0\.labels/
  },
  { name: "an empty message", headers: proto, body: "", status: 400, message: "no profiles received" },
  {
    name: "nothing that is said to be gzip",
    headers: { ...proto, "content-encoding": "gzip" },
    body: "",
    status: 400,
    message: "no profiles received"
  },
  { name: "an empty text", headers: json, body: "", status: 400, message: /not JSON/ },
  { name: "no series", headers: json, body: "{}", status: 400, message: "no profiles received" },
  {
    name: "a series without samples",
    headers: json,
    body: jsonRequest([jsonSeries(labels), { labels: [{ name: "__name__", value: "memory" }], samples: [] }]),
    status: 400,
    message: "no profiles received"
  },
  {
    name: "no labels",
    headers: json,
    body: jsonRequest([jsonSeries({})]),
    status: 400,
    message: "invalid labels in profile: service name is required"
  },
  {
    name: "a label twice",
    headers: json,
    body: jsonRequest([{ ...jsonSeries({}), labels: [{ name: "a", value: "1" }, { name: "a", value: "1" }] }]),
    status: 400,
    message: "invalid labels in profile: duplicate label name: a"
  },
  {
    name: "a label without a name",
    headers: json,
    body: jsonRequest([jsonSeries({ ...labels, "": "1" })]),
    status: 400,
    message: "invalid labels in profile: label name is required"
  },
  {
    name: "another version of the protocol",
    headers: { ...proto, "connect-protocol-version": "2" },
    body: request(),
    status: 400,
    message: "connect-protocol-version must be \"1\": got \"2\""
  },
  {
    name: "a timeout that is none",
    headers: { ...proto, "connect-timeout-ms": "10s" },
    body: request(),
    status: 400,
    message: "connect-timeout-ms must be at most ten digits: got \"10s\""
  },
  {
    name: "what is said to be gzip and is not",
    headers: { ...proto, "content-encoding": "gzip" },
    body: request(),
    status: 400,
    message: /^malformed gzip: /
  },
  {
    name: "gzip that is cut off",
    headers: { ...proto, "content-encoding": "gzip" },
    body: Zlib.gzipSync(request()).subarray(0, -9),
    status: 400,
    message: /^malformed gzip: /
  },
  {
    name: "a compression nobody speaks of",
    headers: { ...proto, "content-encoding": "br" },
    body: Zlib.brotliCompressSync(request()),
    status: 501,
    code: "unimplemented",
    message: "unknown compression \"br\": supported encodings are gzip"
  },
  {
    name: "another content type",
    headers: { "content-type": "application/x-protobuf" },
    body: request(),
    status: 415,
    message: "unsupported content type \"application/x-protobuf\", use one of application/proto, application/json",
    answered: { "accept-post": "application/proto, application/json" }
  },
  {
    name: "a stream",
    headers: { "content-type": "application/connect+proto" },
    body: request(),
    status: 415,
    message: /^unsupported content type/,
    answered: { "accept-post": "application/proto, application/json" }
  },
  {
    name: "no content type",
    headers: {},
    body: request(),
    status: 415,
    message: /^unsupported content type ""/,
    answered: { "accept-post": "application/proto, application/json" }
  },
  {
    name: "another method",
    method: "GET",
    headers: proto,
    status: 405,
    code: "unimplemented",
    message: "GET is not allowed, use POST",
    answered: { allow: "POST" }
  },
  {
    name: "another method with a body",
    method: "PUT",
    headers: proto,
    body: request(),
    status: 405,
    code: "unimplemented",
    message: "PUT is not allowed, use POST",
    answered: { allow: "POST" }
  },
  {
    name: "another path",
    path: "/push.v1.PusherService/Pull",
    headers: proto,
    body: request(),
    status: 404,
    code: "not_found",
    message: "not found"
  },
  {
    name: "a body over the limit",
    headers: proto,
    body: request(new Uint8Array(20_000)),
    status: 413,
    message: "the body is larger than the 10000 bytes that are taken"
  },
  {
    name: "a body over the limit that has not said so",
    headers: proto,
    body: Array.from({ length: 20 }, () => request(new Uint8Array(1000))),
    status: 413,
    message: "the body is larger than the 10000 bytes that are taken"
  },
  {
    name: "a body over the limit when decompressed",
    headers: { ...proto, "content-encoding": "gzip" },
    body: Zlib.gzipSync(request(new Uint8Array(20_000))),
    status: 413,
    message: "larger than 10000 bytes when decompressed"
  }
]

describe("ProfileApi, Push", () => {
  it.live("takes protobuf and JSON, gzip or not, with and without a protocol version", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening()
      for (const [type, body, answer] of bodies) {
        for (const version of [{}, { "connect-protocol-version": "1", "connect-timeout-ms": "10000" }]) {
          for (const encoding of ["none", "", "identity", "gzip"]) {
            const { body: text, headers, status } = yield* send(push, {
              headers: {
                "content-type": type,
                ...version,
                ...(encoding === "none" ? {} : { "content-encoding": encoding })
              },
              body: encoding === "gzip" ? Zlib.gzipSync(body) : body
            })
            assert.deepStrictEqual([status, text], [200, answer])
            assert.strictEqual(headers["content-type"], type.split(" ;")[0]!.toLowerCase())
            assert.strictEqual(headers["content-length"], String(answer.length))
            assert.deepStrictEqual(accepted.splice(0).map(shown), [expected])
          }
        }
      }
    }))

  it.live("takes a body in chunks, without a length", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening()
      const body = Array.from(request(), (byte) => Uint8Array.of(byte))
      assert.strictEqual((yield* send(push, { headers: proto, body })).status, 200)
      assert.deepStrictEqual(accepted.map(shown), [expected])
    }))

  it.live("takes a path with too many slashes, and any query", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const path of [`/${pushPath}`, `${pushPath}?x=1`, "/push.v1.PusherService//Push"]) {
        assert.strictEqual((yield* send(url + path, { headers: proto, body: request() })).status, 200)
      }
      assert.strictEqual(accepted.length, 3)
    }))

  it.live("hands over each series by itself, adds no label, and leaves what they may be called to what goes out", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening()
      const all = [{ __name__: "memory" }, { service_name: "a" }, { __name__: "wall", "k8s/app": "b", empty: "" }]
      const body = jsonRequest(all.map((labels) => jsonSeries(labels)))
      assert.strictEqual((yield* send(push, { headers: json, body })).status, 200)
      assert.deepStrictEqual(accepted.map((profile) => Object.fromEntries(profile.labels)), [
        { __name__: "memory" },
        { service_name: "a" },
        { __name__: "wall", "k8s/app": "b" }
      ])
    }))

  it.live("hands over nothing of a request of which something is wrong", () =>
    Effect.gen(function*() {
      const { accepted, push } = yield* listening({ check: (profile) => Outbound.check(profile, {}) })
      const bad = [
        jsonSeries({ ...labels, "a-b": "1" }),
        jsonSeries({ service_name: "shop" }),
        jsonSeries({ __foo: "x" }),
        jsonSeries(labels, new Uint8Array(0))
      ]
      for (const series of bad) {
        const body = jsonRequest([jsonSeries(labels), series])
        assert.strictEqual((yield* send(push, { headers: json, body })).status, 400)
      }
      assert.deepStrictEqual(accepted, [])
      const body = jsonRequest([jsonSeries(labels), jsonSeries(labels)])
      assert.strictEqual((yield* send(push, { headers: json, body })).status, 200)
      assert.strictEqual(accepted.length, 2)
    }))

  it.live("refuses in Connect's JSON what is wrong, and goes on with the same connection", () =>
    Effect.gen(function*() {
      const { accepted, push, url } = yield* listening({ maxBytes: 10_000 })
      const agent = yield* keepingAlive
      const { port } = yield* send(push, { headers: proto, body: request(), agent })
      for (const { answered = {}, body = "", code = "invalid_argument", ...refusal } of refusals) {
        const { name, headers, message, method = "POST", path = pushPath, status } = refusal
        const answer = yield* send(url + path, { method, headers, body, agent })
        assert.strictEqual(answer.status, status, name)
        assert.include(answer.headers, { "content-type": "application/json", ...answered }, name)
        const error = JSON.parse(answer.body)
        assert.deepStrictEqual(Object.keys(error), ["code", "message"], name)
        assert.strictEqual(error.code, code, name)
        if (typeof message === "string") assert.strictEqual(error.message, message, name)
        else assert.match(error.message, message, name)
        const next = yield* send(push, { headers: proto, body: request(), agent })
        assert.deepStrictEqual([next.status, next.port], [200, port], name)
      }
      assert.strictEqual(accepted.length, refusals.length + 1)
    }))

  it.live("says who may come again, and when", () =>
    Effect.gen(function*() {
      const full = new QueueFull({ endpoint: "http://down", retryAfter: Duration.millis(4100) })
      const labelsOf = Labels.fromPairs([])
      assert(labelsOf._tag === "Failure")
      const reasons = [
        [full, 429, "resource_exhausted", "5", "a queue is full, retry after 4s 100ms"],
        [new EmptyProfile(), 400, "invalid_argument", undefined, "the profile is empty"],
        [new Stopped(), 503, "unavailable", "1", "shutting down"],
        [
          new InvalidLabels({ cause: labelsOf.failure }),
          400,
          "invalid_argument",
          undefined,
          "invalid labels in profile: service name is required"
        ]
      ] as const
      for (const [reason, status, code, retryAfter, message] of reasons) {
        const { push, url } = yield* listening({ accept: () => new Refused({ reason }) })
        for (const target of [push, `${url}/ingest?name=app`]) {
          const answer = yield* send(target, { headers: proto, body: request() })
          assert.strictEqual(answer.status, status)
          assert.strictEqual(answer.headers["retry-after"], retryAfter)
          assert.deepStrictEqual(JSON.parse(answer.body), { code, message })
        }
      }
    }))
})
