import { assert, describe } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { once } from "node:events"
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2"
import { answer, answerStream, makeHttp2Server, makeHttpServer, type OnStream, trusted } from "../support/servers.ts"
import { makeWebServer } from "../support/webServer.ts"
import { connectTo, live, push, pushAll, turn, verdictOf } from "./connecting.ts"

/** A round trip: the client has seen all that was sent before. */
const roundTrip = (session: ServerHttp2Session) =>
  Effect.callback<void>((resume) => void session.ping(() => resume(Effect.void)))

const closed = (some: ServerHttp2Session | ServerHttp2Stream) =>
  Effect.promise(async () => some.closed || once(some, "close"))

/** Says with `goaway` that streams after this one are not taken. */
const leaveAfter: OnStream = ({ id }, _count, session) => {
  session.goaway(constants.NGHTTP2_NO_ERROR, id)
  session.close()
}

/** Does something else with one of the streams. */
const but = (special: number, onStream: OnStream): OnStream => (...args) =>
  args[1] === special ? onStream(...args) : answerStream(args[0])

describe("The protocol", () => {
  live("is HTTP/2 where the server agrees, and one connection has many pushes at a time", () =>
    Effect.gen(function*() {
      const waiting: Array<() => void> = []
      const { sessions, url } = yield* makeHttp2Server((stream, count) => {
        waiting.push(() => answerStream(stream))
        // Not one is answered before all are there.
        if (count === 50) { for (const answer of waiting) answer() }
      })
      const answers = yield* pushAll(yield* connectTo(url), 50)
      assert.isTrue(answers.every(({ status, text }) => status === 200 && text === "2.0"))
      assert.strictEqual(sessions.all.length, 1)
    }))

  live("is HTTP/1.1 where HTTP/2 is not wanted", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer(undefined, trusted)
      yield* (yield* connectTo(server.url, { http2: true })).send(push())
      yield* (yield* connectTo(server.url, { http2: false })).send(push())
      assert.deepStrictEqual(server.requests.map(({ version }) => version), ["2.0", "1.1"])
    }))

  live("is HTTP/1.1 where the server has no other", () =>
    Effect.gen(function*() {
      const { requests, sockets, url } = yield* makeHttpServer(answer(200), trusted)
      yield* pushAll(yield* connectTo(url), 5)
      assert.deepStrictEqual(requests.all.map(({ httpVersion }) => httpVersion), Array(5).fill("1.1"))
      assert.strictEqual(sockets.all.length, 5)
    }))

  live("is none where the server has only HTTP/2 and it is not wanted", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttp2Server()
      const connection = yield* connectTo(url, { http2: false })
      assert.deepStrictEqual(yield* verdictOf(connection.send(push())), {
        reason: "TlsError",
        code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        concerns: "endpoint"
      })
    }))
})

describe("An HTTP/2 server that leaves", () => {
  for (const [bytes, size] of [[100, "small"], [100_000, "large"]] as const) {
    const leaving: Readonly<Record<string, OnStream>> = {
      "after a stream, taking no later ones": (...args) => {
        answerStream(args[0])
        leaveAfter(...args)
      },
      "and ends what it has": (...args) => {
        answerStream(args[0])
        args[2].close()
      }
    }
    for (const [how, leave] of Object.entries(leaving)) {
      for (const isWarm of [true, false]) {
        live(
          `${how}: of ${size} pushes on a ${isWarm ? "used" : "new"} connection each is taken once`,
          () =>
            Effect.gen(function*() {
              const paths: Array<unknown> = []
              const { sessions, url } = yield* makeHttp2Server((...args) => {
                args[0].on("end", () => paths.push(args[3]))
                but(isWarm ? 26 : 25, leave)(...args)
              })
              const connection = yield* connectTo(url)
              if (isWarm) yield* connection.send(push(0, "/warm"))
              const answers = yield* pushAll(connection, 50, bytes)
              assert.isTrue(answers.every(({ status }) => status === 200))
              const expected = Array.from({ length: 50 }, (_, index) => `/${index}`)
              assert.deepStrictEqual(paths.filter((path) => path !== "/warm").sort(), expected.sort())
              assert.strictEqual(sessions.all.length, 2)
              yield* closed(sessions.all[0]!)
            })
        )
      }
    }
  }

  live("again and again is left as often", () =>
    Effect.gen(function*() {
      const { sessions, url } = yield* makeHttp2Server((...args) => {
        answerStream(args[0])
        args[2].close()
      })
      const connection = yield* connectTo(url)
      for (let count = 0; count < 10; count++) assert.strictEqual((yield* connection.send(push())).status, 200)
      assert.strictEqual(sessions.all.length, 10)
    }))

  live("with a stream still open: what it does not take goes to the next connection", () =>
    Effect.gen(function*() {
      const { sessions, streams, url } = yield* makeHttp2Server(but(1, leaveAfter))
      const connection = yield* connectTo(url)
      const sending = yield* Effect.forkChild(pushAll(connection, 10), { startImmediately: true })
      const [stream = assert.fail()] = yield* streams.atLeast(1)
      yield* roundTrip(sessions.all[0]!)
      answerStream(stream)
      assert.deepStrictEqual((yield* Fiber.join(sending)).map(({ status }) => status), Array(10).fill(200))
      assert.strictEqual(streams.all.length, 10)
    }))

  live("with a stream that it never answers is one that does not answer at all", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttp2Server(but(1, leaveAfter))
      const connection = yield* connectTo(url, { timeout: Duration.millis(300) })
      const pushes = Array.from({ length: 20 }, () => verdictOf(connection.send(push())))
      const verdicts = yield* Effect.all(pushes, { concurrency: "unbounded" })
      assert.isTrue(verdicts.every((verdict) => verdict?.reason === "Timeout"))
      assert.strictEqual((yield* connection.send(push())).status, 200)
    }))
})

describe("An HTTP/2 connection that breaks", () => {
  const breaks: Readonly<Record<string, (session: ServerHttp2Session) => void>> = {
    "is destroyed": (session) => session.destroy(),
    "is destroyed with an error": (session) => session.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR),
    "is closed": (session) => session.close()
  }
  for (const [how, end] of Object.entries(breaks)) {
    live(`may be idle: the next push on one that ${how} succeeds at once`, () =>
      Effect.gen(function*() {
        const { sessions, url } = yield* makeHttp2Server()
        const connection = yield* connectTo(url)
        for (let count = 0; count < 6; count++) {
          yield* connection.send(push())
          end(sessions.all.at(-1)!)
          // The client knows of it before the next push, or does not.
          if (count % 2 === 0) yield* closed(sessions.all.at(-1)!)
        }
        assert.strictEqual((yield* connection.send(push())).status, 200)
        assert.strictEqual(sessions.all.length, 7)
      }))
  }

  for (const [count, bytes] of [[20, 100], [20, 200_000]] as const) {
    live(
      `may have been idle: ${count} pushes of ${bytes} bytes go out again at once`,
      () =>
        Effect.gen(function*() {
          const { sessions, sockets, url } = yield* makeHttp2Server(but(2, () => sockets.all[0]!.destroy()))
          const connection = yield* connectTo(url)
          yield* connection.send(push())
          const answers = yield* pushAll(connection, count, bytes)
          answers.push(yield* connection.send(push()))
          assert.deepStrictEqual(answers.map(({ status }) => status), Array(count + 1).fill(200))
          assert.isAtLeast(sessions.all.length, 2)
        })
    )
  }

  for (const bytes of [100, 200_000, 3_000_000]) {
    live(
      `may have been idle: a push of ${bytes} bytes goes out again at once, and another right after it`,
      () =>
        Effect.gen(function*() {
          const { sessions, sockets, streams, url } = yield* makeHttp2Server(but(2, () => sockets.all[0]!.destroy()))
          const connection = yield* connectTo(url)
          yield* connection.send(push(1))
          assert.strictEqual((yield* connection.send(push(bytes))).status, 200)
          assert.strictEqual((yield* connection.send(push())).status, 200)
          assert.deepStrictEqual([sessions.all.length, streams.all.length], [2, 4])
        })
    )
  }

  live("with all that follow lets each of them fail, and the next succeed", () =>
    Effect.gen(function*() {
      let isBroken = true
      const { sockets, url } = yield* makeHttp2Server((...args) =>
        isBroken ? void sockets.all.at(-1)!.destroy() : answerStream(args[0])
      )
      const connection = yield* connectTo(url)
      // Each goes out from within the failure of the one before.
      for (let count = 0; count < 10; count++) {
        const verdict = yield* verdictOf(connection.send(push(200_000)))
        assert.deepInclude(verdict, { reason: "Unreachable", concerns: "endpoint" })
      }
      isBroken = false
      assert.strictEqual((yield* connection.send(push())).status, 200)
    }))

  live("and is new is a failure", () =>
    Effect.gen(function*() {
      const { sessions, streams, url } = yield* makeHttp2Server((_, __, session) => session.destroy())
      const connection = yield* connectTo(url)
      assert.deepInclude(yield* verdictOf(connection.send(push())), { reason: "Unreachable", concerns: "endpoint" })
      assert.deepStrictEqual([sessions.all.length, streams.all.length], [1, 1])
    }))
})

describe("An HTTP/2 stream", () => {
  live("that is refused goes out again on the same connection", () =>
    Effect.gen(function*() {
      const refuse: OnStream = (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)
      const { sessions, streams, url } = yield* makeHttp2Server(but(5, refuse))
      const answers = yield* pushAll(yield* connectTo(url), 10)
      assert.isTrue(answers.every(({ status }) => status === 200))
      assert.deepStrictEqual([sessions.all.length, streams.all.length], [1, 11])
    }))

  const resets = [
    ["refused", constants.NGHTTP2_REFUSED_STREAM, 2],
    ["reset", constants.NGHTTP2_INTERNAL_ERROR, 1],
    ["cancelled", constants.NGHTTP2_CANCEL, 1],
    ["ended without an answer", constants.NGHTTP2_NO_ERROR, 1]
  ] as const
  for (const [how, code, attempts] of resets) {
    live(
      `that is ${how} each time is a failure, and the next push goes out on another connection`,
      () =>
        Effect.gen(function*() {
          const { sessions, streams, url } = yield* makeHttp2Server((stream, count) =>
            count === 1 ? answerStream(stream) : stream.close(code)
          )
          const connection = yield* connectTo(url)
          yield* connection.send(push())
          assert.deepInclude(yield* verdictOf(connection.send(push())), { reason: "Unreachable", concerns: "endpoint" })
          assert.deepStrictEqual([sessions.all.length, streams.all.length], [1, 1 + attempts])
          yield* verdictOf(connection.send(push()))
          assert.strictEqual(sessions.all.length, 2)
        })
    )
  }

  live(
    "that is interrupted ends with its connection, which ends with what else is under way",
    () =>
      Effect.gen(function*() {
        const { sessions, streams, url } = yield* makeHttp2Server(
          (...args) => args[1] === 1 && answerStream(args[0])
        )
        const connection = yield* connectTo(url)
        yield* connection.send(push())
        const sending = yield* Effect.forkChild(connection.send(push()), { startImmediately: true })
        const others = yield* Effect.forkChild(pushAll(connection, 5), { startImmediately: true })
        yield* streams.atLeast(7)
        yield* Fiber.interrupt(sending)
        const [session = assert.fail()] = sessions.all
        yield* roundTrip(session)
        assert.isFalse(session.closed)
        for (const stream of streams.all.slice(2)) answerStream(stream)
        assert.deepStrictEqual((yield* Fiber.join(others)).map(({ status }) => status), Array(5).fill(200))
        yield* closed(session)
        yield* closed(streams.all[1]!)
      })
  )

  for (const bytes of [1000, 300_000, 3_000_000]) {
    live(`may be interrupted at any time, with ${bytes} bytes to send`, () =>
      Effect.gen(function*() {
        const held: Array<ServerHttp2Stream> = []
        const { streams, url } = yield* makeHttp2Server((...args) =>
          void (args[3] === "/held" ? held.push(args[0]) : answerStream(args[0]))
        )
        const connection = yield* connectTo(url)
        for (const wait of [Effect.void, Effect.yieldNow, turn, Effect.andThen(turn, turn)]) {
          yield* connection.send(push())
          // It keeps the connection, while others leave theirs.
          const staying = yield* Effect.forkChild(connection.send(push(0, "/held")), { startImmediately: true })
          yield* streams.until(() => held.length === 1)
          const leaving = yield* Effect.forkChild(pushAll(connection, 3, bytes), { startImmediately: true })
          yield* wait
          yield* Fiber.interrupt(leaving)
          yield* connection.send(push())
          answerStream(held.pop()!)
          assert.strictEqual((yield* Fiber.join(staying)).status, 200)
        }
      }))
  }

  live("is one of as many as the server allows at a time", () =>
    Effect.gen(function*() {
      const open = new Map<ServerHttp2Session, number>()
      let most = 0
      const { url } = yield* makeHttp2Server((stream, _count, session) => {
        const add = (change: number): void => void open.set(session, (open.get(session) ?? 0) + change)
        add(1)
        most = Math.max(most, open.get(session)!)
        stream.once("close", () => add(-1))
        // Not before the next ones have had the time to come.
        setImmediate(() => answerStream(stream))
      }, { settings: { maxConcurrentStreams: 3 } })
      const answers = yield* pushAll(yield* connectTo(url), 30)
      assert.isTrue(answers.every(({ status }) => status === 200))
      assert.isAtMost(most, 3)
    }))
})

describe("An HTTP/2 connection on which nothing is answered", () => {
  live(
    "is not used any more after the first timeout, and ends with what is under way on it",
    () =>
      Effect.gen(function*() {
        let first: ServerHttp2Session | undefined
        const { sessions, streams, url } = yield* makeHttp2Server((stream, count, session) => {
          first ??= session
          if (count === 1 || session !== first) answerStream(stream)
        })
        const connection = yield* connectTo(url, { timeout: Duration.millis(300) })
        yield* connection.send(push())
        // More than the server takes before it reads.
        const verdict = yield* verdictOf(connection.send(push(1_000_000)))
        assert.deepStrictEqual(verdict, { reason: "Timeout", concerns: "endpoint" })
        assert.deepStrictEqual([sessions.all.length, streams.all.length], [1, 2])
        const answers = yield* pushAll(connection, 10)
        assert.isTrue(answers.every(({ status }) => status === 200))
        assert.deepStrictEqual([sessions.all.length, streams.all.length], [2, 12])
        yield* closed(first!)
      })
  )
})
