/**
 * One request for an access token by the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4), and its answer.
 */
import { Clock, Effect, Predicate, Result } from "effect"
import { Base64 } from "effect/encoding"
import * as HeaderValue from "./HeaderValue.ts"
import { type Request, type Response, type RoundTripper, textOf } from "./Network.ts"
import * as RetryAfter from "./RetryAfter.ts"
import * as Secrets from "./Secrets.ts"
import { NoCredential } from "./TransportError.ts"

/** What is asked for a token, and how. */
export interface Settings {
  /** What the endpoint calls this client. */
  readonly clientId: string
  /** Absolute; http or https. */
  readonly tokenUrl: string
  /** What a token is to be good for; where there is none, whatever the endpoint says. */
  readonly scopes: ReadonlyArray<string>
  /** Sent with each request for a token. */
  readonly endpointParams: Readonly<Record<string, string>>
}

export interface Grant {
  readonly accessToken: string
  /** The scheme of the header. */
  readonly type: string
  /** In milliseconds. */
  readonly lifetime: number
}

/** How a client shows who it is. An endpoint may know one way only. */
type Style = "header" | "form"

export interface TokenEndpoint {
  /** For texts. */
  readonly name: string
  /** Until it is known which style works, the second is tried when the first was refused. */
  readonly ask: (secret: string) => Effect.Effect<Grant, NoCredential>
  readonly failure: (detail: string) => NoCredential
  /** The forms in which a request has the client's secret. */
  readonly secrets: (secret: string) => ReadonlyArray<string>
}

/** `tokens` leads to the endpoint, and follows no redirects: they would lead the client's secret elsewhere. */
export const make = (settings: Settings, tokens: RoundTripper, userAgent: string | undefined): TokenEndpoint => {
  const { clientId, endpointParams, scopes, tokenUrl } = settings
  const { origin, pathname, search } = new URL(tokenUrl)
  const name = `the token endpoint ${origin}${pathname}`
  /** The style that worked. */
  let known: Style | undefined

  const request = (secret: string, style: Style): Request => ({
    method: "POST",
    origin,
    path: pathname + search,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...(userAgent === undefined ? {} : { "user-agent": userAgent }),
      ...(style === "header" ? { authorization: `Basic ${basic(secret)}` } : {})
    },
    body: encoder.encode(formOf({
      grant_type: "client_credentials",
      ...endpointParams,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
      ...(style === "form" ? { client_id: clientId, client_secret: secret } : {})
    })),
    maxBody: maxText,
    maxText
  })

  const basic = (secret: string): string => Base64.encode(`${queryEscape(clientId)}:${queryEscape(secret)}`)
  const hidden = Object.entries(endpointParams).flatMap(([name, value]) => secretParam.test(name) ? [value] : [])
  const secrets = (secret: string): ReadonlyArray<string> => [
    secret,
    queryEscape(secret),
    basic(secret),
    ...hidden,
    ...tokens.secrets
  ]
  const scrubbed = Secrets.remembering()
  const scrub = (text: string, secret: string): string => scrubbed(text, secrets(secret))
  const failure = (detail: string, answer?: Pick<NoCredential, "status" | "retryAfter">) =>
    new NoCredential({
      source: "token endpoint",
      status: answer?.status,
      detail: detail.slice(0, maxDetail),
      retryAfter: answer?.retryAfter
    })

  const grantIn = (secret: string, response: Response, now: number): Result.Result<Grant, NoCredential> => {
    const { headers, status } = response
    const answer = answerOf(response)
    const reason = [answer["error"], answer["error_description"]]
      .flatMap((text) => typeof text === "string" && text !== "" ? [`: ${oneLine(scrub(text, secret))}`] : [])
      .join("")
    const refuse = (what: string) =>
      failure(`${name} answered ${status}${what}`, {
        status,
        retryAfter: RetryAfter.parse(headers["retry-after"], now)
      })
    if (status < 200 || status > 299 || reason !== "") return Result.fail(refuse(reason))
    return Result.mapError(grantOf(answer), refuse)
  }

  const askIn = (style: Style, secret: string): Effect.Effect<Grant, NoCredential> =>
    tokens.roundTrip(request(secret, style)).pipe(
      Effect.mapError((error) => failure(`${name} did not answer: ${scrub(error.message, secret)}`)),
      Effect.flatMap((response) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const granted = grantIn(secret, response, now)
          if (Result.isFailure(granted)) response.leave()
          return Effect.fromResult(granted)
        })
      ),
      Effect.tap(() => Effect.sync(() => known = style))
    )

  return {
    name,
    ask: (secret) =>
      Effect.suspend(() =>
        known === undefined
          ? Effect.catchIf(askIn("header", secret), isRefusal, () => askIn("form", secret))
          : askIn(known, secret)
      ),
    failure,
    secrets
  }
}

/** An audience or a resource is none, and often what an endpoint's error is about. */
const secretParam = /assertion|key|password|secret|token/i

/** A large JSON Web Token, and some. In bytes. */
const maxText = 65_536

/** In characters. */
const maxDetail = 512

const encoder = new TextEncoder()

/** What Go's url.QueryEscape makes of a text. */
const queryEscape = (text: string): string =>
  new URLSearchParams([["", text]]).toString().slice(1).replaceAll("*", "%2A").replaceAll("%7E", "~")

const formOf = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields).map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`).join("&")

/** The endpoint is well, and does not take what it was sent. */
const isRefusal = ({ status = 0 }: NoCredential): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 429

/** JSON, or a form where the endpoint says so. */
const answerOf = (response: Response): Readonly<Record<string, unknown>> => {
  const text = textOf(response)
  const json = Result.try((): unknown => JSON.parse(text))
  if (Result.isSuccess(json)) return Predicate.isReadonlyObject(json.success) ? json.success : {}
  return formType.test(response.headers["content-type"] ?? "") ? Object.fromEntries(new URLSearchParams(text)) : {}
}

const formType = /^\s*(application\/x-www-form-urlencoded|text\/plain)\b/i

/** Fails with what is wrong, to follow the status. */
const grantOf = (answer: Readonly<Record<string, unknown>>): Result.Result<Grant, string> => {
  const { access_token: accessToken, token_type: type } = answer
  if (typeof accessToken !== "string" || accessToken === "") return Result.fail(" without an access_token")
  if (!isHeaderText(accessToken)) return Result.fail(" with an access_token that no header can carry")
  const lifetime = lifetimeOf(answer)
  if (typeof type !== "string" || type === "" || type.toLowerCase() === "bearer") {
    return Result.succeed({ accessToken, type: "Bearer", lifetime })
  }
  return isHeaderText(type)
    ? Result.succeed({ accessToken, type, lifetime })
    : Result.fail(" with a token_type that no header can carry")
}

/** Without an expiry, or with one that makes no sense, a token is good until a server refuses it. */
const lifetimeOf = ({ expires_in: expiresIn }: Readonly<Record<string, unknown>>): number => {
  const seconds = typeof expiresIn === "number" || typeof expiresIn === "string" ? Number(expiresIn) : Number.NaN
  return seconds >= 1 ? seconds * 1000 : Infinity
}

const isHeaderText = (text: string): boolean => HeaderValue.isValid(text) && !/\s/.test(text)

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, " ").trim()
