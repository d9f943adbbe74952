import { describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Redacted } from "effect"
import { once } from "node:events"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { Drain, within } from "../../src/delivery/Drain.ts"
import { defaults } from "../../src/delivery/RetrySchedule.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import { Transport } from "../../src/transport/Transport.ts"
import * as endpoints from "./endpoints.ts"
import * as leaks from "./leaks.ts"
import { ownRegistry, withLog } from "./observations.ts"

/** What it is told, in every way of telling it. */
const echo = ({ headers }: IncomingMessage): string => {
  const { "proxy-authorization": authorization = "", "x-key": key = "" } = headers
  const basic = authorization.replace("Basic ", "")
  return [Buffer.from(basic, "base64").toString(), String(key), basic].flatMap(leaks.spellings).join(" | ")
}

/** A proxy that lets nobody through; it answers with a status, or with what is no answer. */
const proxyAnswering = (answer: number | string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const heard: Array<string> = []
      const server = createServer((request, response) => {
        heard.push(echo(request))
        if (typeof answer === "string") return request.socket.end(answer)
        response.writeHead(answer).end(echo(request))
      })
      server.on("connect", (request, socket) => {
        heard.push(echo(request))
        socket.end(typeof answer === "string" ? answer : `HTTP/1.1 ${answer} no\r\n\r\n${echo(request)}`)
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      return { heard, port: (server.address() as AddressInfo).port, server }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, "close")
      })
  )

/** Pushes until the end, with one retry, and gives everything that there is to see. */
const push = (url: string, proxy: Proxy.Settings) =>
  withLog((log) =>
    Effect.gen(function*() {
      const retry = { ...defaults, minBackoff: Duration.millis(1), maxBackoff: Duration.millis(1), maxRetries: 1 }
      const lane = yield* endpoints.make({ url, transport: { proxy }, lane: { retry } })
      const outcome = yield* yield* endpoints.offer(lane)
      return yield* leaks.shown([outcome], log)
    })
  )

describe("Endpoint shows no secret", () => {
  it.live.prop(
    "of a proxy that lets nobody through",
    { password: leaks.secret, header: leaks.token },
    ({ header, password }) =>
      Effect.forEach([400, 403, 407, 413, 429, 502, 503, "", "no answer\r\n\r\n"], (answer) =>
        Effect.gen(function*() {
          const { heard, port } = yield* proxyAnswering(answer)
          const proxy: Proxy.Settings = {
            ...Proxy.defaults,
            url: `http://user:${encodeURIComponent(password)}@127.0.0.1:${port}`,
            connectHeaders: { "X-Key": [Redacted.make(header)] }
          }
          for (const url of ["http://profiles.example", "https://profiles.example"]) {
            const shown = yield* push(url, proxy)
            leaks.assertNone(shown, password, `${answer} for ${url}`)
            leaks.assertNone(shown, header, `${answer} for ${url}`)
          }
          leaks.assertSome(heard.join(), password, `${answer}`)
          leaks.assertSome(heard.join(), header, `${answer}`)
        }).pipe(Effect.scoped), { discard: true }).pipe(
          Effect.provide(Layer.fresh(Transport.layer)),
          Effect.provideService(Drain, within(Duration.zero)),
          ownRegistry
        ),
    { arbitrary: { runs: 5 } }
  )

  it.live.prop(
    "of a proxy that is not there",
    { password: leaks.secret },
    ({ password }) =>
      Effect.gen(function*() {
        const { port } = yield* Effect.scoped(proxyAnswering(503))
        const userInfo = `user:${encodeURIComponent(password)}`
        for (const url of ["http://profiles.example", "https://profiles.example"]) {
          for (const scheme of ["http", "https", "socks5"]) {
            const shown = yield* push(url, { ...Proxy.defaults, url: `${scheme}://${userInfo}@127.0.0.1:${port}` })
            leaks.assertNone(shown, password, `${scheme} for ${url}`)
          }
        }
      }).pipe(
        Effect.scoped,
        Effect.provide(Transport.layer),
        Effect.provideService(Drain, within(Duration.zero)),
        ownRegistry
      ),
    { arbitrary: { runs: 3 } }
  )
})
