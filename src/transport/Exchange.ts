/**
 * One request on an undici dispatcher: no stream and no URL is built for it, and of the answer the beginning is read.
 */
import type { Dispatcher } from "@effect/platform-node/Undici"
import { Duration, Effect } from "effect"
import * as Connector from "./Connector.ts"
import { defaultMaxText, type Request, type Response } from "./Network.ts"
import { fromCause, noAnswer, type TransportError } from "./TransportError.ts"

/** Where requests are dispatched. */
export interface Destination {
  readonly dispatcher: Dispatcher
  /** How many connections have been made there so far. */
  readonly opened: () => number
  /** For an answer. */
  readonly timeout: Duration.Duration
  /** Whether its connections may have more than one request at a time. */
  readonly isMultiplexed: () => boolean
  readonly enter: () => void
  readonly leave: () => void
  /** For whoever leaves such a connection without an answer: it may never have another. */
  readonly distrust: () => void
}

/**
 * A server may close a connection that is idle while a request is on its way to it. Such a request goes out again at
 * once, and each time there is one dead connection less. Nobody can tell how much of it the server has seen: as after
 * any retry it may get the request twice.
 */
export const send = (
  destination: Destination,
  request: Request,
  again: () => Effect.Effect<Response, TransportError>
): Effect.Effect<Response, TransportError> =>
  Effect.callback((resume) => {
    const exchange = new Exchange(destination, request, again, resume)
    destination.dispatcher.dispatch(request as Dispatcher.DispatchOptions, exchange)
    return Effect.sync(() => exchange.abort())
  })

class Exchange implements Dispatcher.DispatchHandler {
  private readonly destination: Destination
  private readonly request: Request
  private readonly again: () => Effect.Effect<Response, TransportError>
  private readonly resume: (result: Effect.Effect<Response, TransportError>) => void
  /** Connections made before this request was begun. */
  private readonly opened: number
  private readonly timer: NodeJS.Timeout
  private readonly began = performance.now()
  private readonly headers: Record<string, string> = {}
  private status = 0
  private text: Uint8Array = new Uint8Array(0)
  private controller: Dispatcher.DispatchController | undefined
  private isOver = false
  private isOnUsedConnection = false

  constructor(
    destination: Destination,
    request: Request,
    again: () => Effect.Effect<Response, TransportError>,
    resume: (result: Effect.Effect<Response, TransportError>) => void
  ) {
    this.destination = destination
    this.request = request
    this.again = again
    this.resume = resume
    this.opened = destination.opened()
    destination.enter()
    // A fiber that sleeps would cost as much as all the rest.
    this.timer = setTimeout(() => this.expire(), Duration.toMillis(destination.timeout))
  }

  abort(): void {
    if (this.isOver) return
    this.end()
    this.destination.leave()
    this.giveUp()
  }

  private expire(): void {
    this.settle(Effect.fail(noAnswer(this.destination.timeout)))
    this.giveUp()
  }

  /**
   * HTTP/1.1 closes the connection of a request that is given up. An HTTP/2 stream of undici's is closed and destroyed
   * then, and if it has something left to send, Node tries to send that for ever and does nothing else any more. Such a
   * stream is left to end with its connection.
   */
  private giveUp(): void {
    if (this.destination.isMultiplexed()) this.destination.distrust()
    else this.controller?.abort(new Error("interrupted"))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    this.isOnUsedConnection = this.destination.opened() === this.opened
    if (this.isOver) controller.abort(new Error("interrupted"))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void {
    this.status = status
    for (const name in headers) {
      const value = headers[name]
      if (value !== undefined) this.headers[name] = typeof value === "string" ? value : value.join(", ")
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const room = (this.request.maxText ?? defaultMaxText) - this.text.byteLength
    if (room > 0) this.text = concat(this.text, chunk.subarray(0, room))
  }

  onResponseEnd(): void {
    // As a stream, so that a character that was cut in two is not there, rather than another in its place.
    const text = this.text.byteLength === 0 ? "" : new TextDecoder().decode(this.text, { stream: true })
    this.settle(Effect.succeed({ status: this.status, headers: this.headers, text }))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.isOver) this.settle(this.recover(error))
  }

  /**
   * Not before undici has done with the request: the next one would find no place on an HTTP/2 connection that is full
   * with this one, and must not come at all while undici fails those that wait.
   */
  private settle(result: Effect.Effect<Response, TransportError>): void {
    if (this.isOver) return
    this.end()
    queueMicrotask(() => {
      this.destination.leave()
      this.resume(result)
    })
  }

  private end(): void {
    this.isOver = true
    clearTimeout(this.timer)
  }

  private recover(error: Error): Effect.Effect<Response, TransportError> {
    if (error instanceof Connector.Failure) return Effect.fail(error.reason)
    const reason = fromCause(error)
    const isStale = this.isOnUsedConnection && this.status === 0 && closed.has(reason.code) &&
      performance.now() - this.began < soon
    return isStale ? this.again() : Effect.fail(reason)
  }
}

/** In milliseconds. A server that fails later has had the request, and is not to be troubled with it at once. */
const soon = 1_000

/** The other side closed the connection, or had closed it. */
const closed: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.byteLength + b.byteLength)
  both.set(a)
  both.set(b, a.byteLength)
  return both
}
