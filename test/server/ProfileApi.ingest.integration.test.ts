import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Zlib from "node:zlib"
import { converse, send } from "./client.ts"
import { requests } from "./ingest.ts"
import { listening } from "./profileApi.ts"

/** What the one profile that was accepted is of, for a name. */
const named = (name: string) =>
  Effect.gen(function*() {
    const { accepted, url } = yield* listening()
    const { body, status } = yield* send(`${url}/ingest?name=${encodeURIComponent(name)}`, { body: "a 1" })
    return status === 200 ? Object.fromEntries(accepted[0]!.labels) : `${status} ${JSON.parse(body).message}`
  }).pipe(Effect.scoped)

/** The status of a request whose head is written as it is. */
const raw = (port: number, query: string | Uint8Array, headers = "") =>
  Effect.gen(function*() {
    const { heard, write } = yield* converse(port)
    write("POST /ingest?")
    write(query)
    write(` HTTP/1.1\r\nHost: a\r\n${headers}Content-Length: 3\r\n\r\na 1`)
    return Number((yield* heard(/\r\n\r\n/)).split(" ")[1])
  }).pipe(Effect.scoped)

describe("ProfileApi, /ingest", () => {
  it.live("takes every format as it is, with its query and its type", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const { body, contentType, format, query } of requests) {
        const sent = `name=app&from=1&until=2&${query}`
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

  it.live("takes a body that is said to be gzip where servers find that out by themselves, and as it is", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const body of [Zlib.gzipSync("a 1"), Buffer.from("no gzip"), Buffer.alloc(0)]) {
        const pprof = `${url}/ingest?name=app&format=pprof`
        for (const encoding of ["gzip", "GZIP", "identity", ""]) {
          assert.strictEqual((yield* send(pprof, { headers: { "content-encoding": encoding }, body })).status, 200)
          const [profile] = accepted.splice(0)
          assert(profile?._tag === "Ingest")
          assert.strictEqual(Buffer.compare(profile.body, body), 0)
        }
      }
    }))

  it.live("refuses an encoding that servers would take for a part of the profile", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      const body = Zlib.gzipSync("a 1")
      for (
        const [encoding, query, contentType] of [
          ["gzip", "", "text/plain"],
          ["gzip", "format=folded", "text/plain"],
          ["gzip", "format=jfr", "application/octet-stream"],
          ["gzip", "", "multipart/form-data; boundary=x"],
          ["br", "format=pprof", "application/octet-stream"],
          ["gzip, gzip", "format=pprof", "application/octet-stream"]
        ] as const
      ) {
        const headers = { "content-encoding": encoding, "content-type": contentType }
        const answer = yield* send(`${url}/ingest?name=app&${query}`, { headers, body })
        assert.strictEqual(answer.status, 415, query)
        assert.strictEqual(answer.headers["accept-encoding"], "identity")
        assert.deepStrictEqual(JSON.parse(answer.body), {
          code: "invalid_argument",
          message: `unsupported content encoding "${encoding}": servers do not decompress this format`
        })
      }
      assert.deepStrictEqual(accepted, [])
      for (const encoding of ["identity", ""]) {
        const headers = { "content-encoding": encoding }
        assert.strictEqual((yield* send(`${url}/ingest?name=app`, { headers, body: "a 1" })).status, 200)
      }
    }))

  it.live("takes the first of several content types, as servers do", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      const headers = "Content-Type: text/plain\r\nContent-Type: multipart/form-data; boundary=x\r\n"
      assert.strictEqual(yield* raw(port, "name=app", headers), 200)
      assert(accepted[0]?._tag === "Ingest")
      assert.strictEqual(accepted[0].contentType, "text/plain")
    }))

  it.live("is at the path of a server's own prefix too", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      for (const path of ["/ingest", "//ingest", "/pyroscope/ingest", "/pyroscope//ingest"]) {
        assert.strictEqual((yield* send(`${url}${path}?name=app`, { body: "a 1" })).status, 200, path)
      }
      assert.strictEqual(accepted.length, 4)
    }))

  it.live("gives the time at which it came to what has none", () =>
    Effect.gen(function*() {
      const { accepted, url } = yield* listening()
      const before = Date.now()
      yield* send(`${url}/ingest?name=app&until=7`, { body: "a 1" })
      const after = Date.now()
      assert(accepted[0]?._tag === "Ingest")
      const query = new URLSearchParams(accepted[0].query)
      assert.match(query.get("from")!, /^\d{19}$/)
      assert.isAtLeast(Number(query.get("from")) / 1e6, before - 1)
      assert.isAtMost(Number(query.get("from")) / 1e6, after + 1)
      assert.strictEqual(query.get("until"), "7")
    }))

  it.live("refuses what is no UTF-8, in any parameter", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* listening()
      assert.strictEqual(yield* raw(port, "name=app%7Bpod%3D%C3%A9%7D"), 200)
      assert.strictEqual(accepted.pop()!.labels.get("pod"), "é")
      for (const query of ["name=app{pod=%FF}", "name=app&spyName=%E9", "name=app&%C3=x", "name=app{pod=\xff}"]) {
        assert.strictEqual(yield* raw(port, Buffer.from(query, "latin1")), 400, query)
      }
      assert.deepStrictEqual(accepted, [])
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
        service_name: "shop"
      })
      assert.deepStrictEqual(yield* named("shop{service_name=checkout}"), {
        __name__: "shop",
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
