/**
 * `pyroscope.write`: profiles to every configured endpoint.
 */
import { Effect, Layer, Schema } from "effect"
import * as Forward from "../../delivery/Forward.ts"
import type { InvalidOptions } from "../../delivery/Options.ts"
import * as Queue from "../../delivery/Queue.ts"
import type { Receiver } from "../../delivery/Receiver.ts"
import * as RetrySchedule from "../../delivery/RetrySchedule.ts"
import { make } from "../../engine/Arguments.ts"
import * as Block from "../../engine/Block.ts"
import { type Component, ComponentId } from "../../engine/Component.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Labels from "../../profile/Labels.ts"
import type { Transport, UnusableSettings } from "../../transport/Transport.ts"
import * as HttpClient from "../HttpClient.ts"
import * as Limits from "../Limits.ts"
import * as Receivers from "../Receivers.ts"

/** An addition to the language: how much an endpoint may fall behind. */
const QueueSettings = Schema.Struct({
  max_bytes: Decode.withDefault(Decode.ByteSize.check(Limits.atLeast(1)), Queue.defaults.maxBytes),
  when_full: Decode.withDefault(Decode.enumeration(["drop_oldest", "drop_newest", "reject"]), Queue.defaults.whenFull),
  max_age: Decode.withDefault(Decode.Duration.check(Limits.positive), Forward.defaults.maxAge),
  concurrency: Decode.withDefault(Decode.Int.check(Limits.atLeast(1)), Forward.defaults.concurrency)
})

const EndpointArguments = Schema.Struct({
  url: HttpClient.Url,
  name: Decode.withDefault(Decode.String, ""),
  remote_timeout: Decode.withDefault(Decode.Duration.check(Limits.positive), Forward.defaults.timeout),
  headers: Decode.withDefault(HttpClient.Headers, {}),
  min_backoff_period: Decode.withDefault(Decode.Duration.check(Limits.positive), RetrySchedule.defaults.minBackoff),
  max_backoff_period: Decode.withDefault(Decode.Duration.check(Limits.positive), RetrySchedule.defaults.maxBackoff),
  max_backoff_retries: Decode.withDefault(Decode.Int.check(Limits.atLeast(0)), RetrySchedule.defaults.maxRetries),
  retry_on_http_429: Decode.withDefault(Decode.Bool, RetrySchedule.defaults.retryRateLimited),
  backoff_jitter: Decode.withDefault(Decode.Bool, RetrySchedule.defaults.jitter),
  queue: Block.optional(QueueSettings),
  debug_info_upload_timeout: Block.unsupported,
  ...HttpClient.Arguments.fields
}).check(HttpClient.rules, HttpClient.userInfoRule)
type EndpointArguments = typeof EndpointArguments.Type

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

const optionsOf = (args: EndpointArguments): Forward.EndpointOptions => {
  const { authentication, followRedirects, headers, http2, proxy, tls } = HttpClient.settingsOf(args, args.headers)
  return {
    name: args.name,
    url: args.url,
    timeout: args.remote_timeout,
    headers,
    followRedirects,
    http2,
    proxy,
    tls,
    ...(authentication && { auth: authentication }),
    retry: {
      minBackoff: args.min_backoff_period,
      maxBackoff: args.max_backoff_period,
      maxRetries: args.max_backoff_retries,
      rateLimited: args.retry_on_http_429,
      jitter: args.backoff_jitter
    },
    ...(args.queue && {
      queue: {
        maxBytes: args.queue.max_bytes,
        whenFull: args.queue.when_full,
        maxAge: args.queue.max_age,
        concurrency: args.queue.concurrency
      }
    })
  }
}

type Failure = Schema.SchemaError | InvalidOptions | UnusableSettings

/** `Forward.layerNoDeps`, with options in the spelling of configurations. */
export const layer = (options: Options): Layer.Layer<Receiver, Failure, Transport> =>
  Layer.unwrap(
    Effect.gen(function*() {
      const { endpoint, external_labels } = yield* make(Arguments, options)
      const id = yield* ComponentId
      return Forward.layerNoDeps({
        ...(id !== "" && { id }),
        externalLabels: external_labels,
        endpoints: endpoint.map(optionsOf)
      })
    })
  )

export const component: Component<Arguments, Receiver, Failure, Transport> = {
  name: "pyroscope.write",
  arguments: Arguments,
  exports: { receiver: Receivers.exported },
  layer
}
