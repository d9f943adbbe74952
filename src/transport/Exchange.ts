/**
 * One request and its answer, on an undici connection: no stream and no URL is built for it, and of the answer the
 * beginning is read.
 */
import type { Dispatcher } from "@effect/platform-node/Undici"
import { Duration, Effect } from "effect"
import type { Connection } from "./Connection.ts"
import * as Connector from "./Connector.ts"
import { defaultMaxText, type Request, type Response } from "./Network.ts"
import { fromCause, noAnswer, type TransportError } from "./TransportError.ts"

type Result = Effect.Effect<Response, TransportError>

export class Exchange implements Dispatcher.DispatchHandler {
  private readonly request: Request
  private readonly timeout: Duration.Duration
  private readonly again: Result
  private readonly resume: (result: Result) => void
  private readonly timer: NodeJS.Timeout
  private readonly began = performance.now()
  private readonly headers: Record<string, string> = {}
  private connection: Connection | undefined
  /** When the connection was opened. */
  private openedAt = Infinity
  private status = 0
  private text: Uint8Array = new Uint8Array(0)
  private controller: Dispatcher.DispatchController | undefined
  isOver = false

  /** `again` sends the request on another connection, if this one turns out to be dead. */
  constructor(request: Request, timeout: Duration.Duration, again: Result, resume: (result: Result) => void) {
    this.request = request
    this.timeout = timeout
    this.again = again
    this.resume = resume
    // A fiber that sleeps would cost as much as all the rest.
    this.timer = setTimeout(() => this.expire(), Duration.toMillis(timeout))
  }

  start(connection: Connection): void {
    this.connection = connection
    connection.dispatch(this.request, this)
  }

  abort(): void {
    if (this.isOver) return
    this.end()
    this.giveUp()
    this.connection?.finish()
  }

  private expire(): void {
    this.settle(Effect.fail(noAnswer(this.timeout)))
    this.giveUp()
  }

  /**
   * HTTP/1.1 closes the connection of a request that is given up. An HTTP/2 stream of undici's is closed and destroyed
   * then, and if it has something left to send, Node tries to send that for ever and does nothing else any more. Such a
   * stream is left to end with its connection, which may never answer again anyway.
   */
  private giveUp(): void {
    if (this.connection?.isMultiplexed === true) this.connection.retire()
    else this.controller?.abort(new Error("interrupted"))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    this.openedAt = this.connection?.openedAt ?? Infinity
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
    const { connection, headers, status } = this
    // Without the exchange, which holds the request's body.
    this.settle(Effect.succeed({ status, headers, text, leave: () => connection?.retire() }))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.isOver) this.settle(this.recover(error))
  }

  /**
   * Not before undici has done with the request: the next one would find no place on an HTTP/2 connection that is full
   * with this one, and must not come at all while undici fails those that wait.
   */
  private settle(result: Result): void {
    if (this.isOver) return
    this.end()
    queueMicrotask(() => {
      this.connection?.finish()
      this.resume(result)
    })
  }

  private end(): void {
    this.isOver = true
    clearTimeout(this.timer)
  }

  private recover(error: Error): Result {
    if (error instanceof Connector.Failure) return Effect.fail(error.reason)
    const reason = fromCause(error)
    if (!closed.has(reason.code)) return Effect.fail(reason)
    // undici may not know yet.
    this.connection?.retire()
    const isStale = this.openedAt < this.began && this.status === 0 && performance.now() - this.began < soon
    return isStale ? this.again : Effect.fail(reason)
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
