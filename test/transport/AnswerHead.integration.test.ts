import { assert, describe } from "@effect/vitest"
import { Effect, Result } from "effect"
import { connect, createServer } from "node:net"
import { answerStream, makeHttp2Server, makeHttpServer, trusted } from "../support/servers.ts"
import { listening } from "../support/webServer.ts"
import { connectTo, live, push, verdictOf } from "./connecting.ts"

/** What comes of a request that is answered with these writes. */
const answered = Effect.fnUntraced(function*(...writes: ReadonlyArray<string>) {
  const port = yield* listening(createServer((socket) => {
    socket.on("data", () => {})
    socket.once("data", () => {
      // Each arrives for itself.
      const write = ([first, ...rest]: ReadonlyArray<string>): void => {
        if (first !== undefined) socket.write(first, () => setTimeout(write, 5, rest))
      }
      write(writes)
    })
  }))
  const connection = yield* connectTo(`http://127.0.0.1:${port}`)
  return yield* Effect.result(connection.send(push())).pipe(
    Effect.map(Result.match({
      onFailure: ({ message }) => message,
      onSuccess: ({ headers, status, text }) => `${status} ${text} ${headers["x"]?.length ?? "without"}`
    }))
  )
})

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

describe("An interim answer", () => {
  live("is not the answer: HTTP/1.1", () =>
    Effect.gen(function*() {
      const go = "HTTP/1.1 100 Continue\r\n\r\n"
      const hints = "HTTP/1.1 103 Early Hints\r\nx: x\r\n\r\n"
      const processing = "HTTP/1.1 102 Processing\r\n\r\n"
      const sequences = [[go + ok], [go, ok], ["HTTP/1.1 100 Cont", "inue\r\nx: y\r", "\n\r\n", ok], [hints, ok], [
        processing,
        processing,
        ok
      ], [go, go + hints, processing + ok]]
      for (const writes of sequences) assert.strictEqual(yield* answered(...writes), "200 ok without")
    }))

  live("is not the answer: HTTP/2", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttp2Server((stream) => {
        for (const status of [100, 102, 103]) stream.additionalHeaders({ ":status": status })
        answerStream(stream)
      })
      const { status, text } = yield* (yield* connectTo(url)).send(push())
      assert.deepStrictEqual([status, text], [200, "2.0"])
    }))

  live("is not a proxy's answer to CONNECT", () =>
    Effect.gen(function*() {
      const { port, url } = yield* makeHttpServer(undefined, trusted)
      const proxy = yield* listening(createServer((socket) =>
        void socket.once("data", () => {
          socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
          socket.pipe(connect(port, "127.0.0.1").on("error", () => {})).pipe(socket)
        })
      ))
      const proxied = yield* connectTo(url, {
        proxy: { url: `http://127.0.0.1:${proxy}`, noProxy: "", fromEnvironment: false, connectHeaders: {} }
      })
      assert.strictEqual((yield* proxied.send(push())).status, 200)
    }))
})

describe("The head of an answer", () => {
  live("may have lines that end without a carriage return", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* answered("HTTP/1.1 200 OK\ncontent-length: 2\nx: y\n\nok"), "200 ok 1")
    }))

  live("may have a megabyte over HTTP/1.1, and no more", () =>
    Effect.gen(function*() {
      const head = (bytes: number) => `HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx: ${"x".repeat(bytes)}\r\n\r\nok`
      for (const bytes of [60_000, 1_000_000]) assert.strictEqual(yield* answered(head(bytes)), `200 ok ${bytes}`)
      assert.match(yield* answered(head(1_100_000)), /UND_ERR_HEADERS_OVERFLOW/)
    }))

  live("may have 64 KiB over HTTP/2, as Node has it", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttp2Server((stream, _count, _session, path) => {
        stream.respond({ ":status": 200, x: "x".repeat(Number(path!.slice(1))) })
        stream.end("ok")
      }, { maxSendHeaderBlockLength: 200_000 })
      const connection = yield* connectTo(url)
      const { headers, status } = yield* connection.send(push(0, "/65000"))
      assert.deepStrictEqual([status, headers["x"]?.length], [200, 65_000])
      const verdict = yield* verdictOf(connection.send(push(0, "/100000")))
      assert.deepStrictEqual(verdict, {
        reason: "Unreachable",
        code: "ERR_HTTP2_ERROR",
        concerns: "endpoint"
      })
    }))
})
