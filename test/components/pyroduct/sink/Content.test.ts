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
