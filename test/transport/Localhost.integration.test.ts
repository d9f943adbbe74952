import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { once } from "node:events"
import { createServer as createHttpServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import * as Proxy from "../../src/transport/Proxy.ts"
import { loopbacks } from "../support/ports.ts"
import { trusted } from "../support/servers.ts"
import { connectTo, live, push } from "./connecting.ts"

/** Answers with the URL that it was asked for. */
const makeServer = Effect.fnUntraced(function*(host: string, isSecure = false) {
  const server = isSecure ? createTlsServer(trusted) : createHttpServer()
  server.on("request", ({ url }, response) => void response.writeHead(299).end(url))
  yield* Effect.acquireRelease(
    Effect.promise(() => once(server.listen(0, host), "listening")),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return (server.address() as AddressInfo).port
})

describe("localhost", () => {
  for (const host of loopbacks) {
    live(`is a server that listens on ${host} only`, () =>
      Effect.gen(function*() {
        const port = yield* makeServer(host)
        const client = yield* connectTo(`http://localhost:${port}`)
        assert.strictEqual((yield* client.send(push())).status, 299)
      }))

    live(`is a server that listens on ${host} only, with TLS`, () =>
      Effect.gen(function*() {
        const port = yield* makeServer(host, true)
        const client = yield* connectTo(`https://localhost:${port}`)
        assert.strictEqual((yield* client.send(push())).status, 299)
      }))

    live(`is a proxy that listens on ${host} only`, () =>
      Effect.gen(function*() {
        const url = `http://localhost:${yield* makeServer(host)}`
        const client = yield* connectTo("http://profiles.example", { proxy: { ...Proxy.defaults, url } })
        const { status, text } = yield* client.send(push())
        assert.deepStrictEqual([status, text], [299, "http://profiles.example/push"])
      }))
  }
})
