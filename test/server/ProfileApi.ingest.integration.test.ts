import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Zlib from "node:zlib"
import { send } from "./client.ts"
import { requests } from "./ingest.ts"
import { listening } from "./profileApi.ts"

/** What the one profile that was accepted is of, for a name. */
const named = (name: string) =>
  Effect.gen(function*() {
    const { accepted, url } = yield* listening()
    const { body, status } = yield* send(`${url}/ingest?name=${encodeURIComponent(name)}`, { body: "a 1" })
    return status === 200 ? Object.fromEntries(accepted[0]!.labels) : `${status} ${JSON.parse(body).message}`
  }).pipe(Effect.scoped)

describe("ProfileApi, /ingest", () => {
  it.live("takes every format as it is, with its query and its type", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const { body, contentType, format, query } of requests) {
        const sent = `name=app&${query}`
        const answer = yield* send(`${url}/ingest?${sent}`, {
          headers: contentType === undefined ? {} : { "content-type": contentType },
          body
        })
        assert.deepStrictEqual([answer.status, answer.body, answer.headers["content-length"]], [200, "", "0"], format)
        const [profile] = accepted.splice(0)
        assert(profile?._tag === "Ingest")
        assert.strictEqual(profile.query, sent, format)
        assert.strictEqual(profile.contentType, contentType, format)
        assert.strictEqual(Buffer.compare(profile.body, body), 0, format)
      }
    }))

  it.live("does not look into a body, whatever is said of its encoding", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const body of [Zlib.gzipSync("a 1"), Buffer.from("no gzip"), Buffer.alloc(0)]) {
        const answer = yield* send(`${url}/ingest?name=app`, { headers: { "content-encoding": "gzip" }, body })
        assert.strictEqual(answer.status, 200)
        const [profile] = accepted.splice(0)
        assert(profile?._tag === "Ingest")
        assert.strictEqual(Buffer.compare(profile.body, body), 0)
      }
    }))

  it.live("takes a body in chunks, without a length", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      const body = ["a;b 1\n", "a;c 2\n", "d 3\n"].map((line) => Buffer.from(line))
      assert.strictEqual((yield* send(`${url}/ingest?name=app`, { body })).status, 200)
      assert(accepted[0]?._tag === "Ingest")
      assert.strictEqual(Buffer.from(accepted[0].body).toString(), "a;b 1\na;c 2\nd 3\n")
    }))

  it.live("names the service after the application, unless the sender has named it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* named("shop"), { __name__: "shop", service_name: "shop" })
      assert.deepStrictEqual(yield* named(" shop.cpu { region = eu-1 , host=a}"), {
        __name__: "shop.cpu",
        host: "a",
        region: "eu-1",
        service_name: "shop.cpu"
      })
      assert.deepStrictEqual(yield* named("shop{service_name=checkout}"), {
        __name__: "shop",
        app_name: "shop",
        service_name: "checkout"
      })
      assert.deepStrictEqual(yield* named("shop{__name__=,service_name=checkout}"), { service_name: "checkout" })
    }))

  it.live("refuses names that are none", () =>
    Effect.gen(function*() {
      const required = "400 name: service name is required"
      assert.strictEqual(yield* named(""), required)
      assert.strictEqual(yield* named("{a=b}"), required)
      assert.strictEqual(yield* named("shop{__name__=}"), required)
      assert.strictEqual(yield* named("shop{__name__=,region=north}"), required)
      assert.strictEqual(
        yield* named("my shop"),
        "400 name: invalid service name: my shop: character is not allowed: ' '"
      )
      assert.strictEqual(
        yield* named("shop{a-b=c}"),
        "400 name: invalid label name: a-b: character is not allowed: '-'"
      )
      assert.strictEqual(yield* named("shop{=c}"), "400 name: label name is required")
    }))

  it.live("refuses in JSON what is wrong, and goes on", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening({ maxBytes: 1000 })
      const ingest = `${url}/ingest?name=app`
      const large = Buffer.alloc(1001)
      const refusals = [
        [send(`${url}/ingest`, { body: "a 1" }), 400, "invalid_argument", "name: service name is required"],
        [send(`${url}/ingest?name=%ff`, { body: "a 1" }), 400, "invalid_argument", undefined],
        [send(ingest, { method: "GET" }), 405, "unimplemented", "GET is not allowed, use POST"],
        [send(ingest, { method: "PUT", body: "a 1" }), 405, "unimplemented", "PUT is not allowed, use POST"],
        [send(`${url}/pyroscope`, { body: "a 1" }), 404, "not_found", "not found"],
        [
          send(ingest, { body: large }),
          413,
          "invalid_argument",
          "the body is larger than the 1000 bytes that are taken"
        ],
        [
          send(ingest, { body: [large, large] }),
          413,
          "invalid_argument",
          "the body is larger than the 1000 bytes that are taken"
        ]
      ] as const
      for (const [request, status, code, message] of refusals) {
        const answer = yield* request
        const error = JSON.parse(answer.body)
        assert.deepStrictEqual([answer.status, error.code], [status, code])
        if (message !== undefined) assert.strictEqual(error.message, message)
        assert.strictEqual(answer.headers["content-type"], "application/json")
        assert.strictEqual(answer.headers.allow, status === 405 ? "POST" : undefined)
        assert.strictEqual((yield* send(ingest, { body: Buffer.alloc(1000) })).status, 200)
      }
      assert.strictEqual(accepted.length, refusals.length)
    }))
})
