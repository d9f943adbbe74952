import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Answer from "../../src/scrape/Answer.ts"

const bytes = (...parts: ReadonlyArray<string | number>): Uint8Array =>
  Buffer.concat(parts.map((part) => typeof part === "string" ? Buffer.from(part) : Buffer.from([part])))

const zeros = (count: number): Uint8Array => new Uint8Array(count)

const octets = "application/octet-stream"

/** What is shown of "s3cret" and "s3cr". */
const scrub = (text: string): string => text.replace(/s3cr(et)?/g, "***")

const check = (body: Uint8Array, { status = 200, type = octets }: { status?: number; type?: string } = {}) =>
  Answer.check({ status, headers: type === "" ? {} : { "content-type": type }, body }, "memory", scrub)

const messageOf = (...args: Parameters<typeof check>): string =>
  Result.match(check(...args), { onFailure: ({ kind, message }) => `${kind}: ${message}`, onSuccess: () => "profile" })

const text = (beginning: string) =>
  `invalid: invalid profile data: text response instead of pprof: "${beginning}" (server should return HTTP error, not 200)`

describe("Answer", () => {
  it("is a profile with any success, as it came", () => {
    const gzipped = bytes(0x1f, 0x8b, 8)
    for (const status of [200, 201, 299]) assert.strictEqual(Result.getOrThrow(check(gzipped, { status })), gzipped)
    for (const type of ["application/octet-stream; charset=binary", "Application/Octet-Stream"]) {
      assert.strictEqual(messageOf(gzipped, { type }), "profile")
    }
    for (const wireType of [0, 1, 2, 3, 4, 5]) assert.strictEqual(messageOf(bytes(8 + wireType, 0, 0)), "profile")
  })

  it("says what it is where it is none", () => {
    const page = bytes("404 page\tnot found\r\n\x1b[31m")
    const table: ReadonlyArray<readonly [actual: string, expected: string]> = [
      [messageOf(page, { status: 404 }), "not_found: server returned HTTP status (404) 404 page not found [31m"],
      [messageOf(zeros(0), { status: 503 }), "status: server returned HTTP status (503)"],
      [messageOf(page, { status: 302 }), "status: server returned HTTP status (302) 404 page not found [31m"],
      [messageOf(bytes("x".repeat(9999)), { status: 500 }).slice(-10), "xxxxxxx..."],
      [messageOf(zeros(0)), "empty: empty memory profile"],
      [messageOf(zeros(0), { status: 204, type: "" }), "empty: empty memory profile"],
      [messageOf(bytes(`${"x".repeat(252)}s3cret`), { status: 500 }).slice(-10), "xxxxxxx***"],
      [
        messageOf(zeros(9), { type: "s3cret" }).slice(0, 58),
        "invalid: invalid profile data: unexpected Content-Type ***"
      ],
      [messageOf(bytes(`<html> ${"x".repeat(38)} s3cret`)), text(`<html> ${"x".repeat(38)} ***`)],
      [messageOf(page, { type: "" }), "invalid: invalid profile data: missing Content-Type header"],
      [
        messageOf(page, { type: "text/html; charset=utf-8" }),
        "invalid: invalid profile data: unexpected Content-Type text/html; charset=utf-8, expected application/octet-stream for pprof data"
      ],
      [messageOf(bytes(0x1f, 0x8b)), "invalid: invalid profile data: data too short for pprof format"],
      [
        messageOf(bytes(0x0e, 1, 2)),
        "invalid: invalid profile data: invalid protobuf data: illegal wireType 6 (expected 0-5), first bytes: 0e0102"
      ],
      [
        messageOf(bytes(0xff, "0123456789abcdefgh")),
        "invalid: invalid profile data: invalid protobuf data: illegal wireType 7 (expected 0-5), first bytes: ff303132333435363738396162636465"
      ],
      [messageOf(bytes("<!DOCTYPE html>")), text("<!DOCTYPE html>")],
      [messageOf(bytes(" \r\n<!doctype")), text("<!doctype")],
      [messageOf(bytes("<HTML><head>")), text("<HTML><head>")],
      [messageOf(bytes("\t<body>......")), text("<body>......")],
      [messageOf(bytes("<title>no</title>")), text("<title>no</title>")],
      [messageOf(bytes(`{"error": "not found here"}`)), text(`{\\"error\\": \\"not found here\\"}`)],
      [messageOf(bytes(`  [1, 2, 3, 4, 5, 6, 7, 8]`)), text("[1, 2, 3, 4, 5, 6, 7, 8]")],
      [messageOf(bytes("<html>", "a".repeat(100))), text(`<html>${"a".repeat(44)}`)]
    ]
    for (const [actual, expected] of table) assert.strictEqual(actual, expected)
  })

  it("takes for text only what cannot be a profile", () => {
    // All begin as a profile may: with a tag, the length of a message, or both taken for blanks.
    const profiles = [
      bytes("<html>"),
      bytes(0x0a, "<!dxxxxx"),
      bytes("<x", zeros(10).toString()),
      bytes("\n\n\n\n\n\n\n\n\n\n\n\n"),
      bytes("[short list]"),
      bytes(" ".repeat(64), `{"too": "late for that"}`)
    ]
    for (const profile of profiles) assert.strictEqual(messageOf(profile), "profile", profile.toString())
  })

  it("quotes the beginning of a text where the transport has read no more", () => {
    const answer = Answer.check({ status: 404, headers: {}, text: " no\nsuch page " }, "memory", scrub)
    assert.strictEqual(
      Result.getOrThrow(Result.flip(answer)).message,
      "server returned HTTP status (404) no such page"
    )
  })
})
