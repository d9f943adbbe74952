/**
 * One configured client, of any number of servers: the headers, the credentials and the redirects that belong to it, over
 * the round trips of the network. A request costs what its settings need: what is not configured is not there.
 */
import { type Duration, Effect, type FileSystem, Result, type Scope, type SubscriptionRef } from "effect"
import { Base64 } from "effect/encoding"
import * as Authentication from "./Authentication.ts"
import type { Authenticator } from "./Authenticator.ts"
import * as HeaderValue from "./HeaderValue.ts"
import { type Headers, isPublic, Network, type Request, type Response, UnusableSettings } from "./Network.ts"
import * as Problems from "./Problems.ts"
import type * as Proxy from "./Proxy.ts"
import * as Redirects from "./Redirects.ts"
import * as Secrets from "./Secrets.ts"
import type * as Tls from "./Tls.ts"
import { mapDetail, type TransportError } from "./TransportError.ts"

/** Plain data: equal settings are one client. */
export interface Settings {
  /** Sent with each request; names in lower case. An `authorization` here goes before any credentials. */
  readonly headers: Headers
  /** Who sends them, if anybody says. */
  readonly authentication: Authentication.Settings | undefined
  /** What makes a connection trusted. */
  readonly tls: Tls.Settings
  /** The way to the server. */
  readonly proxy: Proxy.Settings
  /** Whether a redirect is followed; no credential goes to another host. */
  readonly followRedirects: boolean
  /** Whether HTTP/2 may be agreed on over TLS. */
  readonly http2: boolean
  /** From the first byte sent to the last received; for each redirect and for a token again. */
  readonly timeout: Duration.Duration
}

/** Sends requests, to any server. */
export interface Client {
  /** The request's headers go before the client's own. */
  readonly send: (request: Request) => Effect.Effect<Response, TransportError>
  /** What is the matter with its files, while something is. */
  readonly problems: SubscriptionRef.SubscriptionRef<Problems.All>
}

export const make = Effect.fnUntraced(function*(
  settings: Settings
): Effect.fn.Return<Client, UnusableSettings, FileSystem.FileSystem | Network | Scope.Scope> {
  const { headers: configured, http2, proxy, timeout, tls } = settings
  const fixedHeaders = encoded(configured)
  const userAgent = fixedHeaders["user-agent"]
  const problems = yield* Problems.make
  const network = yield* Network
  const { roundTrip, secrets } = yield* Effect.provideService(
    network.open({ tls, proxy, http2, timeout }),
    Problems.Problems,
    problems
  )
  const authenticator = settings.authentication === undefined || "authorization" in configured
    ? undefined
    : yield* Authentication.make(
      settings.authentication,
      ({ proxy, tls }) =>
        Effect.mapError(
          network.open({ tls, proxy, http2: true, timeout }),
          ({ detail }) => new UnusableSettings({ detail: `token endpoint: ${detail}` })
        ),
      typeof userAgent === "string" ? userAgent : undefined
    ).pipe(Effect.provideService(Problems.Problems, problems))

  const exchange = settings.followRedirects ? Redirects.follow(roundTrip) : roundTrip
  const scrubbed = Secrets.remembering()
  const fixed = [...secretsOf(configured), ...secrets]

  const attempt = (request: Request, authorization?: string) => {
    const sending = exchange({
      ...request,
      headers: authorization === undefined
        ? { ...fixedHeaders, ...request.headers }
        : { ...fixedHeaders, authorization: HeaderValue.encode(authorization), ...request.headers }
    })
    const scrub = (text: string) =>
      scrubbed(text, [
        ...fixed,
        ...authenticator?.secrets() ?? [],
        // It may have been replaced since.
        ...authorization === undefined ? [] : secretsIn(authorization)
      ])
    return Effect.mapBoth(sending, {
      onFailure: (error) => mapDetail(error, scrub),
      onSuccess: (response) => {
        const { lostBody, status, text } = response
        if (status < 300 && lostBody === undefined) {
          return response.body === undefined ? response : { ...response, scrub }
        }
        return {
          ...response,
          scrub,
          text: scrub(text),
          ...(lostBody && { lostBody: { ...lostBody, location: scrub(lostBody.location) } })
        }
      }
    })
  }

  return {
    problems,
    send: authenticator === undefined
      ? (request) => attempt(request)
      : (request) => authenticated(authenticator, request.origin, (header) => attempt(request, header))
  }
})

/** Sends requests to what is below the path of a URL, of which nothing but the origin counts besides. */
export const below = ({ send }: Client, url: string) => {
  const { origin, pathname } = new URL(url)
  const prefix = pathname.replace(/\/+$/, "")
  return (request: Omit<Request, "origin">): Effect.Effect<Response, TransportError> =>
    send({ ...request, origin, path: prefix + request.path })
}

/** A credential that is refused may have been replaced since: there is one more attempt with the new one. */
const authenticated = (
  { accepted, header, refused }: Authenticator,
  origin: string,
  attempt: (header: string) => Effect.Effect<Response, TransportError>
): Effect.Effect<Response, TransportError> => {
  const once = (header: string) =>
    Effect.map(attempt(header), (response) => {
      if (response.status !== 401 && response.isForeign !== true) accepted(header, origin)
      return response
    })
  return Effect.flatMap(header(origin), (first) =>
    Effect.flatMap(once(first), (response) => {
      if (response.status !== 401 || response.isForeign === true) return Effect.succeed(response)
      return Effect.flatMap(
        refused(first, origin),
        (hasOther) => hasOther ? Effect.flatMap(header(origin), once) : Effect.succeed(response)
      )
    }))
}

const encoded = (headers: Headers): Headers =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? HeaderValue.encode(value) : value.map(HeaderValue.encode)
    ])
  )

/** All that a configuration adds to requests may be a secret, but for what any server may see. */
const secretsOf = (headers: Headers): ReadonlyArray<string> =>
  Object.entries(headers).flatMap(([name, value]) => isPublic(name) ? [] : value).flatMap(secretsIn)

/** `Bearer abc` is as secret as `abc`, and of what `Basic` encodes the password is. */
const secretsIn = (value: string): ReadonlyArray<string> => {
  const [, scheme = "", secret = value] = /^([\w-]+) +(.*)$/s.exec(value) ?? []
  const decoded = scheme.toLowerCase() === "basic" ? Result.getOrUndefined(Base64.decodeString(secret)) : undefined
  return [value, secret, ...(decoded === undefined ? [] : [decoded.slice(decoded.indexOf(":") + 1)])]
}
