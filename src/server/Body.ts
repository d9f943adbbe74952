/**
 * The body of a request, read within limits.
 *
 * A declared length over the limit is refused before a byte is read, an undeclared one as soon as it is over. All
 * requests share a budget, so that many slow senders together cannot hold more than it, nor many that decompress; none
 * of them can hold it for longer than the listener's read timeout.
 *
 * Reading is what the sender's leaving interrupts. What comes after it is not, so that a body that is there is not lost.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Data, Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import type { IncomingMessage, ServerResponse } from "node:http"

/** The body is over `maxBytes`. */
export class BodyTooLarge extends Data.TaggedError("BodyTooLarge")<{ readonly maxBytes: number }> {
  override get message(): string {
    return `the body is larger than the ${this.maxBytes} bytes that are taken`
  }
}

/** Too many bodies are being read at once. */
export class Busy extends Data.TaggedError("Busy") {
  override get message(): string {
    return "too many requests are being received"
  }
}

/** Nothing says how long the body is, so it has none (RFC 9112, 6.3): what was meant as one would be lost in silence. */
export class LengthRequired extends Data.TaggedError("LengthRequired") {
  override get message(): string {
    return "a body needs a Content-Length, or Transfer-Encoding: chunked"
  }
}

/** There will be no more of the body: the sender went away, was too slow, or sends what is no HTTP. */
export class Incomplete extends Data.TaggedError("Incomplete")<{
  readonly why: "aborted" | "timeout" | "malformed"
}> {
  override get message(): string {
    switch (this.why) {
      case "aborted":
        return "the request ended before its body"
      case "timeout":
        return "the request took too long"
      case "malformed":
        return "malformed request"
    }
  }
}

/** Tells whoever reads the body of a request that there will be no more of it. */
export const cutOff = (message: IncomingMessage, why: Incomplete["why"]): void => {
  const error = new Incomplete({ why })
  over.set(message, error)
  message.emit(cut, error)
}

const over = new WeakMap<IncomingMessage, Incomplete>()

const cut = "pyroduct.cut"

export interface Limits {
  readonly maxBytes: number
  readonly budget: Budget
}

/** Bytes that may be held by requests, all together. */
export interface Budget {
  readonly maxBytes: number
  used: number
}

/** Counts further bytes against the budget for as long as an effect runs that holds them. */
export const holding = <A, E, R>(
  budget: Budget,
  bytes: number,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | Busy, R> =>
  Effect.suspend((): Effect.Effect<A, E | Busy, R> => {
    if (budget.used + bytes > budget.maxBytes) return Effect.fail(new Busy())
    budget.used += bytes
    return Effect.ensuring(
      effect,
      Effect.sync(() => {
        budget.used -= bytes
      })
    )
  })

export const makeBudget = (maxBytes: number): Budget => ({ maxBytes, used: 0 })

export const read = (
  request: HttpServerRequest.HttpServerRequest,
  { budget, maxBytes }: Limits
): Effect.Effect<Uint8Array, BodyTooLarge | Busy | LengthRequired | Incomplete> =>
  Effect.interruptible(Effect.callback((resume) => {
    const message = messageOf(request)
    const incomplete = over.get(message)
    if (incomplete !== undefined) return resume(Effect.fail(incomplete))
    if (!hasBody(message)) return resume(Effect.fail(new LengthRequired()))
    if (Number(message.headers["content-length"] ?? 0) > maxBytes) {
      return resume(Effect.fail(new BodyTooLarge({ maxBytes })))
    }
    if (message.headers.expect !== undefined) {
      ;(NodeHttpServerRequest.toServerResponse(request) as ServerResponse).writeContinue()
    }
    const pieces = gathering(Number(message.headers["content-length"] ?? 0))
    let bytes = 0
    const onData = (chunk: Uint8Array): void => {
      bytes += chunk.byteLength
      budget.used += chunk.byteLength
      if (bytes > maxBytes) done(Effect.fail(new BodyTooLarge({ maxBytes })))
      else if (budget.used > budget.maxBytes) done(Effect.fail(new Busy()))
      else pieces.add(chunk)
    }
    const onEnd = (): void => done(Effect.succeed(pieces.join()))
    const onCut = (error: Incomplete): void => done(Effect.fail(error))
    const onClose = (): void => onCut(new Incomplete({ why: "aborted" }))
    const stop = (): void => {
      budget.used -= bytes
      message.off("data", onData).off("end", onEnd).off(cut, onCut).off("close", onClose).off("error", onClose)
    }
    const done = (result: Effect.Effect<Uint8Array, BodyTooLarge | Busy | Incomplete>): void => {
      stop()
      resume(result)
    }
    message.on("data", onData).on("end", onEnd).on(cut, onCut).on("close", onClose).on("error", onClose)
    return Effect.sync(stop)
  }))

/** Whether there is a body that has not been read and that its sender does not hold back until it is asked for it. */
export const isComing = (request: HttpServerRequest.HttpServerRequest): boolean => {
  const message = messageOf(request)
  if (message.complete || over.has(message) || !hasBody(message)) return false
  return message.headers.expect === undefined || message.readableDidRead
}

/** So much of what nobody wants is read for its sender's sake: as much as a Pyroscope server takes by default. */
export const maxDiscarded = 256 * 1024 * 1024

/** Reads on until the body is over, or too much of it came, and keeps nothing of it. */
export const discard = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void> =>
  Effect.interruptible(Effect.callback((resume) => {
    const message = messageOf(request)
    let left = maxDiscarded
    const onData = (chunk: Uint8Array): void => {
      left -= chunk.byteLength
      if (left < 0) done()
    }
    const stop = (): void => {
      message.off("data", onData).off("end", done).off(cut, done).off("close", done).off("error", done)
    }
    const done = (): void => {
      stop()
      resume(Effect.void)
    }
    if (message.complete || message.destroyed || over.has(message)) return resume(Effect.void)
    message.on("data", onData).on("end", done).on(cut, done).on("close", done).on("error", done)
    return Effect.sync(stop)
  }))

const messageOf = (request: HttpServerRequest.HttpServerRequest): IncomingMessage =>
  NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage

/** Another transfer coding would be taken for the body itself. */
const hasBody = ({ headers }: IncomingMessage): boolean => {
  const coding = headers["transfer-encoding"]
  return coding === undefined ? headers["content-length"] !== undefined : coding.toLowerCase() === "chunked"
}

/**
 * The pieces of a body, in the end as one. Once a quarter of its length is there, further ones are put in their places as
 * they come: to copy tens of megabytes at once takes long, and twice the memory. Before that a sender could take memory
 * by saying a length.
 */
const gathering = (length: number) => {
  const pieces: Array<Uint8Array> = []
  let bytes = 0
  let body: Uint8Array | undefined
  return {
    add: (piece: Uint8Array): void => {
      if (body === undefined) pieces.push(piece)
      else body.set(piece, bytes)
      bytes += piece.byteLength
      if (body === undefined && bytes < length && 4 * bytes >= length) {
        body = joined(pieces, length)
        pieces.length = 0
      }
    },
    join: (): Uint8Array => body ?? (pieces.length === 1 ? pieces[0]! : joined(pieces, bytes))
  }
}

/** Memory of its own: a small part of Node's pool would keep all of it for as long as a profile waits. */
const joined = (pieces: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const body = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const piece of pieces) {
    body.set(piece, at)
    at += piece.byteLength
  }
  return body
}
