/**
 * Sockets that are listened on, each shared by those that answer there one after the other.
 *
 * Whoever changes is built anew beside what it was, on the same address, and only then is the old one closed. So a
 * listening socket belongs to an owner, and has shares: requests go to the newest share, and its limits hold for the
 * connections that are there as well. A share that is given up while there are others is done as soon as its own requests
 * have their answers; the last one closes the socket. If the newest goes first, the one before it has the socket again.
 *
 * Sockets of one owner may be in each other's way: the same port on another host, or with TLS and without. Then the new
 * one takes the place of the old one, which stops listening and keeps its connections, and gets the place back if it
 * outlives the new one.
 *
 * Each connection of a socket that does not listen has one more answer at most, which says so: whoever keeps it would
 * otherwise lose a request when it is cut off.
 */
import { Duration } from "effect"
import { EventEmitter } from "node:events"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import type { TLSSocket } from "node:tls"
import * as Timer from "../telemetry/Timer.ts"
import type { Address } from "./Address.ts"
import * as BadRequest from "./BadRequest.ts"
import type { Refused } from "./Refusal.ts"
import * as ServerTls from "./ServerTls.ts"

/** What a connection may take. */
export interface Limits {
  /** Connections beyond this are turned away. */
  readonly connections: number
  /** For a whole request, body included: what takes longer is answered 408. */
  readonly readTimeout: Duration.Duration
  /** For as long as nothing moves on a connection in use. */
  readonly writeTimeout: Duration.Duration
  /** For a connection without a request. */
  readonly idleTimeout: Duration.Duration
  /** What new connections get; plain HTTP without it. */
  readonly tls?: (() => ServerTls.Options) | undefined
}

export interface Place extends Address {
  /** Nobody's sockets are shared. */
  readonly owner: string
}

/** The sockets that there are. */
export type Sockets = Set<ListeningSocket>

export interface ListeningSocket {
  readonly place: Place
  readonly isTls: boolean
  readonly server: Http.Server
  /** Those that are open. */
  readonly connections: Set<Net.Socket>
  /** The newest last. */
  readonly shares: Array<Share>
  /** The real one; 0 before it has listened. */
  port: number
}

type Listened = (error?: NodeJS.ErrnoException) => void

/** Who is told of what concerns no request. */
export interface Observer {
  /** The socket could not get its place back, for that reason; or it could. */
  readonly lost: Listened
  /** A connection had no request, or none that could be read. `remote` is its other side. */
  readonly turnedAway: (refusal: Refused, remote: string | undefined) => void
}

/**
 * A share in a listening socket: of Node's server what `NodeHttpServer` asks of it. Closing it is over when its requests
 * are, or, if it is the last, when all connections are closed.
 */
export class Share extends EventEmitter {
  readonly limits: Limits
  private readonly sockets: Sockets
  private readonly place: Place
  readonly observer: Observer
  private socket: ListeningSocket | undefined
  private readonly responses = new Set<Http.ServerResponse>()

  constructor(sockets: Sockets, place: Place, limits: Limits, observer: Observer) {
    super()
    this.sockets = sockets
    this.place = place
    this.limits = limits
    this.observer = observer
  }

  /** From when it has listened until it is closed. */
  listening = false

  address(): Net.AddressInfo {
    return this.socket!.server.address() as Net.AddressInfo
  }

  listen(_: unknown, done: () => void): void {
    const { limits, place, sockets } = this
    const own = place.owner === "" ? [] : [...sockets].filter((socket) => socket.place.owner === place.owner)
    const isTls = limits.tls !== undefined
    const socket = own.find((other) => other.isTls === isTls && isSame(other.place, place)) ?? makeSocket(place, limits)
    socket.shares.push(this)
    const listened: Listened = (error) => {
      if (error === undefined) {
        this.socket = socket
        this.listening = true
        sockets.add(socket)
        apply(socket.server, limits)
        done()
      } else {
        socket.shares.splice(socket.shares.indexOf(this), 1)
        this.emit("error", error)
      }
    }
    if (socket.server.listening) listened()
    else takePlace(socket, own, listened, this.observer.lost)
  }

  /** Takes a request. */
  take(event: "request" | "checkContinue", request: Http.IncomingMessage, response: Http.ServerResponse): void {
    if (!this.socket!.server.listening) response.shouldKeepAlive = false
    this.responses.add(response)
    response.once("close", () => {
      this.responses.delete(response)
      if (this.responses.size === 0) this.emit("idle")
    })
    this.emit(event, request, response)
  }

  close(done: () => void): void {
    const socket = this.socket!
    const { shares } = socket
    this.listening = false
    if (shares.length > 1) {
      shares.splice(shares.indexOf(this), 1)
      apply(socket.server, shares.at(-1)!.limits)
      if (this.responses.size === 0) done()
      else this.once("idle", done)
      return
    }
    // It has those connections that are there until they are closed.
    this.sockets.delete(socket)
    const wasListening = socket.server.listening
    this.leaveConnections()
    if (!wasListening) return void leavePlace(socket, done)
    socket.server.close(() => done())
    const before = [...this.sockets].findLast(({ place, port }) =>
      place.owner === this.place.owner && port === socket.port
    )
    if (before !== undefined && !before.server.listening) listen(before, before.port, this.observer.lost)
  }

  /** Has those that are in use closed behind the answers that are not there yet. */
  leaveConnections(): void {
    for (const response of this.responses) response.shouldKeepAlive = false
  }

  /** Ends what is still going on. */
  cutOff(): void {
    const { socket } = this
    const isLast = socket?.shares.length === 1 && socket.shares[0] === this
    for (const open of isLast ? socket.connections : this.responses) open.destroy()
  }
}

const isSame = (one: Place, other: Place): boolean => one.host === other.host && one.port === other.port

/** Listens, if need be in the place of the owner's others. */
const takePlace = (
  socket: ListeningSocket,
  own: ReadonlyArray<ListeningSocket>,
  done: Listened,
  lost: Listened
): void => {
  const { place } = socket
  const port = [socket, ...own.filter((other) => isSame(other.place, place))]
    .find(({ port }) => port !== 0)?.port ?? place.port
  const instead = (): void => {
    const others = own.filter((other) => other.port === port && other.server.listening)
    for (const other of others) {
      for (const share of other.shares) share.leaveConnections()
      // What is plain goes on for as short a time as it can where TLS is asked for.
      if (other.isTls === socket.isTls) leavePlace(other)
      else other.server.close()
    }
    listen(socket, port, (error) => {
      if (error === undefined) return done()
      for (const other of others) listen(other, other.port, lost)
      done(error)
    })
  }
  listen(socket, port, (error) => {
    const isOwn = own.some((other) => other.port === port && other.server.listening)
    if (error?.code !== "EADDRINUSE" || !isOwn) return done(error)
    // The system resets connections that nobody has accepted yet: so all of them are, in a whole turn of the event loop.
    setImmediate(() => setImmediate(instead))
  })
}

const listen = (socket: ListeningSocket, port: number, done: Listened): void => {
  const { place: { host }, server } = socket
  const failed = (error: NodeJS.ErrnoException): void => {
    server.off("listening", listening)
    done(error)
  }
  const listening = (): void => {
    server.off("error", failed)
    socket.port = (server.address() as Net.AddressInfo).port
    done()
  }
  server.once("error", failed).once("listening", listening).listen({ port, ...(host === "" ? {} : { host }) })
}

/**
 * Stops listening for the sake of another, and is done when there is no connection left. Node's HTTP server would close
 * those without a request, one of which may be on its way, and stop looking after the time that the others take.
 */
const leavePlace = ({ server }: ListeningSocket, done?: () => void): void => {
  Net.Server.prototype.close.call(server, () => {
    if (done === undefined) return
    server.close()
    done()
  })
}

const makeSocket = (place: Place, { readTimeout, tls }: Limits): ListeningSocket => {
  const shares: Array<Share> = []
  const newest = (): Share => shares.at(-1)!
  const options = { requireHostHeader: false, connectionsCheckingInterval: 250 }
  const server = tls === undefined
    ? Http.createServer(options)
    : secured(
      Https.createServer({ ...options, handshakeTimeout: Timer.millis(readTimeout) }),
      () => newest().limits.tls!()
    )
  // Who has sent everything and ends its side may still read, as from Go's server: Node would end both sides.
  Object.assign(server, { httpAllowHalfOpen: true })
  const turnedAway: Observer["turnedAway"] = (refusal, remote) => newest().observer.turnedAway(refusal, remote)
  BadRequest.handle(server, () => Duration.min(newest().limits.readTimeout, patience), turnedAway)
  const connections = new Set<Net.Socket>()
  server
    .on("connection", (connection: Net.Socket) => {
      connections.add(connection)
      connection.once("close", () => connections.delete(connection))
    })
    .on("drop", (dropped) => turnedAway(tooMany, dropped?.remoteAddress))
    .on("request", (request, response) => newest().take("request", request, response))
    .on("checkContinue", (request, response) => newest().take("checkContinue", request, response))
  return { place, isTls: tls !== undefined, server, shares, connections, port: 0 }
}

const tooMany: Refused = { reason: "connections", detail: "there are as many connections as there may be" }

/** Each new connection gets what `current` gives then. */
const secured = (server: Https.Server, current: () => ServerTls.Options): Https.Server => {
  let options: ServerTls.Options | undefined
  return server
    .prependListener("connection", () => {
      if (options === current()) return
      options = current()
      server.setSecureContext(options.context)
      Object.assign(server, ServerTls.verification(options))
    })
    .prependListener("secureConnection", (connection: TLSSocket) => {
      if (!ServerTls.isWelcome(options!, connection)) connection.destroy()
    })
    // To what is no TLS nothing can be said.
    .removeAllListeners("tlsClientError")
    .on("tlsClientError", (_: Error, connection: TLSSocket) => connection.destroy())
}

/** With a connection that is to be closed. */
const patience = Duration.seconds(30)

/** Connections that are there have other timeouts from their next request on. */
const apply = (server: Http.Server, limits: Limits): void => {
  const read = Timer.millis(limits.readTimeout)
  server.requestTimeout = read
  server.headersTimeout = read
  server.keepAliveTimeout = Timer.millis(limits.idleTimeout)
  server.timeout = Math.max(read, Timer.millis(limits.writeTimeout))
  server.maxConnections = limits.connections
}
