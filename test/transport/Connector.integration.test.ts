import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { once } from "node:events"
import { createServer, Socket } from "node:net"
import { createSecureContext } from "node:tls"
import * as Connector from "../../src/transport/Connector.ts"
import type * as Proxy from "../../src/transport/Proxy.ts"
import { makeJournal } from "../support/journal.ts"
import { listening } from "../support/webServer.ts"

const settings: Connector.Settings = {
  resolve: (address) => Effect.succeed([address]),
  tls: { context: () => createSecureContext(), rejectUnauthorized: false },
  http2: true,
  // Nothing else is to end a connection.
  timeout: Duration.hours(1)
}

/** It takes connections, and never says a word. */
const makeSilentServer = Effect.gen(function*() {
  const sockets = makeJournal<Socket>(() => "connection")
  const server = createServer((socket) => sockets.add(socket.on("error", () => {}).resume()))
  return { port: yield* listening(server), sockets }
})

const proxyAt = (protocol: Proxy.Server["protocol"], port: number): Proxy.Server => ({
  protocol,
  hostname: "127.0.0.1",
  port,
  name: `${protocol}//127.0.0.1:${port}`,
  credentials: undefined
})

describe("A connection that nobody wants any more is closed", () => {
  const ways: Readonly<Record<string, (port: number) => Connector.Open>> = {
    "to a server": () => Connector.direct(settings),
    "to a proxy of whole requests": (port) => Connector.forward(settings, proxyAt("https:", port)),
    "to a proxy that makes tunnels": (port) => Connector.tunnel(settings, proxyAt("http:", port), {}),
    "to a proxy that makes tunnels, over TLS": (port) => Connector.tunnel(settings, proxyAt("https:", port), {}),
    "to a SOCKS proxy": (port) => Connector.tunnel(settings, proxyAt("socks5:", port), {})
  }
  for (const [way, connector] of Object.entries(ways)) {
    it.live(way, () =>
      Effect.gen(function*() {
        const { port, sockets } = yield* makeSilentServer
        const open = connector(port)
        const opening = yield* Effect.forkChild(
          open({ protocol: "https:", hostname: "127.0.0.1", host: `127.0.0.1:${port}`, port: String(port) })
        )
        const [socket = assert.fail()] = yield* sockets.atLeast(1)
        const closed = once(socket, "close")
        yield* Fiber.interrupt(opening)
        yield* Effect.timeout(Effect.promise(() => closed), "5 seconds")
        assert.strictEqual(sockets.all.length, 1)
      }))
  }

  it.live("that is there only then", () =>
    Effect.gen(function*() {
      let give: ((socket: Socket) => void) | undefined
      const opening = yield* Effect.forkChild(
        Connector.owned((onSocket) => {
          give = onSocket
        }),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(opening)
      const socket = new Socket()
      give?.(socket)
      assert.isTrue(socket.destroyed)
      assert.isTrue(socket.emit("error", new Error("broken")), "its errors are nobody's")
    }))
})
