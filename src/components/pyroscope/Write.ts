/**
 * `pyroscope.write`: profiles to every configured endpoint.
 */
import { Duration, Effect, Layer, Redacted, Schema, Scope } from "effect"
import * as Endpoint from "../../delivery/Endpoint.ts"
import * as FanOut from "../../delivery/FanOut.ts"
import * as Queue from "../../delivery/Queue.ts"
import * as RetrySchedule from "../../delivery/RetrySchedule.ts"
import { make } from "../../engine/Arguments.ts"
import * as Block from "../../engine/Block.ts"
import type { Component } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Labels from "../../profile/Labels.ts"
import { Receiver } from "../../profile/Receiver.ts"
import * as Authentication from "../../transport/Authentication.ts"
import type { Transport } from "../../transport/Transport.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"

/** Anything else could never be pushed to. */
const Url = Decode.String.check(Schema.makeFilter((text) => urlProblem(text)))

const urlProblem = (text: string): string | undefined => {
  if (!URL.canParse(text)) return "must be an absolute URL such as \"https://profiles.example\""
  const { protocol, username, password } = new URL(text)
  if (protocol !== "http:" && protocol !== "https:") return `unsupported protocol scheme "${protocol.slice(0, -1)}"`
  return Authentication.isUserInfo(username) && Authentication.isUserInfo(password)
    ? undefined
    : "the user info of the URL holds an invalid escape"
}

/** What a header can carry; the line break at the end of a token is the usual mistake. */
const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

const headersProblem = (headers: Readonly<Record<string, string>>): string | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return `must be headers: ${JSON.stringify(name)} is not the name of one`
    if (!isHeaderValue(value)) return `must be headers: the value of ${name} holds what a header cannot carry`
  }
  return undefined
}

const Headers = Decode.map(Decode.String).check(Schema.makeFilter(headersProblem))

const Token = Decode.Secret.check(
  Schema.makeFilter((token) => isHeaderValue(Redacted.value(token)) ? undefined : "holds what a header cannot carry")
)

const BasicAuth = Schema.Struct({
  username: Decode.withDefault(Decode.String, ""),
  password: Decode.optional(Decode.Secret),
  password_file: Block.unsupported
})

/** An addition to the language: how much an endpoint may fall behind. */
const QueueSettings = Schema.Struct({
  max_bytes: Decode.withDefault(Decode.ByteSize.check(Limits.atLeast(1)), Queue.defaults.maxBytes),
  when_full: Decode.withDefault(Decode.enumeration(["drop_oldest", "drop_newest", "reject"]), Queue.defaults.whenFull),
  max_age: Decode.withDefault(Decode.Duration.check(Limits.positive), Duration.hours(1)),
  concurrency: Decode.withDefault(Decode.Int.check(Limits.atLeast(1)), 8)
})

const EndpointArguments = Schema.Struct({
  url: Url,
  name: Decode.withDefault(Decode.String, ""),
  remote_timeout: Decode.withDefault(Decode.Duration.check(Limits.positive), Duration.seconds(10)),
  headers: Decode.withDefault(Headers, {}),
  min_backoff_period: Decode.withDefault(Decode.Duration.check(Limits.positive), RetrySchedule.defaults.minBackoff),
  max_backoff_period: Decode.withDefault(Decode.Duration.check(Limits.positive), RetrySchedule.defaults.maxBackoff),
  max_backoff_retries: Decode.withDefault(Decode.Int.check(Limits.atLeast(0)), RetrySchedule.defaults.maxRetries),
  retry_on_http_429: Decode.withDefault(Decode.Bool, RetrySchedule.defaults.retryRateLimited),
  backoff_jitter: Decode.withDefault(Decode.Bool, RetrySchedule.defaults.jitter),
  bearer_token: Decode.optional(Token),
  basic_auth: Block.optional(BasicAuth),
  queue: Block.optional(QueueSettings),
  authorization: Block.unsupported,
  bearer_token_file: Block.unsupported,
  debug_info_upload_timeout: Block.unsupported,
  enable_http2: Block.unsupported,
  follow_redirects: Block.unsupported,
  http_headers: Block.unsupported,
  no_proxy: Block.unsupported,
  oauth2: Block.unsupported,
  proxy_connect_header: Block.unsupported,
  proxy_from_environment: Block.unsupported,
  proxy_url: Block.unsupported,
  tls_config: Block.unsupported
}).check(Schema.makeFilter(({ basic_auth, bearer_token }) =>
  basic_auth !== undefined && isGiven(bearer_token)
    ? "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
    : undefined
))
type EndpointArguments = typeof EndpointArguments.Type

/** An empty token is none: it may come from a variable that is not set. */
const isGiven = (token: Redacted.Redacted<string> | undefined): token is Redacted.Redacted<string> =>
  token !== undefined && Redacted.value(token) !== ""

/** An empty value removes a label, so only names matter of those. */
const ExternalLabels = Decode.map(Decode.String).check(Schema.makeFilter((labels) => {
  const mistake = Labels.check(new Map(Object.entries(labels)))
  return mistake === undefined || mistake.reason === "Missing" ? undefined : `must be labels: ${mistake.message}`
}))

export const Arguments = Schema.Struct({
  external_labels: Decode.withDefault(ExternalLabels, {}),
  endpoint: Block.many(EndpointArguments),
  tracing: Block.unsupported
})
export type Arguments = typeof Arguments.Type

/** Arguments as an application writes them: what has a default may be left out. */
export type Options = Parameters<typeof Arguments.make>[0]

const settingsOf = (args: EndpointArguments): Endpoint.Settings => {
  const queue = args.queue ?? QueueSettings.make({})
  return {
    name: args.name,
    url: new URL(args.url),
    remoteTimeout: args.remote_timeout,
    headers: args.headers,
    credentials: credentialsOf(args),
    lane: {
      queue: { maxBytes: queue.max_bytes, whenFull: queue.when_full },
      concurrency: queue.concurrency,
      maxAge: queue.max_age,
      retry: {
        minBackoff: args.min_backoff_period,
        maxBackoff: args.max_backoff_period,
        maxRetries: args.max_backoff_retries,
        retryRateLimited: args.retry_on_http_429,
        jitter: args.backoff_jitter
      }
    }
  }
}

const credentialsOf = ({ basic_auth, bearer_token }: EndpointArguments): Authentication.Credentials | undefined => {
  if (isGiven(bearer_token)) return Authentication.bearer(bearer_token)
  return basic_auth && Authentication.basic(basic_auth.username, basic_auth.password)
}

/** A receiver that forwards to every endpoint. Closing its scope drains the queues, all at the same time. */
export const layer = (options: Options): Layer.Layer<Receiver, Schema.SchemaError, Transport> =>
  Layer.effect(
    Receiver,
    Effect.gen(function*() {
      const args = yield* make(Arguments, options)
      const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
      const lanes = yield* Effect.forEach(args.endpoint, (endpoint) =>
        Effect.flatMap(Scope.fork(scope), (own) => Scope.provide(Endpoint.make(settingsOf(endpoint)), own)))
      return FanOut.make({ externalLabels: args.external_labels }, lanes)
    })
  )

export const component: Component<Arguments, Receiver, Schema.SchemaError, Transport> = {
  name: "pyroscope.write",
  arguments: Arguments,
  exports: { receiver: Receivers.exported },
  layer
}
