/**
 * Whatever is sent to a listener, each request gets its own answer, what is answered with an error is not delivered, and
 * the next sender is served.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import * as Zlib from "node:zlib"
import { converse, send } from "../server/client.ts"
import { json, jsonRequest, jsonSeries, labels, listening, proto, pushPath, request } from "../server/profileApi.ts"
import { int } from "../wire/arbitraries.ts"
import { inputs } from "./effort.ts"

/** One profile, whatever is cut from it or put behind it. */
const ingestBody = Buffer.from("main;work 1\r\n\r\nGET /ingest HTTP/1.1\r\n\r\n")

interface Request {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: ReadonlyArray<string>
  readonly body: Uint8Array
}

const honest = (target: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Request => ({
  method: "POST",
  target,
  version: "HTTP/1.1",
  headers: [
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...("transfer-encoding" in headers ? [] : [`content-length: ${body.length}`])
  ],
  body
})

/** In pieces of `size`. */
const chunked = (body: Uint8Array, size: number): Uint8Array => {
  const parts: Array<Uint8Array> = []
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"))
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")])
}

const inJson = Buffer.from(jsonRequest([jsonSeries(labels)]))

const kinds: ReadonlyArray<Request> = [
  honest(pushPath, proto, request()),
  honest(pushPath, { ...proto, "content-encoding": "gzip" }, Zlib.gzipSync(request())),
  honest(pushPath, json, inJson),
  honest(pushPath, { ...json, "transfer-encoding": "chunked" }, chunked(inJson, 100)),
  honest("/ingest?name=app", {}, ingestBody),
  honest("/ingest?name=app", { "transfer-encoding": "chunked" }, chunked(ingestBody, 7))
]

// ---- What is wrong with a request ----

const methods = ["GET", "PUT", "OPTIONS", "post", "", "POST POST", "\0", "PRI"]

const targets = [
  "/",
  "*",
  "//ingest?name=app",
  "/ingest",
  "/ingest?name=app{",
  "http://[",
  "http://other/ingest?name=b",
  ""
]

const versions = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 x", "ICE/1.0", ""]

const headers = [
  "content-length: 0",
  "content-length: 7",
  "content-length: -1",
  "content-length: 1, 1",
  "content-length: 99999999999999999999",
  "content-length: 2000000",
  "transfer-encoding: chunked",
  "transfer-encoding: identity",
  "transfer-encoding: gzip, chunked",
  "transfer-encoding : chunked",
  "connection: close",
  "connection: keep-alive, upgrade",
  "upgrade: h2c",
  "expect: 100-continue",
  "expect: something",
  "host: other",
  "content-encoding: br",
  "content-encoding: gzip",
  "content-type: text/plain",
  "connect-protocol-version: 2",
  "trailer: x",
  ": no name",
  "no colon",
  " folded",
  "nul: \0",
  `long: ${"x".repeat(20_000)}`
]

const Mistake = Schema.Literals([
  "method",
  "target",
  "version",
  "header",
  "noHeader",
  "noLength",
  "lineFeeds",
  "byte",
  "cut",
  "behind",
  "before"
])

const mistakes = Arbitrary.array(Arbitrary.all([Arbitrary.schema(Mistake), int(0, 1_000_000), int(0, 255)]), {
  maxLength: 2
})

type Mistakes = ReadonlyArray<readonly [kind: typeof Mistake.Type, place: number, value: number]>

const pick = (texts: ReadonlyArray<string>, place: number): string => texts[place % texts.length]!

const withoutOne = (lines: ReadonlyArray<string>, place: number): ReadonlyArray<string> =>
  lines.filter((_, index) => index !== place % lines.length)

const inHead = (request: Request, [kind, place]: Mistakes[number]): Request => {
  const { headers: lines } = request
  switch (kind) {
    case "method":
      return { ...request, method: pick(methods, place) }
    case "target":
      return { ...request, target: pick(targets, place) }
    case "version":
      return { ...request, version: pick(versions, place) }
    case "header":
      return { ...request, headers: lines.toSpliced(place % lines.length, 0, pick(headers, place)) }
    case "noHeader":
      return { ...request, headers: withoutOne(lines, place) }
    case "noLength":
      return { ...request, headers: lines.filter((line) => !/^(content-length|transfer-encoding)/.test(line)) }
    default:
      return request
  }
}

const inBytes = (bytes: Uint8Array, [kind, place, value]: Mistakes[number]): Uint8Array => {
  const at = place % (bytes.length + 1)
  switch (kind) {
    case "lineFeeds":
      return Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n"), "latin1")
    case "byte":
      return Buffer.concat([bytes.subarray(0, at), Uint8Array.of(value), bytes.subarray(at + 1)])
    case "cut":
      return bytes.subarray(0, at)
    case "behind":
      return Buffer.concat([
        bytes,
        Buffer.from(pick(["\r\n", "garbage", "\0\0", "POST /ingest?name=b HTTP/1.1\r\n"], place))
      ])
    case "before":
      return Buffer.concat([Buffer.from(pick(["\r\n", "\n\n", "0\r\n\r\n", " "], place)), bytes])
    default:
      return bytes
  }
}

const bytesOf = (kind: number, mistakes: Mistakes): Uint8Array => {
  const { body, headers, method, target, version } = mistakes.reduce(inHead, kinds[kind]!)
  const head = `${[`${method} ${target} ${version}`, ...headers].join("\r\n")}\r\n\r\n`
  return mistakes.reduce(inBytes, Buffer.concat([Buffer.from(head), body]))
}

const requests = Arbitrary.array(Arbitrary.all([int(0, kinds.length - 1), mistakes]), { minLength: 1, maxLength: 4 })

const statuses = (answers: string): ReadonlyArray<string> =>
  Array.from(answers.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => status!)

describe("Listener, fuzzed", () => {
  it.live.prop(
    "answers 200 to what it delivers and to nothing else, and goes on",
    { requests, pieces: int(1, 4) },
    ({ pieces, requests }) =>
      Effect.gen(function*() {
        const { accepted, port, push } = yield* listening()
        const sender = yield* converse(port, { allowHalfOpen: true })
        const bytes = Buffer.concat(requests.map(([kind, mistakes]) => bytesOf(kind, mistakes)))
        const size = Math.ceil(bytes.length / pieces)
        for (let at = 0; at < bytes.length; at += size) {
          sender.write(bytes.subarray(at, at + size))
          yield* Effect.yieldNow
        }
        sender.end()
        const answers = statuses(yield* sender.closed)
        const taken = answers.filter((status) => status === "200").length
        assert.strictEqual(accepted.length, taken, `${answers.join()}\n${JSON.stringify(bytes.toString("latin1"))}`)
        assert.isEmpty(answers.filter((status) => status.startsWith("5") && status !== "501"))
        assert.strictEqual((yield* send(push, { headers: proto, body: request() })).status, 200)
        assert.strictEqual(accepted.length, taken + 1)
      }),
    { arbitrary: { runs: inputs(40) } }
  )
})
