/**
 * The connections to one server or proxy, kept for the next requests. There are as many as there are requests in flight
 * at a time, or as few as are enough over HTTP/2.
 *
 * undici has a pool, too, but none that leaves a connection: of several servers behind one address, that which answers
 * each request with an error would get all of them again.
 */
import { type Duration, Effect } from "effect"
import * as Connection from "./Connection.ts"
import { Exchange } from "./Exchange.ts"
import type { Request, Response } from "./Network.ts"
import type { TransportError } from "./TransportError.ts"

export interface Settings extends Connection.Settings {
  /** For an answer, a new connection included. */
  readonly timeout: Duration.Duration
  /** Where all connections are, of whichever pool, until they have ended. */
  readonly connections: Set<Connection.Connection>
  /** There is no connection any more, nor need for one. */
  readonly onEmpty: () => void
}

export class Pool {
  private readonly settings: Settings
  private readonly owner: Connection.Owner
  private readonly connections = new Set<Connection.Connection>()
  /** They have no connection yet. One that is being made may turn out to have room for all of them. */
  private readonly waiting: Array<Exchange> = []
  private mayMultiplex: boolean

  constructor(settings: Settings) {
    this.settings = settings
    this.mayMultiplex = settings.http2 && settings.origin.startsWith("https:")
    this.owner = {
      connected: ({ isMultiplexed }) => {
        this.mayMultiplex = isMultiplexed
        this.assign()
      },
      ready: () => this.assign(),
      ended: (connection) => {
        this.connections.delete(connection)
        settings.connections.delete(connection)
        this.assign()
        if (this.connections.size === 0) settings.onEmpty()
      }
    }
  }

  /**
   * A server may close a connection that is idle while a request is on its way to it. Such a request goes out again at
   * once, and each time there is one dead connection less. Nobody can tell how much of it the server has seen: as after
   * any retry it may get the request twice. `again` finds a pool anew, for this one may have become empty.
   */
  send(
    request: Request,
    again: Effect.Effect<Response, TransportError>
  ): Effect.Effect<Response, TransportError> {
    return Effect.callback((resume) => {
      const exchange = new Exchange(request, this.settings.timeout, again, resume)
      const connection = this.connection()
      if (connection === undefined) this.waiting.push(exchange)
      else exchange.start(connection)
      return Effect.sync(() => exchange.abort())
    })
  }

  /** Its connections end with what is in flight on them. */
  retire(): void {
    for (const connection of Array.from(this.connections)) connection.retire()
  }

  /** For the next request; `undefined` if it has to wait. */
  private connection(): Connection.Connection | undefined {
    for (const connection of this.connections) if (connection.isReady) return connection
    if (this.mayMultiplex && this.hasPending()) return undefined
    const connection = new Connection.Connection(this.settings, this.owner)
    this.connections.add(connection)
    this.settings.connections.add(connection)
    return connection
  }

  private hasPending(): boolean {
    for (const { isPending } of this.connections) if (isPending) return true
    return false
  }

  private assign(): void {
    while (this.waiting.length > 0) {
      if (this.waiting[0]!.isOver) {
        this.waiting.shift()
        continue
      }
      const connection = this.connection()
      if (connection === undefined) return
      this.waiting.shift()!.start(connection)
    }
  }
}
