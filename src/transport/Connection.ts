/**
 * One connection to a server or a proxy: an undici client, and how many requests are in flight on it.
 *
 * A retired connection takes no new requests, and is closed when nothing is in flight on it any more. (undici's own way
 * to close one waits for HTTP/2 streams that were given up as well, and those may never end.)
 */
import { Client, type Dispatcher } from "@effect/platform-node/Undici"
import { Effect } from "effect"
import * as Connector from "./Connector.ts"
import type { Request } from "./Network.ts"

export interface Settings {
  /** Scheme, host and port, as a URL: the server's or, where it gets whole requests, the proxy's. */
  readonly origin: string
  /** Whether HTTP/2 may be agreed on. */
  readonly http2: boolean
  readonly open: Connector.Open
  readonly run: (effect: Effect.Effect<void>) => unknown
}

/** Whom a connection tells what becomes of it. */
export interface Owner {
  readonly connected: (connection: Connection) => void
  /** It can take a request. */
  readonly ready: () => void
  /** It can take none any more, though some may be in flight on it. */
  readonly retired: () => void
  readonly ended: (connection: Connection) => void
}

/** Proxies and servers close a connection that has been idle for a minute: better be the first. */
const idle = 55_000

export class Connection {
  private readonly client: Client
  private readonly owner: Owner
  private inFlight = 0
  private isConnected = false
  private isFull = false
  private isRetired = false
  /** Whether there may be room for many requests in a moment: it is being made, or HTTP/2 is being set up on it. */
  isPending = true
  /** Whether it is HTTP/2. */
  isMultiplexed = false
  /** When, by `performance.now()`. It may be opened anew, where undici has requests left that a server did not take. */
  openedAt = Infinity

  constructor({ http2, open, origin, run }: Settings, owner: Owner) {
    this.owner = owner
    this.client = new Client(origin, {
      allowH2: http2,
      connect: (target, callback) => {
        run(Effect.match(open(target), {
          onFailure: (reason) => callback(new Connector.Failure(reason), null),
          onSuccess: (socket) => {
            this.isMultiplexed = "alpnProtocol" in socket && socket.alpnProtocol === "h2"
            callback(null, socket)
          }
        }))
      },
      // An exchange has a timeout of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idle,
      keepAliveMaxTimeout: idle
    })
    this.client.on("connect", () => {
      this.isConnected = true
      this.openedAt = performance.now()
      if (!this.isMultiplexed) this.isPending = false
      owner.connected(this)
    })
    this.client.on("drain", () => {
      this.isPending = false
      this.isFull = false
      owner.ready()
    })
    this.client.on("disconnect", () => {
      this.isConnected = false
      this.isPending = false
      this.endIfUnused()
    })
    this.client.on("connectionError", () => this.retire())
  }

  /** Whether it takes a request. */
  get isReady(): boolean {
    return !this.isFull && !this.isRetired
  }

  dispatch(request: Request, handler: Dispatcher.DispatchHandler): void {
    this.inFlight += 1
    if (!this.isConnected) this.isPending = true
    this.isFull = !this.client.dispatch(request as Dispatcher.DispatchOptions, handler)
  }

  /** One of the requests on it is over, or is given up. */
  finish(): void {
    this.inFlight -= 1
    this.endIfUnused()
  }

  /** For who got an answer on it as it was opened then. Opened anew, it is another connection. */
  leave(openedAt: number): void {
    if (openedAt === this.openedAt) this.retire()
  }

  retire(): void {
    if (this.isRetired) return
    this.isRetired = true
    this.isPending = false
    this.endIfUnused()
    this.owner.retired()
  }

  async destroy(): Promise<void> {
    this.isRetired = true
    await this.client.destroy()
  }

  private endIfUnused(): void {
    const isUseless = this.isRetired || (!this.isConnected && !this.isPending)
    if (!isUseless || this.inFlight > 0 || this.client.destroyed) return
    void this.destroy()
    this.owner.ended(this)
  }
}
