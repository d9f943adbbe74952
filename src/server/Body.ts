/**
 * The body of a request, read within limits.
 *
 * A declared length over the limit is refused before a byte is read, an undeclared one as soon as it is over. All
 * requests share a budget, so that many slow senders together cannot hold more than it, nor many that decompress; none
 * of them can hold it for longer than the listener's read timeout.
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

/** The sender went away. */
export class Aborted extends Data.TaggedError("Aborted") {
  override get message(): string {
    return "the request ended before its body"
  }
}

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
): Effect.Effect<Uint8Array, BodyTooLarge | Busy | Aborted> =>
  Effect.callback((resume) => {
    const message = NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage
    if (Number(message.headers["content-length"] ?? 0) > maxBytes) {
      return resume(Effect.fail(new BodyTooLarge({ maxBytes })))
    }
    if (message.headers.expect !== undefined) {
      ;(NodeHttpServerRequest.toServerResponse(request) as ServerResponse).writeContinue()
    }
    const chunks: Array<Uint8Array> = []
    let bytes = 0
    const onData = (chunk: Uint8Array): void => {
      chunks.push(chunk)
      bytes += chunk.byteLength
      budget.used += chunk.byteLength
      if (bytes > maxBytes) done(Effect.fail(new BodyTooLarge({ maxBytes })))
      else if (budget.used > budget.maxBytes) done(Effect.fail(new Busy()))
    }
    const onEnd = (): void => done(Effect.succeed(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    const onClose = (): void => done(Effect.fail(new Aborted()))
    const stop = (): void => {
      budget.used -= bytes
      message.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose)
    }
    const done = (result: Effect.Effect<Uint8Array, BodyTooLarge | Busy | Aborted>): void => {
      stop()
      resume(result)
    }
    message.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose)
    return Effect.sync(stop)
  })
