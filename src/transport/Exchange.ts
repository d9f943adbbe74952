/**
 * One request and its answer, on an undici connection: no stream and no URL is built for it, and of the answer the
 * beginning is read, or all of it where it was asked for.
 *
 * An answer's head says what has become of the request. Once it has come nothing that follows changes that: neither a
 * body that drips, never ends or breaks off, nor a connection that breaks because the server has not read all of the
 * request. Only where the body is what was asked for, that of a success, there is no answer without it.
 */
import type { Dispatcher } from "@effect/platform-node/Undici"
import { Duration, Effect } from "effect"
import * as Timer from "../telemetry/Timer.ts"
import * as AnswerBody from "./AnswerBody.ts"
import * as AnswerText from "./AnswerText.ts"
import type { Connection } from "./Connection.ts"
import * as Connector from "./Connector.ts"
import { isJudged, type Request, type Response } from "./Network.ts"
import { RequestBody } from "./RequestBody.ts"
import { type BadAnswer, fromCause, noAnswer, type TransportError } from "./TransportError.ts"

type Result = Effect.Effect<Response, TransportError>

export class Exchange implements Dispatcher.DispatchHandler {
  private readonly request: Request
  private readonly timeout: Duration.Duration
  private readonly again: Result
  private readonly resume: (result: Result) => void
  private timer: NodeJS.Timeout
  private readonly began = performance.now()
  private readonly headers: Record<string, string> = {}
  private connection: Connection | undefined
  /** When the connection was opened. */
  private openedAt = Infinity
  /** Of a body that is sent in pieces. */
  private body: RequestBody | undefined
  private status = 0
  private readonly text: AnswerText.Reader
  /** Where it is what was asked for. */
  private wanted: AnswerBody.Reader | undefined
  private controller: Dispatcher.DispatchController | undefined
  isOver = false

  /** `again` sends the request on another connection, if this one turns out to be dead. */
  constructor(request: Request, timeout: Duration.Duration, again: Result, resume: (result: Result) => void) {
    this.request = request
    this.timeout = request.timeout ?? timeout
    this.again = again
    this.resume = resume
    this.text = new AnswerText.Reader(request.maxText)
    // A fiber that sleeps would cost as much as all the rest.
    this.timer = setTimeout(() => this.expire(), Timer.millis(this.timeout))
  }

  start(connection: Connection): void {
    const { request } = this
    this.connection = connection
    const { body } = request
    if (body !== undefined && connection.mayMultiplex && RequestBody.isLong(body, connection.inFlight)) {
      this.body = new RequestBody(body, () => this.isOver)
    }
    connection.dispatch(request, this, this.body ?? body)
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

  /** Leaves the rest of the answer's body unread. */
  private cutOff(): void {
    this.settle(this.answer())
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
    // An interim answer, such as 103 Early Hints.
    if (status < 200) return
    this.status = status
    for (const name in headers) {
      const value = headers[name]
      if (value !== undefined) this.headers[name] = typeof value === "string" ? value : value.join(", ")
    }
    if (!isJudged(this.request, status)) {
      const { budget, maxBody: max = 0 } = this.request
      this.wanted = new AnswerBody.Reader({ max, budget }, status)
      if (Number(this.headers["content-length"]) > max) this.refuse(AnswerBody.tooLarge(status, max))
      return
    }
    clearTimeout(this.timer)
    const left = Duration.toMillis(this.timeout) - (performance.now() - this.began)
    // On a busy machine the head is read before the timer of a timeout that is over.
    this.timer = setTimeout(() => this.cutOff(), Math.max(0, Math.min(AnswerText.patience, left)))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.isOver) return
    if (this.wanted === undefined) {
      if (!this.text.add(chunk)) this.cutOff()
      return
    }
    const refusal = this.wanted.add(chunk)
    if (refusal !== undefined) this.refuse(refusal)
  }

  private refuse(refusal: BadAnswer): void {
    this.settle(Effect.fail(refusal))
    this.giveUp()
  }

  onResponseEnd(): void {
    if (this.body?.isSent === false) this.connection?.retire()
    // That all has been sent a TLS socket says a turn of the event loop late.
    if (this.connection?.isSending === true) setImmediate(() => this.conclude())
    else this.conclude()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.isOver) this.settle(this.recover(error))
  }

  private conclude(): void {
    // The server has not read the request to its end, and may never do: the next one would wait behind it.
    if (this.connection?.isSending === true) this.connection.retire()
    this.settle(this.answer())
  }

  private answer(): Result {
    const { connection, headers, status } = this
    const encoding = headers["content-encoding"]
    // Without the exchange, which holds the request's body.
    const answer = { status, headers, text: this.text.decode(encoding), leave: () => connection?.retire() }
    if (this.wanted === undefined) return Effect.succeed(answer)
    const { budget, maxBody: max = 0 } = this.request
    return Effect.map(
      AnswerBody.decode(this.wanted.take(), encoding, { max, budget }, status),
      (body) => ({ ...answer, body })
    )
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
    this.wanted?.end()
    clearTimeout(this.timer)
  }

  private recover(error: Error): Result {
    if (error instanceof Connector.Failure) return Effect.fail(error.reason)
    // It may be the connection's fault: undici may not know yet, and keeps one over HTTP/2.
    if (this.controller !== undefined) this.connection?.retire()
    if (isJudged(this.request, this.status)) return this.answer()
    const reason = fromCause(error)
    const isStale = closed.has(reason.code) && this.openedAt < this.began && this.status === 0 &&
      performance.now() - this.began < soon
    return isStale ? this.again : Effect.fail(reason)
  }
}

/** In milliseconds. A server that fails later has had the request, and is not to be troubled with it at once. */
const soon = 1_000

/** The other side closed the connection, or had closed it. */
const closed: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])
