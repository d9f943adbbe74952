import { assert, describe } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { once } from "node:events"
import { constants } from "node:http2"
import { createServer, type Socket } from "node:net"
import type { TlsOptions } from "node:tls"
import { makeJournal } from "../support/journal.ts"
import { answerStream, makeHttp2Server, makeHttpServer, type OnRequest, trusted } from "../support/servers.ts"
import { listening } from "../support/webServer.ts"
import { connectTo, live, push, pushAll } from "./connecting.ts"

const statuses = [200, 401, 413, 429, 503]

/** More than connections hold on their way. */
const large = 20_000_000

const answersOf = (answers: ReadonlyArray<{ readonly status: number; readonly text: string }>) =>
  answers.map(({ status, text }) => `${status} ${text}`)

describe("An answer that comes before the request has been read", () => {
  const secure: ReadonlyArray<readonly [name: string, tls: TlsOptions | undefined]> = [
    ["HTTP/1.1", undefined],
    ["HTTP/1.1 over TLS", trusted]
  ]
  for (const [name, tls] of secure) {
    live(`counts, though the server closes the connection: ${name}`, () =>
      Effect.gen(function*() {
        let status = 0
        const onRequest: OnRequest = (response, _, request) =>
          void response.writeHead(status, { connection: "close" }).end("early", () => request.socket.destroy())
        const { url } = yield* makeHttpServer(onRequest, tls)
        const connection = yield* connectTo(url, { http2: false })
        for (status of statuses) {
          assert.deepStrictEqual(answersOf(yield* pushAll(connection, 4, large)), Array(4).fill(`${status} early`))
        }
      }))
  }

  live("counts, and the next request does not wait behind it", () =>
    Effect.gen(function*() {
      const sockets = makeJournal<Socket>(() => "connection")
      const port = yield* listening(createServer((socket) => {
        sockets.add(socket)
        // It reads no more.
        socket.once("readable", () => socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\n\r\nearly"))
      }))
      const connection = yield* connectTo(`http://127.0.0.1:${port}`)
      for (let count = 1; count <= 3; count++) {
        assert.strictEqual((yield* connection.send(push(large))).status, 413)
        assert.strictEqual(sockets.all.length, count)
      }
    }))

  live("counts over HTTP/2, however many come at a time", () =>
    Effect.gen(function*() {
      let status = 0
      const { url } = yield* makeHttp2Server((stream, _count, _session, path) => {
        if (path === "/read") return answerStream(stream)
        stream.respond({ ":status": status })
        stream.end("early", () => stream.close(constants.NGHTTP2_NO_ERROR))
      })
      const connection = yield* connectTo(url)
      for (status of statuses) {
        assert.deepStrictEqual(answersOf(yield* pushAll(connection, 20, 5_000_000)), Array(20).fill(`${status} early`))
        assert.strictEqual((yield* connection.send(push(1_000_000, "/read"))).text, "2.0")
      }
    }))

  live("counts over HTTP/2 though the server leaves with an error", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttp2Server((stream, _count, session) => {
        stream.respond({ ":status": 413 })
        stream.end("early")
        session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, stream.id)
      })
      const connection = yield* connectTo(url)
      for (let count = 0; count < 5; count++) {
        assert.strictEqual((yield* connection.send(push(5_000_000))).status, 413)
      }
    }))

  live(
    "counts over HTTP/2 though the server says no more about it, and the next request goes out",
    () =>
      Effect.gen(function*() {
        const { sessions, url } = yield* makeHttp2Server((stream, _count, _session, path) => {
          if (path === "/read") return answerStream(stream)
          stream.respond({ ":status": 413 })
          stream.end("early")
        })
        const connection = yield* connectTo(url)
        for (let count = 1; count <= 3; count++) {
          assert.strictEqual((yield* connection.send(push(5_000_000))).status, 413)
          assert.strictEqual((yield* connection.send(push(5_000_000, "/read"))).status, 200)
        }
        yield* Effect.promise(async () => sessions.all[0]!.closed || once(sessions.all[0]!, "close"))
      })
  )
})

describe("HTTP/2", () => {
  live("takes many large pushes at a time", () =>
    Effect.gen(function*() {
      const { sessions, url } = yield* makeHttp2Server()
      const connection = yield* connectTo(url)
      for (const [count, bytes] of [[30, 2_000_000], [100, 250_000]] as const) {
        assert.deepStrictEqual(answersOf(yield* pushAll(connection, count, bytes)), Array(count).fill("200 2.0"))
      }
      assert.strictEqual(sessions.all.length, 1)
    }))

  live("sends a large push once more when the server has refused its stream", () =>
    Effect.gen(function*() {
      const received: Array<number> = []
      const { url } = yield* makeHttp2Server((stream, count) => {
        if (count === 1) return stream.close(constants.NGHTTP2_REFUSED_STREAM)
        let bytes = 0
        stream.on("data", (chunk: Buffer) => (bytes += chunk.byteLength)).on("end", () => received.push(bytes))
        answerStream(stream)
      })
      assert.strictEqual((yield* (yield* connectTo(url)).send(push(1_234_567))).status, 200)
      assert.deepStrictEqual(received, [1_234_567])
    }))
})

describe("An answer whose body does not end", () => {
  for (const http2 of [false, true]) {
    const name = http2 ? "HTTP/2" : "HTTP/1.1"
    /** Writes pieces of the body until there is nobody to read them. */
    const makeServer = (write: (body: NodeJS.WritableStream) => void) =>
      http2
        ? makeHttp2Server((stream, _count, _session, path) => {
          stream.respond({ ":status": Number(path!.slice(1)), "content-type": "text/plain" })
          write(stream)
        })
        : makeHttpServer((response, _, { url }) => {
          response.writeHead(Number(url!.slice(1)))
          write(response)
        }, trusted)

    live(`counts by its head: ${name}`, () =>
      Effect.gen(function*() {
        const closed = makeJournal<string>(String)
        const { url } = yield* makeServer((body) => {
          body.write("a ")
          const timer = setInterval(() => body.write("drop "), 50)
          body.once("close", () => {
            clearInterval(timer)
            closed.add("closed")
          })
        })
        const connection = yield* connectTo(url, { http2 })
        const answers = yield* Effect.forEach(
          statuses,
          (status) => connection.send(push(100, `/${status}`)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers.map(({ status }) => status), statuses)
        for (const { text } of answers) assert.match(text, /^a (drop )*$/)
        yield* closed.atLeast(statuses.length)
      }))

    live(`is cut off, and 2 KiB of it are kept: ${name}`, () =>
      Effect.gen(function*() {
        const piece = "x".repeat(16_384)
        const { url } = yield* makeServer((body) => {
          const write = (): void => {
            while (body.writable && body.write(piece));
            if (body.writable) body.once("drain", write)
          }
          write()
        })
        const { status, text } = yield* (yield* connectTo(url, { http2 })).send(push(100, "/503"))
        assert.deepStrictEqual([status, text], [503, "x".repeat(2048)])
      }))
  }

  live("breaks off nothing else over HTTP/2", () =>
    Effect.gen(function*() {
      const { sessions, streams, url } = yield* makeHttp2Server((stream, _count, _session, path) => {
        if (path === "/drips") return stream.respond({ ":status": 429 })
      })
      const connection = yield* connectTo(url)
      const other = yield* Effect.forkChild(connection.send(push()), { startImmediately: true })
      yield* streams.atLeast(1)
      assert.strictEqual((yield* connection.send(push(0, "/drips"))).status, 429)
      answerStream(streams.all[0]!)
      assert.strictEqual((yield* Fiber.join(other)).status, 200)
      assert.strictEqual(sessions.all.length, 1)
    }))
})
