import { assert, describe } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { Socket } from "node:net"
import { freePort } from "../support/ports.ts"
import { answering, makeBrokenProxy, makeSocksProxy, socksReply } from "../support/proxies.ts"
import { answer, makeWebServer } from "../support/webServer.ts"
import {
  type Expected,
  has,
  host,
  isClean,
  known,
  live,
  naming,
  nobody,
  reasonOf,
  send,
  serverTls,
  user,
  wrong
} from "./proxied.ts"

const url = `http://${host}:4040`

describe("A SOCKS5 proxy", () => {
  for (const scheme of ["socks5", "socks5h"]) {
    for (const [who, info] of [[undefined, nobody], [user, known]] as const) {
      live(
        `(${scheme}) looks up a server's name, for ${who === undefined ? "everybody" : "whom it knows"}`,
        () =>
          Effect.gen(function*() {
            const plain = yield* makeWebServer()
            const secure = yield* makeWebServer(answer(200), serverTls)
            const proxy = yield* makeSocksProxy(who === undefined ? {} : { user: who })
            const through = { proxy: `${scheme}://${info}localhost:${proxy.port}` }
            yield* send({ url: `http://${host}:${plain.port}`, ...through })
            yield* send({ url: `https://${host}:${secure.port}`, ...through })
            assert.deepStrictEqual(proxy.seen, [
              { host, port: plain.port, user: who },
              { host, port: secure.port, user: who }
            ])
            assert.deepStrictEqual([plain, secure].map(({ requests }) => requests[0]?.version), ["1.1", "2.0"])
            assert.isTrue([...plain.requests, ...secure.requests].every(isClean))
          })
      )
    }
  }

  live("gets an address as it is", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer()
      const proxy = yield* makeSocksProxy()
      yield* send({ url: server.url, proxy: `socks5://localhost:${proxy.port}` })
      assert.deepStrictEqual(proxy.seen, [{ host: "127.0.0.1", port: server.port, user: undefined }])
    }))

  for (const [what, info] of [["wrong", wrong], ["no", nobody]]) {
    live(`that gets ${what} credentials is not asked again`, () =>
      Effect.gen(function*() {
        const proxy = yield* makeSocksProxy({ user })
        has(
          yield* reasonOf({ url, proxy: `socks5://${info}localhost:${proxy.port}` }),
          { _tag: "AuthError", source: "proxy", status: 407, concerns: "endpoint" },
          naming("socks5", "localhost", proxy.port)
        )
        assert.strictEqual(proxy.seen.length, 0)
      }))
  }

  const replies: ReadonlyArray<readonly [what: string, reply: number, expected: Expected]> = [
    ["cannot reach the server", socksReply.refused, { _tag: "Unreachable", code: "SOCKS", concerns: "endpoint" }],
    ["may not", socksReply.notAllowed, { _tag: "AuthError", source: "proxy", status: 403, concerns: "endpoint" }]
  ]
  for (const [what, reply, expected] of replies) {
    live(`that ${what} is a ${expected._tag}`, () =>
      Effect.gen(function*() {
        const proxy = yield* makeSocksProxy({ reply })
        has(
          yield* reasonOf({ url, proxy: `socks5://localhost:${proxy.port}` }),
          expected,
          naming("socks5", "localhost", proxy.port)
        )
      }))
  }

  live("that never answers is a timeout", () =>
    Effect.gen(function*() {
      const port = yield* makeBrokenProxy(() => {})
      const timeout = Duration.millis(100)
      has(
        yield* reasonOf({ url, timeout, proxy: `socks5://127.0.0.1:${port}` }),
        { _tag: "Timeout", after: timeout, concerns: "endpoint" }
      )
    }))

  const broken = {
    "speaks another protocol": answering("HTTP/1.1 400 Bad Request"),
    "closes the connection": (socket: Socket) => void socket.destroy()
  }
  for (const [what, react] of Object.entries(broken)) {
    live(`that ${what} makes the server unreachable`, () =>
      Effect.gen(function*() {
        const port = yield* makeBrokenProxy(react)
        has(
          yield* reasonOf({ url, proxy: `socks5://127.0.0.1:${port}` }),
          { _tag: "Unreachable", concerns: "endpoint" },
          naming("socks5", "127.0.0.1", port)
        )
      }))
  }
})

describe("A proxy that is down", () => {
  for (const proxy of ["http", "https", "socks5"]) {
    for (const server of ["http", "https"]) {
      live(`(${proxy}) makes an ${server} URL unreachable, and is named`, () =>
        Effect.gen(function*() {
          const port = yield* Effect.promise(freePort)
          has(
            yield* reasonOf({ url: `${server}://${host}:4040`, proxy: `${proxy}://${known}127.0.0.1:${port}` }),
            { _tag: "Unreachable", code: "ECONNREFUSED", concerns: "endpoint" },
            naming(proxy, "127.0.0.1", port)
          )
        }))
    }
  }
})
