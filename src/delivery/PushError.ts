/**
 * Why an endpoint did not take a profile: one error, a closed union of reasons. The reason decides whether to try
 * again, an operator reads from it what to do, and a program matches on it with `Effect.catchReasons`.
 *
 * No text here ever holds a credential or a profile's bytes: `endpoint` is the URL without its user info, and of a
 * server's answer the beginning is kept.
 */
import { Duration, Result, Schema } from "effect"
import { Headers } from "effect/http"
import type * as Transport from "../transport/Transport.ts"
import * as Connect from "../wire/Connect.ts"

/** The server did not accept the credentials (401, 403). */
export class AuthError extends Schema.TaggedError<AuthError>()("AuthError", {
  status: Schema.Int,
  detail: Schema.String
}) {
  readonly isRetryable = false
  override get message(): string {
    return answered(this.status, this.detail)
  }
}

/** No trusted TLS connection: certificate unknown, expired, for another name; a protocol refused. */
export class TlsError extends Schema.TaggedError<TlsError>()("TlsError", {
  code: Schema.String,
  detail: Schema.String
}) {
  readonly isRetryable = false
  override get message(): string {
    return `TLS: ${this.detail} (${this.code})`
  }
}

/** No answer within `remote_timeout`. */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", {
  after: Schema.Duration
}) {
  readonly isRetryable = true
  override get message(): string {
    return `no answer within ${Duration.format(this.after)}`
  }
}

/** The connection was refused or reset, or the name does not resolve. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  code: Schema.String,
  detail: Schema.String
}) {
  readonly isRetryable = true
  override get message(): string {
    return `${this.detail} (${this.code})`
  }
}

/** 429: too much for now. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration)
}) {
  readonly isRetryable = true
  override get message(): string {
    return answered(429, this.detail)
  }
}

/** Another 3xx or 4xx: this profile, or this URL, will not do. Of these 408, 425 and 499 may pass. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  status: Schema.Int,
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration)
}) {
  get isRetryable(): boolean {
    return this.status === 408 || this.status === 425 || this.status === 499
  }
  override get message(): string {
    return answered(this.status, this.detail)
  }
}

/** 5xx. 501 and 505 are final. */
export class ServerFailure extends Schema.TaggedError<ServerFailure>()("ServerFailure", {
  status: Schema.Int,
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration)
}) {
  get isRetryable(): boolean {
    return this.status !== 501 && this.status !== 505
  }
  override get message(): string {
    return answered(this.status, this.detail)
  }
}

/** Over the server's size limit: 413, or 429 with Connect's word for it. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  status: Schema.Int,
  detail: Schema.String
}) {
  readonly isRetryable = false
  override get message(): string {
    return answered(this.status, this.detail)
  }
}

/** Older than the server takes, so it was not sent any more. */
export class Expired extends Schema.TaggedError<Expired>()("Expired", {
  age: Schema.Duration
}) {
  readonly isRetryable = false
  override get message(): string {
    return `expired after ${Duration.format(this.age)}`
  }
}

export const Reason = Schema.Union([
  AuthError,
  TlsError,
  Timeout,
  Unreachable,
  RateLimited,
  Rejected,
  ServerFailure,
  TooLarge,
  Expired
])
export type Reason = typeof Reason.Type

export class PushError extends Schema.TaggedError<PushError>()("PushError", {
  /** The endpoint's URL without credentials. */
  endpoint: Schema.String,
  reason: Reason
}) {
  /** Whether the same profile may be taken later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  /** How long the server asked to be left alone. */
  get retryAfter(): Duration.Duration | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined
  }
  override get message(): string {
    return `failed to push to ${this.endpoint}: ${this.reason.message}`
  }
}

const answered = (status: number, detail: string): string =>
  detail === "" ? `the server answered ${status}` : `the server answered ${status}: ${detail}`

/** Retry-After is believed up to this. */
const longestRetryAfter = Duration.hours(1)

/**
 * The reason for an answer that is no success, `undefined` for one that is. The HTTP status decides; what the body
 * calls the error is only quoted. `now` is in milliseconds since the epoch, for a Retry-After that is a date.
 */
export const fromResponse = (response: Transport.Response, now: number): Reason | undefined => {
  const { status } = response
  if (status >= 200 && status < 300) return undefined
  const detail = detailOf(response.text)
  if (status === 401 || status === 403) return new AuthError({ status, detail })
  if (status === 413 || (status === 429 && detail.includes("larger than configured max"))) {
    return new TooLarge({ status, detail })
  }
  const retryAfter = parseRetryAfter(response.headers["retry-after"], now)
  if (status === 429) return new RateLimited({ detail, retryAfter })
  return status >= 500
    ? new ServerFailure({ status, detail, retryAfter })
    : new Rejected({ status, detail, retryAfter })
}

/** Of Node, of OpenSSL, and of its verdicts on certificates. */
const tlsCode =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|ERROR_IN_C|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|PATH_LENGTH|INVALID_(CA|PURPOSE)|HOSTNAME)/
const timeoutCode = /^(UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT)$/

/** The reason for a request that got no answer; `timeout` is the attempt's. */
export const fromTransport = (error: Transport.TransportError, timeout: Duration.Duration): Reason => {
  if (timeoutCode.test(error.code)) return new Timeout({ after: timeout })
  return tlsCode.test(error.code)
    ? new TlsError({ code: error.code, detail: error.detail })
    : new Unreachable({ code: error.code, detail: error.detail })
}

const detailOf = (text: string): string => (Connect.parseError(text)?.message ?? text).trim()

const parseRetryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const parsed = Headers.parseRetryAfter(header)
  return Result.isFailure(parsed)
    ? undefined
    : Duration.min(Headers.retryAfterDelay(parsed.success, now), longestRetryAfter)
}
