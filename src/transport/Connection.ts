/**
 * One connection to a server or a proxy: an undici client, and how many requests are in flight on it.
 *
 * A connection that is retired, or has broken, takes no new requests, and is closed when nothing is in flight on it any
 * more. (undici's own way to close one waits for HTTP/2 streams that were given up as well, and those may never end.)
 */
import { Client, type Dispatcher } from "@effect/platform-node/Undici"
import { Effect } from "effect"
import type { Socket } from "node:net"
import * as Connector from "./Connector.ts"
import * as LastWords from "./LastWords.ts"
import * as Leniency from "./Leniency.ts"
import type { Request } from "./Network.ts"
import type { RequestBody } from "./RequestBody.ts"

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
  readonly ended: (connection: Connection) => void
}

/** Proxies and servers close a connection that has been idle for a minute: better be the first. */
const idle = 55_000

/** Of an answer's head, in bytes: that of Go's servers for requests. */
const maxHead = 1_048_576

export class Connection {
  private readonly client: Client
  private readonly owner: Owner
  /** Of HTTP/1.1. */
  private socket: Socket | undefined
  /** Requests on it that are not over. */
  inFlight = 0
  private isFull = false
  private isRetired = false
  /** Whether there may be room for many requests in a moment: it is being made, or HTTP/2 is being set up on it. */
  isPending = true
  /** Whether it is HTTP/2. */
  isMultiplexed = false
  /** Whether it is, or may become so. */
  mayMultiplex: boolean
  /** By `performance.now()`. */
  openedAt = Infinity

  constructor({ http2, open, origin, run }: Settings, owner: Owner) {
    this.owner = owner
    this.mayMultiplex = http2 && origin.startsWith("https:")
    this.client = new Client(origin, {
      allowH2: http2,
      connect: (target, callback) => {
        run(Effect.match(open(target), {
          onFailure: (reason) => callback(new Connector.Failure(reason), null),
          onSuccess: (socket) => {
            this.isMultiplexed = "alpnProtocol" in socket && socket.alpnProtocol === "h2"
            this.mayMultiplex = this.isMultiplexed
            if (this.isMultiplexed) return callback(null, socket)
            this.socket = socket
            LastWords.hear(socket)
            callback(null, socket)
            Leniency.allow(socket)
          }
        }))
      },
      // An exchange has a timeout of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: maxHead,
      keepAliveTimeout: idle,
      keepAliveMaxTimeout: idle
    })
    this.client.on("connect", () => {
      this.openedAt = performance.now()
      if (!this.isMultiplexed) this.isPending = false
      owner.connected(this)
    })
    this.client.on("drain", () => {
      this.isPending = false
      this.isFull = false
      owner.ready()
    })
    // undici connects again for requests that a server has not taken. Others would have to wait there until the streams
    // of before have ended.
    this.client.on("disconnect", () => this.retire())
    this.client.on("connectionError", () => this.retire())
  }

  /** Whether it takes a request. */
  get isReady(): boolean {
    return !this.isFull && !this.isRetired
  }

  /** Over HTTP/1.1: whether there is something of a request that the server has not taken yet. */
  get isSending(): boolean {
    return this.socket !== undefined && this.socket.writableLength > 0
  }

  dispatch(
    { headers, method, path }: Request,
    handler: Dispatcher.DispatchHandler & { readonly isOver: boolean },
    body: Uint8Array | RequestBody | undefined
  ): void {
    this.inFlight += 1
    const hasRoom = this.client.dispatch({ method, path, headers, body } as Dispatcher.DispatchOptions, handler)
    // What cannot be sent is refused at once, and no drain follows it.
    this.isFull = !hasRoom && !handler.isOver
  }

  /** One of the requests on it is over, or is given up. */
  finish(): void {
    this.inFlight -= 1
    this.endIfUnused()
  }

  retire(): void {
    if (this.isRetired) return
    this.isRetired = true
    this.isPending = false
    this.endIfUnused()
  }

  async destroy(): Promise<void> {
    this.isRetired = true
    await this.client.destroy()
  }

  private endIfUnused(): void {
    if (!this.isRetired || this.inFlight > 0 || this.client.destroyed) return
    void this.destroy()
    this.owner.ended(this)
  }
}
