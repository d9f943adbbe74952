/**
 * Round trips to servers: a request goes out, an answer comes back, whatever lies between.
 */
import { Context, Data, type Duration, type Effect, type Scope } from "effect"
import type { Budget } from "./Budget.ts"
import type { Problems } from "./Problems.ts"
import type * as Proxy from "./Proxy.ts"
import type * as Tls from "./Tls.ts"
import type { TransportError } from "./TransportError.ts"

/** Names in lower case, values with a character for each byte; a list is sent as that many headers. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

/** Of all that a configuration may add these are no secrets: any server may see them, and any text may quote them. */
const publicNames: ReadonlySet<string> = new Set([
  "accept",
  "connect-protocol-version",
  "content-encoding",
  "content-type",
  "user-agent",
  "x-agent-id",
  // The tenant: data must not get to another one.
  "x-scope-orgid"
])

export const isPublic = (name: string): boolean => publicNames.has(name)

/** A request to any server. */
export interface Request {
  /** A token of HTTP: `GET`, `POST`. */
  readonly method: string
  /** Scheme, host and port: `https://profiles.example:4040`. */
  readonly origin: string
  /** Path and query, from the root. */
  readonly path: string
  /** Go before the client's own. */
  readonly headers: Headers
  /** Sent as it is. */
  readonly body: Uint8Array | undefined
  /** A server has led there. */
  readonly isRedirected?: boolean
  /**
   * Where the body of a success is what is asked for: how much of it there may be, in bytes, when it is decoded. All of it
   * has to come within the timeout, else there is no answer.
   */
  readonly maxBody?: number
  /** What this body shares with others while it is read. Where it finds no room there is no answer. */
  readonly budget?: Budget
  /** For the answer, a new connection included, instead of the client's. */
  readonly timeout?: Duration.Duration
  /** How much of the text of other answers to read, in bytes, as far as it comes soon after the head: 2048. */
  readonly maxText?: number
}

/** A server's answer. */
export interface Response {
  /** Of HTTP: 200. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The beginning of the body, where that is not what was asked for. */
  readonly text: string
  /** All of it where it is, decoded as its Content-Encoding says. */
  readonly body?: Uint8Array
  /** Takes the secrets that the client has out of what is to be said of the body or a header, where it has any. */
  readonly scrub?: (text: string) => string
  /** It came from another host, which did not get the credentials. */
  readonly isForeign?: boolean
  /** A redirect made a GET of the request: its body has gone nowhere. */
  readonly lostBody?: { readonly status: number; readonly location: string }
  /**
   * For an answer that is about the server and not about the request, such as a 503: the next requests go out on
   * another connection than that of this answer, for another server may be at its end. What else is in flight on this
   * one may finish, then it is closed. To call it twice or late does no harm; over an application's own `HttpClient` it
   * does nothing.
   */
  readonly leave: () => void
}

/** Whether an answer's status says what has become of the request, whatever becomes of the answer's body. */
export const isJudged = ({ maxBody }: Request, status: number): boolean =>
  status >= 300 || (status >= 200 && maxBody === undefined)

/** What an answer says, whether or not it was asked for. */
export const textOf = ({ body, text }: Response): string => body === undefined ? text : new TextDecoder().decode(body)

/** An error's text says what went wrong in its beginning. */
export const defaultMaxText = 2048

export interface Settings {
  readonly tls: Tls.Settings
  readonly proxy: Proxy.Settings
  /** Whether HTTP/2 may be agreed on over TLS. */
  readonly http2: boolean
  /** From a request's first byte to the last of its answer, a new connection included. */
  readonly timeout: Duration.Duration
}

/** Keeps connections for the next requests. */
export interface RoundTripper {
  readonly roundTrip: (request: Request) => Effect.Effect<Response, TransportError>
  /** Of the way: what no text may show. */
  readonly secrets: ReadonlyArray<string>
}

/** Settings that nothing can be sent with. */
export class UnusableSettings extends Data.TaggedError("UnusableSettings")<{
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

export class Network extends Context.Service<Network, {
  readonly open: (settings: Settings) => Effect.Effect<RoundTripper, UnusableSettings, Problems | Scope.Scope>
}>()("pyroduct/transport/Network") {}
