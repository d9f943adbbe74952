/**
 * Why a request got no answer of the server's.
 *
 * `detail` is a text for operators. None of them holds a credential: URLs are without user info and query, and what a
 * server said has been scrubbed.
 */
import { Data, Duration } from "effect"

/** The connection could not be made, or broke. */
export class NoConnection extends Data.TaggedError("NoConnection")<{
  /** The system's, TLS's or undici's word for it, such as `ECONNREFUSED`. */
  readonly code: string
  readonly detail: string
}> {
  get kind(): Kind {
    return kindOf(this.code)
  }
  override get message(): string {
    return `${this.detail} (${this.code})`
  }
}

/** What a failed connection means: the network's fault, a peer that is not trusted, or a request that can never be sent. */
export type Kind = "network" | "timeout" | "tls" | "request"

/** The proxy did not let the request through. */
export class ProxyRefused extends Data.TaggedError("ProxyRefused")<{
  readonly status: number
  /** The proxy's Retry-After. */
  readonly retryAfter: string | undefined
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/** There is no credential to send. */
export class NoCredential extends Data.TaggedError("NoCredential")<{
  readonly source: "credential file" | "token endpoint"
  /** What the token endpoint answered. */
  readonly status: number | undefined
  readonly detail: string
  /** How long the token endpoint asked to be left alone. */
  readonly retryAfter?: Duration.Duration | undefined
}> {
  static ofFile(detail: string): NoCredential {
    return new NoCredential({ source: "credential file", status: undefined, detail })
  }
  override get message(): string {
    return this.detail
  }
}

/** A redirect that cannot be followed. */
export class BadRedirect extends Data.TaggedError("BadRedirect")<{
  readonly status: number
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/** The body that was asked for cannot be had. */
export class BadAnswer extends Data.TaggedError("BadAnswer")<{
  readonly status: number
  /** Larger than the request allows, or than there is room for, or not in the encoding that it says it is in. */
  readonly reason: "TooLarge" | "NoRoom" | "Undecodable"
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/** Why a request got no answer of the server's. */
export type TransportError = NoConnection | ProxyRefused | NoCredential | BadRedirect | BadAnswer

/**
 * The same error with another detail.
 *
 * @internal
 */
export const mapDetail = (error: TransportError, f: (detail: string) => string): TransportError => {
  const detail = f(error.detail)
  if (detail === error.detail) return error
  switch (error._tag) {
    case "NoConnection":
      return new NoConnection({ ...error, detail })
    case "ProxyRefused":
      return new ProxyRefused({ ...error, detail })
    case "NoCredential":
      return new NoCredential({ ...error, detail })
    case "BadRedirect":
      return new BadRedirect({ ...error, detail })
    case "BadAnswer":
      return new BadAnswer({ ...error, detail })
  }
}

/** Of Node, of OpenSSL, and of its verdicts on certificates, of which Node calls `UNSPECIFIED` those it has no code for. */
const tlsCode =
  /^(UNSPECIFIED$|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO$|CERT_|CRL_|ERROR_IN_C|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|PATH_LENGTH|INVALID_(CA|PURPOSE)|HOSTNAME)/
/** A connection that broke, or a peer in trouble: no verdict on who it is. */
const brokenTlsCode =
  /_(INTERNAL_ERROR|BAD_RECORD_MAC|DECRYPTION_FAILED\w*|DECODE_ERROR|USER_CANCELL?ED|UNEXPECTED_EOF\w*)$/
const timeoutCode = /^(UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT)$/
/** Not of an HTTP/2 session or stream that is invalid because it has ended. */
const requestCode =
  /^(UND_ERR_(INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)|ERR_INVALID_(URL|ARG)|ERR_HTTP2_INVALID_(CONNECTION_HEADERS|HEADER|PSEUDOHEADER))/

const kindOf = (code: string): Kind => {
  if (timeoutCode.test(code)) return "timeout"
  if (tlsCode.test(code)) return brokenTlsCode.test(code) ? "network" : "tls"
  return requestCode.test(code) ? "request" : "network"
}

/**
 * The server, or whatever lies before it, said nothing.
 *
 * @internal
 */
export const noAnswer = (timeout: Duration.Duration): NoConnection =>
  new NoConnection({ code: "ETIMEDOUT", detail: `no answer within ${Duration.format(timeout)}` })

/** Of Node's, for whoever started it. */
const advice = /; if the root CA is installed locally.*/

const detailOf = (error: object): string => {
  // OpenSSL's message has its reason between the number of a thread and a line of its source.
  if ("library" in error && "reason" in error) return String(error.reason)
  return "message" in error && error.message !== "" ? String(error.message).replace(advice, "") : "connection failed"
}

/**
 * The first error with a code, from the outside in, says what happened: a `fetch failed` only wraps it.
 *
 * @internal
 */
export const fromCause = (error: unknown): NoConnection => {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === "object" && current !== null; depth++) {
    if ("code" in current && typeof current.code === "string") {
      return new NoConnection({ code: current.code, detail: detailOf(current) })
    }
    if ("errors" in current && Array.isArray(current.errors)) current = current.errors[0]
    else if ("cause" in current) current = current.cause
    else break
  }
  return new NoConnection({ code: "UNKNOWN", detail: error instanceof Error ? error.message : "connection failed" })
}
