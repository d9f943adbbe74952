/**
 * Why a request is not taken: a closed set of reasons, what the sender is told, and what is counted.
 */
import { Data, Duration } from "effect"
import { HttpServerResponse } from "effect/http"
import type * as Receiver from "../delivery/Receiver.ts"
import * as Connect from "../wire/Connect.ts"
import type * as Body from "./Body.ts"

/** There are few, so that they can be labels of metrics. */
export const reasons = [
  /** Another path. */
  "not_found",
  "method",
  "content_type",
  /** Of the content. */
  "encoding",
  /** What cannot be read: no HTTP, no gzip, no protobuf, no JSON, a parameter that is none. */
  "malformed",
  /** Those that no server would take. */
  "labels",
  /** No profile in it. */
  "empty",
  /** The body, or a profile larger than any queue. */
  "too_large",
  /** Nothing says how long the body is. */
  "length",
  /** It took too long to come. */
  "timeout",
  /** Its sender went away before all of it had come. */
  "aborted",
  /** What all requests may hold in memory is held. */
  "busy",
  /** A queue that is set to refuse is full. */
  "queue_full",
  /** More connections than there may be. */
  "connections",
  "shutdown",
  /** Of ours. */
  "defect"
] as const

export type Reason = (typeof reasons)[number]

/** An answer that is no success. */
export class Refusal extends Data.TaggedError("Refusal")<{
  readonly reason: Reason
  readonly status: number
  readonly code: Connect.Code
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}> {}

/** What is counted and said of it. */
export type Refused = Pick<Refusal, "reason" | "detail">

/** Errors are Connect's JSON, whoever asks. */
export const answer = ({ code, detail, headers, status }: Refusal): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(Connect.errorBody(code, detail), {
    status,
    contentType: "application/json",
    ...(headers === undefined ? {} : { headers })
  })

export const notFound = new Refusal({ reason: "not_found", status: 404, code: "not_found", detail: "not found" })

export const method = (given: string): Refusal =>
  new Refusal({
    reason: "method",
    status: 405,
    code: "unimplemented",
    detail: `${given} is not allowed, use POST`,
    headers: { allow: "POST" }
  })

export const contentType = (given: string | undefined, supported: string): Refusal =>
  new Refusal({
    reason: "content_type",
    status: 415,
    code: "invalid_argument",
    detail: `unsupported content type ${JSON.stringify(given ?? "")}, use one of ${supported}`,
    headers: { "accept-post": supported }
  })

/** One that is not gzip. */
export const compression = (given: string): Refusal =>
  new Refusal({
    reason: "encoding",
    status: 501,
    code: "unimplemented",
    detail: `unknown compression ${JSON.stringify(given)}: supported encodings are gzip`
  })

/** One that servers do not undo on `/ingest`. */
export const encoding = (given: string): Refusal =>
  new Refusal({
    reason: "encoding",
    status: 415,
    code: "invalid_argument",
    detail: `unsupported content encoding ${JSON.stringify(given)}: servers do not decompress this format`,
    headers: { "accept-encoding": "identity" }
  })

const invalid = (reason: Reason, detail: string): Refusal =>
  new Refusal({ reason, status: 400, code: "invalid_argument", detail })

export const malformed = (detail: string): Refusal => invalid("malformed", detail)

export const labels = (detail: string): Refusal => invalid("labels", detail)

export const empty = invalid("empty", "no profiles received")

export const tooLarge = (detail: string): Refusal =>
  new Refusal({ reason: "too_large", status: 413, code: "invalid_argument", detail })

export type BodyError = Body.BodyTooLarge | Body.Busy | Body.LengthRequired | Body.Incomplete

export const fromBody = (error: Refusal | BodyError): Refusal => {
  const detail = error.message
  switch (error._tag) {
    case "BodyTooLarge":
      return tooLarge(detail)
    case "Busy":
      return new Refusal({ reason: "busy", status: 503, code: "unavailable", detail, headers: retryAfter(1) })
    case "LengthRequired":
      return new Refusal({ reason: "length", status: 411, code: "invalid_argument", detail })
    case "Incomplete":
      return incomplete(error)
    case "Refusal":
      return error
  }
}

const incomplete = ({ message: detail, why }: Body.Incomplete): Refusal => {
  switch (why) {
    case "aborted":
      return new Refusal({ reason: "aborted", status: 499, code: "canceled", detail })
    case "timeout":
      return new Refusal({ reason: "timeout", status: 408, code: "deadline_exceeded", detail })
    case "malformed":
      return malformed(detail)
  }
}

const retryAfter = (seconds: number) => ({ "retry-after": String(Math.ceil(seconds)) })

export const fromReceiver = ({ message, reason }: Receiver.Refused): Refusal => {
  switch (reason._tag) {
    case "InvalidLabels":
      return labels(message)
    case "EmptyProfile":
      return invalid("empty", message)
    case "ProfileTooLarge":
      return tooLarge(message)
    case "QueueFull": {
      // Which queue is not for senders: its name is the endpoint's URL.
      const headers = retryAfter(Duration.toSeconds(reason.retryAfter))
      const detail = `a queue is full, retry after ${Duration.format(reason.retryAfter)}`
      return new Refusal({ reason: "queue_full", status: 429, code: "resource_exhausted", detail, headers })
    }
    case "Stopped": {
      const headers = retryAfter(1)
      return new Refusal({ reason: "shutdown", status: 503, code: "unavailable", detail: message, headers })
    }
  }
}
