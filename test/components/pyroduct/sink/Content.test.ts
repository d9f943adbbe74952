import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Content from "../../../../src/components/pyroduct/sink/Content.ts"
import * as Labels from "../../../../src/profile/Labels.ts"
import * as Profile from "../../../../src/profile/Profile.ts"

const body = Buffer.from("body")
const multipart = "multipart/form-data; boundary=b"
const form = (disposition: string) =>
  Buffer.from(`--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\npprof\r\n--b--\r\n`)

const contentOf = (query: string, body: Uint8Array, contentType?: string) =>
  Content.ofIngest(Profile.ingest({ labels: Labels.make({}), query, contentType, body }))

describe("Content", () => {
  it.effect("takes the body of format=pprof as it is, whatever its type", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* contentOf("name=app&format=pprof", body), Content.pprof(body))
      assert.deepStrictEqual(yield* contentOf("format=pprof", body, multipart), Content.pprof(body))
    }))

  it.effect("finds the profile in a multipart body", () =>
    Effect.gen(function*() {
      const bytes = form("name=\"profile\"; filename=\"profile.pprof\"")
      const found = Content.pprof(new Uint8Array(Buffer.from("pprof")))
      assert.deepStrictEqual(yield* contentOf("name=app", bytes, multipart), found)
      assert.deepStrictEqual(yield* contentOf("", bytes, "Multipart/Form-Data; boundary=b"), found)
    }))

  it.effect("says why a multipart body has no profile", () =>
    Effect.gen(function*() {
      for (const disposition of ["name=\"profile\"", "name=\"jfr\"; filename=\"jfr\""]) {
        const bytes = form(disposition)
        assert.deepStrictEqual(yield* contentOf("", bytes, multipart), {
          _tag: "Other",
          bytes,
          problem: "the multipart body has no file \"profile\""
        })
      }
      assert.deepStrictEqual(yield* contentOf("", body, multipart), {
        _tag: "Other",
        bytes: body,
        problem: "malformed multipart body"
      })
    }))

  it.effect("takes the first of several, however large", () =>
    Effect.gen(function*() {
      const part = (content: Uint8Array) => [
        Buffer.from("--b\r\nContent-Disposition: form-data; name=\"profile\"; filename=\"p\"\r\n\r\n"),
        content,
        Buffer.from("\r\n")
      ]
      const long = Buffer.concat([...part(Buffer.alloc(3_000_000, "\r\n-b")), ...part(body), Buffer.from("--b--\r\n")])
      const found = yield* contentOf("", long, multipart)
      assert.strictEqual(found._tag, "Pprof")
      assert.isTrue(Buffer.from(found.bytes).equals(Buffer.alloc(3_000_000, "\r\n-b")))
    }))

  it.effect("stops at more parts than any sender has", () =>
    Effect.gen(function*() {
      const parts = (count: number) =>
        Buffer.from(`${"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n".repeat(count)}--b--\r\n`)
      const problemOf = (count: number) =>
        Effect.map(contentOf("", parts(count), multipart), (content) => content._tag === "Other" ? content.problem : "")
      assert.strictEqual(yield* problemOf(100), "the multipart body has no file \"profile\"")
      assert.strictEqual(yield* problemOf(101), "more than 100 parts")
      assert.strictEqual(yield* problemOf(100_000), "more than 100 parts")
    }))

  it.effect("does not look into other formats", () =>
    Effect.gen(function*() {
      for (
        const [query, contentType] of [
          ["format=jfr", multipart],
          ["format=folded", "text/plain"],
          ["", "application/octet-stream"],
          ["", undefined]
        ] as const
      ) {
        assert.deepStrictEqual(yield* contentOf(query, body, contentType), { _tag: "Other", bytes: body })
      }
    }))
})
