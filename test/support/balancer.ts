/**
 * A balancer of TCP: the connections it gets go to its servers in turn, whatever is sent on them.
 */
import { Effect, type Scope } from "effect"
import { connect, createServer, type Socket } from "node:net"
import { type Journal, makeJournal } from "./journal.ts"
import { listening } from "./webServer.ts"

/** A connection of a client's. */
export interface Balanced {
  /** The port of the server that it leads to. */
  readonly to: number
  readonly socket: Socket
}

export interface Balancer {
  readonly port: number
  readonly opened: Journal<Balanced>
  readonly closed: Journal<Balanced>
}

/** By the servers' ports. The first connection goes to the first of them. */
export const makeBalancer = Effect.fnUntraced(function*(
  ...ports: ReadonlyArray<number>
): Effect.fn.Return<Balancer, never, Scope.Scope> {
  const opened = makeJournal<Balanced>(({ to }) => `opened to ${to}`)
  const closed = makeJournal<Balanced>(({ to }) => `closed to ${to}`)
  const port = yield* listening(createServer((socket) => {
    const connection = { to: ports[opened.all.length % ports.length]!, socket }
    const server = connect(connection.to, "127.0.0.1")
    server.on("error", () => {}).on("close", () => socket.destroy())
    socket.on("close", () => {
      server.destroy()
      closed.add(connection)
    })
    socket.pipe(server)
    server.pipe(socket)
    opened.add(connection)
  }))
  return { port, opened, closed }
})
