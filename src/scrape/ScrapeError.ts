/**
 * Why a scrape has given no profile: a closed union. Each says its `kind`, for a metric's label, and in its message what
 * an operator needs to know. None of them holds a credential: texts of servers have been scrubbed by the transport.
 */
import { Data, Duration } from "effect"
import type * as Receiver from "../delivery/Receiver.ts"
import type { TransportError } from "../transport/TransportError.ts"

/** There are few, so that they can be labels of metrics. */
export const kinds = [
  "unreachable",
  "tls",
  "timeout",
  "proxy",
  "credentials",
  "redirect",
  "not_found",
  "status",
  "body",
  "too_large",
  "no_room",
  "empty",
  "invalid",
  "delta",
  "refused",
  "defect"
] as const

export type Kind = (typeof kinds)[number]

/** No answer came from the target, or it cannot be asked. */
export class TransportFailed extends Data.TaggedError("TransportFailed")<{
  readonly cause: Exclude<TransportError, { readonly _tag: "BadAnswer" }>
}> {
  get kind(): Kind {
    switch (this.cause._tag) {
      case "NoConnection":
        return kindOfConnection[this.cause.kind]
      case "ProxyRefused":
        return "proxy"
      case "NoCredential":
        return "credentials"
      case "BadRedirect":
        return "redirect"
    }
  }
  override get message(): string {
    return this.cause.message
  }
}

const kindOfConnection = { network: "unreachable", timeout: "timeout", tls: "tls", request: "invalid" } as const

/** The profile has not come in time. */
export class TimedOut extends Data.TaggedError("TimedOut")<{
  /** How long it was waited for. */
  readonly duration: Duration.Duration
}> {
  readonly kind: Kind = "timeout"
  override get message(): string {
    return `no profile within ${Duration.format(this.duration)}`
  }
}

/** An answer with another status than 2xx. 404 is a kind of its own: the target has no such profile. */
export class HttpStatus extends Data.TaggedError("HttpStatus")<{
  readonly status: number
  /** The beginning of what the target said, in one line; empty if it said nothing. */
  readonly text: string
}> {
  get kind(): Kind {
    return this.status === 404 ? "not_found" : "status"
  }
  override get message(): string {
    return `server returned HTTP status (${this.status}) ${this.text}`.trimEnd()
  }
}

/** The body of an answer broke off, or is not encoded as it says. */
export class UnreadableBody extends Data.TaggedError("UnreadableBody")<{
  readonly detail: string
}> {
  readonly kind: Kind = "body"
  override get message(): string {
    return `failed to read body: ${this.detail}`
  }
}

export class TooLarge extends Data.TaggedError("TooLarge")<{
  /** How much there may be of a profile, in bytes. */
  readonly maxBytes: number
}> {
  readonly kind: Kind = "too_large"
  override get message(): string {
    return `the profile is larger than ${this.maxBytes} bytes`
  }
}

/** All answers that are being read and worked on have no more memory. */
export class NoRoom extends Data.TaggedError("NoRoom")<{
  readonly detail: string
}> {
  readonly kind: Kind = "no_room"
  override get message(): string {
    return `failed to read body: ${this.detail}`
  }
}

/** A success without a body. */
export class EmptyProfile extends Data.TaggedError("EmptyProfile")<{
  /** The name of the type of profile. */
  readonly type: string
}> {
  readonly kind: Kind = "empty"
  override get message(): string {
    return `empty ${this.type} profile`
  }
}

/** A success with something else than a profile. */
export class InvalidProfile extends Data.TaggedError("InvalidProfile")<{
  readonly detail: string
}> {
  readonly kind: Kind = "invalid"
  override get message(): string {
    return `invalid profile data: ${this.detail}`
  }
}

/** What changed since the profile before cannot be told. */
export class DeltaFailed extends Data.TaggedError("DeltaFailed")<{
  readonly detail: string
}> {
  readonly kind: Kind = "delta"
  override get message(): string {
    return `cannot tell what is new in the profile: ${this.detail}`
  }
}

/** A receiver has not taken the profile. */
export class Refused extends Data.TaggedError("Refused")<{
  readonly cause: Receiver.Refused
}> {
  readonly kind: Kind = "refused"
  override get message(): string {
    return `profile refused: ${this.cause.message}`
  }
}

/** A defect of ours. The next scrape is another try. */
export class Defect extends Data.TaggedError("Defect")<{
  readonly detail: string
}> {
  readonly kind: Kind = "defect"
  override get message(): string {
    return `defect in the scraper: ${this.detail}`
  }
}

export type ScrapeError =
  | TransportFailed
  | TimedOut
  | HttpStatus
  | UnreadableBody
  | TooLarge
  | NoRoom
  | EmptyProfile
  | InvalidProfile
  | DeltaFailed
  | Refused
  | Defect

/** For a request that asked for `maxBytes` at most. */
export const fromTransport = (error: TransportError, maxBytes: number): ScrapeError => {
  if (error._tag !== "BadAnswer") return new TransportFailed({ cause: error })
  switch (error.reason) {
    case "TooLarge":
      return new TooLarge({ maxBytes })
    case "NoRoom":
      return new NoRoom({ detail: error.detail })
    case "Undecodable":
      return new UnreadableBody({ detail: error.detail })
  }
}
