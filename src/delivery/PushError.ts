/**
 * Why an endpoint did not take a profile: one error, a closed union of reasons. Each reason says what it `concerns`,
 * which decides whether to try again; an operator reads from it what to do, and a program matches on it with
 * `Effect.catchReasons`.
 *
 * No text here ever holds a credential or a profile's bytes: `endpoint` is the URL without its user info, and of a
 * server's answer the beginning is kept.
 */
import { Duration, Effect, Result, Schema } from "effect"
import * as RetryAfter from "../transport/RetryAfter.ts"
import type * as Transport from "../transport/Transport.ts"
import type { NoConnection } from "../transport/TransportError.ts"
import * as Connect from "../wire/Connect.ts"

/**
 * What a failure is about. `profile`: this one will never do, and the endpoint is there. `endpoint`: any profile would
 * have failed, and this one may be taken later.
 */
export const Concern = Schema.Literals(["profile", "endpoint"])
export type Concern = typeof Concern.Type

/** Who answered: what lies on the way to a server may answer in its place. */
const Party = Schema.Literals(["server", "proxy"]).pipe(
  Schema.withConstructorDefault(Effect.succeed<"server" | "proxy">("server"))
)

/**
 * A credential was not accepted, by the server (401, 403), by the proxy (407) or by the token endpoint of OAuth 2.0; or
 * there was none to send. A token is renewed, a file appears, a grant is given: it concerns the endpoint.
 */
export class AuthError extends Schema.TaggedError<AuthError>()("AuthError", {
  source: Schema.Literals(["server", "proxy", "token endpoint", "credential file"]),
  /** `undefined` where nobody answered. */
  status: Schema.UndefinedOr(Schema.Int),
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration)
}) {
  readonly concerns: Concern = "endpoint"
  override get message(): string {
    return this.source === "server" ? answered("server", this.status, this.detail) : this.detail
  }
}

/** No trusted TLS connection: certificate unknown, expired, for another name; a protocol or a client certificate refused. */
export class TlsError extends Schema.TaggedError<TlsError>()("TlsError", {
  code: Schema.String,
  detail: Schema.String
}) {
  readonly concerns: Concern = "endpoint"
  override get message(): string {
    return `TLS: ${this.detail} (${this.code})`
  }
}

/** No answer within `remote_timeout`. */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", {
  after: Schema.Duration
}) {
  readonly concerns: Concern = "endpoint"
  override get message(): string {
    return `no answer within ${Duration.format(this.after)}`
  }
}

/** The connection was refused or reset, the name does not resolve, or the proxy cannot reach the server. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  code: Schema.String,
  detail: Schema.String
}) {
  readonly concerns: Concern = "endpoint"
  override get message(): string {
    return `${this.detail} (${this.code})`
  }
}

/** 429: too much for now. Where it is not to be retried it is taken as being about the profile. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  by: Party,
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration),
  concerns: Concern.pipe(Schema.withConstructorDefault(Effect.succeed<Concern>("endpoint")))
}) {
  override get message(): string {
    return answered(this.by, 429, this.detail)
  }
}

/** Of the statuses below 500, those that say nothing about what was sent, but about where or when. */
const aboutEndpoint: ReadonlySet<number> = new Set([404, 405, 407, 408, 425, 499])

/**
 * Another 3xx or 4xx. 404, 405, 407, 408, 425, 499, a redirect that is not followed and all that a proxy answers to
 * CONNECT concern the endpoint, another 4xx the profile, as does a request that cannot be made, which has no status.
 */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  by: Party,
  status: Schema.UndefinedOr(Schema.Int),
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration)
}) {
  get concerns(): Concern {
    if (this.status === undefined) return "profile"
    return this.by === "proxy" || this.status < 400 || aboutEndpoint.has(this.status) ? "endpoint" : "profile"
  }
  override get message(): string {
    return answered(this.by, this.status, this.detail)
  }
}

/** 5xx. */
export class ServerFailure extends Schema.TaggedError<ServerFailure>()("ServerFailure", {
  by: Party,
  status: Schema.Int,
  detail: Schema.String,
  retryAfter: Schema.UndefinedOr(Schema.Duration)
}) {
  readonly concerns: Concern = "endpoint"
  override get message(): string {
    return answered(this.by, this.status, this.detail)
  }
}

/** Over the server's size limit: 413, or 429 with Connect's word for it. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  status: Schema.Int,
  detail: Schema.String
}) {
  readonly concerns: Concern = "profile"
  override get message(): string {
    return answered("server", this.status, this.detail)
  }
}

/** Older than the server takes, so it was not sent any more. */
export class Expired extends Schema.TaggedError<Expired>()("Expired", {
  age: Schema.Duration
}) {
  readonly concerns: Concern = "profile"
  override get message(): string {
    return `expired after ${Duration.format(this.age)}`
  }
}

/** Why a push has failed. */
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

/**
 * Of all reasons.
 *
 * @internal
 */
export const tags: ReadonlyArray<Reason["_tag"]> = Reason.members.map(({ identifier }) => identifier as Reason["_tag"])

/** An endpoint has not taken a profile, for the reason in it. */
export class PushError extends Schema.TaggedError<PushError>()("PushError", {
  /** The endpoint's URL without credentials. */
  endpoint: Schema.String,
  reason: Reason
}) {
  get concerns(): Concern {
    return this.reason.concerns
  }
  /** Whether the same profile may be taken later. */
  get isRetryable(): boolean {
    return this.concerns === "endpoint"
  }
  /** How long the server asked to be left alone. */
  get retryAfter(): Duration.Duration | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined
  }
  override get message(): string {
    return `failed to push to ${this.endpoint}: ${this.reason.message}`
  }
}

/** What is said of a proxy tells which one it is and what it answered. */
const answered = (by: "server" | "proxy", status: number | undefined, detail: string): string => {
  if (by === "proxy" || status === undefined) return detail
  return detail === "" ? `the server answered ${status}` : `the server answered ${status}: ${detail}`
}

/**
 * What a push's outcome is seen against.
 *
 * @internal
 */
export interface Circumstances {
  /** How long an answer was waited for. */
  readonly timeout: Duration.Duration
  /** Whether 429 is to be retried. */
  readonly retryRateLimited: boolean
  /** Milliseconds since the epoch, for a Retry-After that is a date. */
  readonly now: number
}

/**
 * The reason for whatever came of a push, `undefined` if the server has taken the profile.
 *
 * @internal
 */
export const reasonOf = (
  result: Result.Result<Transport.Response, Transport.TransportError>,
  circumstances: Circumstances
): Reason | undefined =>
  Result.match(result, {
    onFailure: (error) => fromTransport(error, circumstances),
    onSuccess: (response) => fromResponse(response, circumstances)
  })

/** The HTTP status decides; what the body calls the error is only quoted. */
const fromResponse = (
  { headers, lostBody, status, text }: Transport.Response,
  circumstances: Circumstances
): Reason | undefined => {
  if (status < 200 || status > 299) {
    const detail = (Connect.parseError(text)?.message ?? text).trim()
    if (status === 413 || (status === 429 && detail.includes("larger than configured max"))) {
      return new TooLarge({ status, detail })
    }
    return fromStatus("server", status, detail, headers["retry-after"], circumstances)
  }
  // Whatever the answer is about, it is not about the profile.
  return lostBody && new Rejected({
    status: lostBody.status,
    detail: `the redirect to ${lostBody.location} made a GET of the push, so the profile was not taken`,
    retryAfter: undefined
  })
}

const fromStatus = (
  by: "server" | "proxy",
  status: number,
  detail: string,
  retryAfterHeader: string | undefined,
  { now, retryRateLimited }: Circumstances
): Reason => {
  const retryAfter = RetryAfter.parse(retryAfterHeader, now)
  if (status === 401 || status === 403 || (status === 407 && by === "proxy")) {
    return new AuthError({ source: by, status, detail, retryAfter })
  }
  if (status === 429) {
    return new RateLimited({ by, detail, retryAfter, concerns: retryRateLimited ? "endpoint" : "profile" })
  }
  return status >= 500
    ? new ServerFailure({ by, status, detail, retryAfter })
    : new Rejected({ by, status, detail, retryAfter })
}

const fromTransport = (error: Transport.TransportError, circumstances: Circumstances): Reason => {
  switch (error._tag) {
    case "NoConnection":
      return fromConnection(error, circumstances.timeout)
    case "ProxyRefused":
      return fromStatus("proxy", error.status, error.detail, error.retryAfter, circumstances)
    case "NoCredential":
      return new AuthError({
        source: error.source,
        status: error.status,
        detail: error.detail,
        retryAfter: error.retryAfter
      })
    case "BadAnswer":
    case "BadRedirect":
      return new Rejected({ status: error.status, detail: error.detail, retryAfter: undefined })
  }
}

const fromConnection = ({ code, detail, kind }: NoConnection, timeout: Duration.Duration): Reason => {
  switch (kind) {
    case "timeout":
      return new Timeout({ after: timeout })
    case "tls":
      return new TlsError({ code, detail })
    case "network":
      return new Unreachable({ code, detail })
    case "request":
      return new Rejected({ status: undefined, detail: `${detail} (${code})`, retryAfter: undefined })
  }
}
