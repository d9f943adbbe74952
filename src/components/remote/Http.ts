/**
 * `remote.http`: what a server answers to a request that is repeated, exported whenever it changes.
 */
import { Data, Duration, Effect, Layer, Schema, type Scope } from "effect"
import * as Endpoint from "../../delivery/Endpoint.ts"
import { Identity } from "../../delivery/Identity.ts"
import { make as makeArguments } from "../../engine/Arguments.ts"
import * as Block from "../../engine/Block.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Whitespace from "../../evaluation/Whitespace.ts"
import * as Exposure from "../../syntax/Exposure.ts"
import * as Outages from "../../telemetry/Outages.ts"
import * as Authentication from "../../transport/Authentication.ts"
import { Transport, type TransportError, type UnusableSettings } from "../../transport/Transport.ts"
import { noAnswer } from "../../transport/TransportError.ts"
import * as Content from "../Content.ts"
import * as HttpClient from "../HttpClient.ts"
import * as Limits from "../Limits.ts"

const Settings = Schema.Struct({
  url: HttpClient.WholeUrl,
  /** An empty one is the default, as in Go. */
  method: Decode.withDefault(
    Decode.String.check(
      Schema.makeFilter((name) => /^[\w!#$%&'*+.^`|~-]*$/.test(name) ? undefined : "is no method of HTTP")
    ),
    "GET"
  ),
  headers: Decode.withDefault(HttpClient.Headers, {}),
  /** Credentials, perhaps. */
  body: Decode.withDefault(Decode.String.annotate({ [Decode.exposure]: Exposure.short }), ""),
  poll_frequency: Decode.withDefault(Decode.Duration, Duration.minutes(1)),
  poll_timeout: Decode.withDefault(Decode.Duration, Duration.seconds(10)),
  is_secret: Decode.withDefault(Decode.Bool, false),
  client: Block.optional(HttpClient.Arguments)
})

export const Arguments = Settings.check(
  Limits.positiveAt("poll_frequency"),
  Limits.positiveAt("poll_timeout"),
  Schema.makeFilter(({ poll_frequency, poll_timeout }: typeof Settings.Type) =>
    Duration.isLessThan(poll_timeout, poll_frequency)
      ? undefined
      : { path: ["poll_timeout"], issue: "poll_timeout must be less than poll_frequency" }
  ),
  Schema.makeFilter(({ client, url }: typeof Settings.Type) => client && HttpClient.userInfoProblem(url, client))
)
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

export class PollFailed extends Data.TaggedError("PollFailed")<{
  /** With the URL, as far as it may be shown. */
  readonly reason: string
}> {
  override get message(): string {
    return `${outage}: ${this.reason}`
  }
}

const outage = "polling failed"

/** As large as a file may be. */
const maxBody = 4 * 1024 * 1024

/** Of what a server says is wrong, in characters. */
const maxText = 200

/** Fails if there is no content to begin with. Later it keeps what it has until there is other. */
export const make = Effect.fnUntraced(function*(
  args: Arguments
): Effect.fn.Return<Content.Content["Service"], PollFailed | UnusableSettings, Transport | Scope.Scope> {
  const poll = yield* polling(args)
  const content = yield* Content.make(yield* poll, args.is_secret)
  const outages = yield* Outages.make
  yield* poll.pipe(
    Effect.matchEffect({
      onFailure: ({ reason }) => outages.begin(outage, reason),
      onSuccess: (text) => Effect.andThen(Content.set(content, text), outages.end(outage))
    }),
    Effect.delay(args.poll_frequency),
    Effect.forever,
    Effect.forkScoped
  )
  return content
})

const polling = Effect.fnUntraced(function*(args: Arguments) {
  const { body, method, poll_timeout } = args
  const url = new URL(args.url)
  const name = Endpoint.nameOf(url)
  const { userAgent } = yield* Identity
  const settings = HttpClient.settingsOf(args.client ?? HttpClient.Arguments.make({}), args.headers)
  const client = yield* (yield* Transport).connect({
    ...settings,
    headers: { "user-agent": userAgent, ...settings.headers },
    authentication: Authentication.fromUrl(url) ?? settings.authentication,
    timeout: poll_timeout
  })
  // A server may repeat whatever it was sent, and only of headers it is known what is secret.
  const mayQuote = url.search === "" && body === ""
  const late = Effect.fail(noAnswer(poll_timeout))
  return client.send({
    method: method === "" ? "GET" : method,
    origin: url.origin,
    path: url.pathname + url.search,
    headers: {},
    body: body === "" ? undefined : new TextEncoder().encode(body),
    maxBody
  }).pipe(
    // A redirect and a request for a token have a timeout each.
    Effect.timeoutOrElse({ duration: poll_timeout, orElse: () => late }),
    Effect.mapError((error: TransportError) => error.message),
    Effect.flatMap(({ body = new Uint8Array(0), leave, status, text }) => {
      if (status === 200) return contentOf(body)
      if (status >= 500) leave()
      const said = mayQuote ? text.trim().replace(/\s+/g, " ").slice(0, maxText) : ""
      return Effect.fail(`the server answered ${status}${said === "" ? "" : `: ${said}`}`)
    }),
    Effect.mapError((reason) => new PollFailed({ reason: `${name}: ${reason}` }))
  )
})

const contentOf = (body: Uint8Array): Effect.Effect<string, string> =>
  Effect.try({
    try: () => Whitespace.trim(new TextDecoder("utf-8", { fatal: true }).decode(body)),
    catch: () => "the answer is not UTF-8"
  })

type Failure = Schema.SchemaError | PollFailed | UnusableSettings

export const layer = (options: Options): Layer.Layer<Content.Content, Failure, Transport> =>
  Layer.effect(Content.Content, Effect.flatMap(makeArguments(Arguments, options), make))

export const component: Component<Arguments, Content.Content, Failure, Transport> = {
  name: "remote.http",
  arguments: Arguments,
  exports: { content: Content.exported },
  layer
}
