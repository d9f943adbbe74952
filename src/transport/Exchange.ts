/**
 * One request on an undici dispatcher: no stream and no URL is built for it, and of the answer the beginning is read.
 */
import { type Dispatcher, errors } from "@effect/platform-node/Undici"
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
  /** There was none in time. */
  readonly late: () => void
}

/**
 * A server may close a connection that is idle while a request is on its way to it. Such a request goes out again at
 * once: nothing has answered it, and each time there is one dead connection less.
 */
export const send = (destination: Destination, request: Request): Effect.Effect<Response, TransportError> =>
  Effect.callback((resume) => {
    const exchange = new Exchange(destination, request, resume)
    destination.dispatcher.dispatch(request as Dispatcher.DispatchOptions, exchange)
    return Effect.sync(() => exchange.abort())
  })

class Exchange implements Dispatcher.DispatchHandler {
  private readonly destination: Destination
  private readonly request: Request
  private readonly resume: (result: Effect.Effect<Response, TransportError>) => void
  /** Connections made before this request was begun. */
  private readonly opened: number
  private readonly timer: NodeJS.Timeout
  private readonly headers: Record<string, string> = {}
  private status = 0
  private text: Uint8Array = new Uint8Array(0)
  private controller: Dispatcher.DispatchController | undefined
  private isAborted = false
  private isOnUsedConnection = false

  constructor(
    destination: Destination,
    request: Request,
    resume: (result: Effect.Effect<Response, TransportError>) => void
  ) {
    this.destination = destination
    this.request = request
    this.resume = resume
    this.opened = destination.opened()
    // A fiber that sleeps would cost as much as all the rest.
    this.timer = setTimeout(() => this.expire(), Duration.toMillis(destination.timeout))
  }

  abort(): void {
    clearTimeout(this.timer)
    this.isAborted = true
    this.controller?.abort(interrupted())
  }

  private expire(): void {
    this.abort()
    this.destination.late()
    this.settle(Effect.fail(noAnswer(this.destination.timeout)))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    this.isOnUsedConnection = this.destination.opened() === this.opened
    if (this.isAborted) controller.abort(interrupted())
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
    if (!this.isAborted) this.settle(this.recover(error))
  }

  /**
   * Not before undici has done with the request: the next one would find no place on an HTTP/2 connection that is full
   * with this one, and must not come at all while undici fails those that wait.
   */
  private settle(result: Effect.Effect<Response, TransportError>): void {
    clearTimeout(this.timer)
    queueMicrotask(() => this.resume(result))
  }

  private recover(error: Error): Effect.Effect<Response, TransportError> {
    if (error instanceof Connector.Failure) return Effect.fail(error.reason)
    const reason = fromCause(error)
    const isStale = this.isOnUsedConnection && this.status === 0 && closed.has(reason.code)
    return isStale ? send(this.destination, this.request) : Effect.fail(reason)
  }
}

/** An error of another kind may fail what else waits for the same HTTP/2 connection. */
const interrupted = (): Error => new errors.InformationalError("interrupted")

/** The other side closed the connection, or had closed it. */
const closed: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.byteLength + b.byteLength)
  both.set(a)
  both.set(b, a.byteLength)
  return both
}
