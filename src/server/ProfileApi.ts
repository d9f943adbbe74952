/**
 * The two ways in which profiles are sent over HTTP, as a Pyroscope server has them: `push.v1` over Connect unary
 * (protobuf or JSON) and `/ingest` in every format.
 *
 * Answers are truthful: 200 only for what was accepted, a 4xx for what can never be, 429 or 503 with Retry-After for
 * what may be later. Profile bytes are not looked into.
 */
import { Clock, Effect, Option, Result } from "effect"
import { HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { Refused } from "../delivery/Receiver.ts"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Compression from "../wire/Compression.ts"
import * as Connect from "../wire/Connect.ts"
import * as Ingest from "../wire/Ingest.ts"
import * as PushV1 from "../wire/PushV1.ts"
import * as Body from "./Body.ts"
import type * as Listener from "./Listener.ts"
import * as Refusal from "./Refusal.ts"
import type * as Requests from "./Requests.ts"
import * as Turns from "./Turns.ts"

export interface Settings {
  /** Of a body, before and after decompression. */
  readonly maxBytes: number
  /** Of what all requests hold at a time; twice `maxBytes`, and at least 32 MiB, where it is not given. */
  readonly maxHeldBytes?: number
  /** Asked of all profiles of a request before the first is accepted, so that a malformed one leaves nothing behind. */
  readonly check: (profile: Profile.Profile) => Refused | undefined
  /** Refuses by itself what `check` would. */
  readonly accept: (profile: Profile.Profile) => Effect.Effect<unknown, Refused>
  /** Waited for before the profiles of a request are accepted, however many there are. */
  readonly ready?: Effect.Effect<void>
  /** Is told of every request. */
  readonly requests: Requests.Requests
}

export const defaults: Pick<Settings, "maxBytes"> = { maxBytes: 64 * 1024 * 1024 }

/**
 * What all requests may hold together. One alone never holds more than twice the largest body: its body, what comes out
 * of it, what is made of that. Where bodies are small, many of them find room at a time.
 */
const heldBytes = (maxBytes: number): number => Math.max(2 * maxBytes, 32 * 1024 * 1024)

/** So many bytes of messages are decoded in a turn, ten times what is usual, or so many profiles handed over. */
const perTurn = { bytes: 1024 * 1024, profiles: 256 }

const turns = Turns.make(perTurn.bytes)

export const make = (settings: Settings): Listener.Handler => {
  const limits: Body.Limits = {
    maxBytes: settings.maxBytes,
    budget: Body.makeBudget(settings.maxHeldBytes ?? heldBytes(settings.maxBytes))
  }
  const { requests } = settings
  return Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const [path, query] = split(request.url)
    const exchange: Requests.Exchange = {
      request,
      path,
      route: routes[path] ?? "unknown",
      remote: Option.getOrUndefined(request.remoteAddress),
      started: yield* Monotonic.now,
      bytes: 0,
      labels: undefined
    }
    return yield* answer(exchange, query, settings, limits).pipe(
      Effect.tap(({ status }) => requests.answered(exchange, status)),
      Effect.catch((refusal) =>
        Effect.as(requests.answered(exchange, refusal.status, refusal), Refusal.answer(refusal))
      ),
      Effect.tapCause((cause) =>
        Effect.flatMap(
          HttpServerError.causeResponse(cause),
          ([{ status }]) => requests.answered(exchange, status, unanswered(status))
        )
      )
    )
  })
}

/** It was interrupted, or a defect has ended it. */
const unanswered = (status: number): Refusal.Refused => {
  switch (status) {
    case 499:
      return { reason: "aborted", detail: "the sender went away" }
    case 503:
      return { reason: "shutdown", detail: "shutting down" }
    default:
      return { reason: "defect", detail: "a defect of pyroduct itself" }
  }
}

type Route = "push" | "ingest" | "unknown"

const routes: Readonly<Record<string, Route>> = {
  "/push.v1.PusherService/Push": "push",
  "/ingest": "ingest",
  "/pyroscope/ingest": "ingest"
}

/** Path and query; SDKs append their path to a URL that may end in a slash. */
const split = (url: string): readonly [path: string, query: string] => {
  const mark = url.indexOf("?")
  const path = mark < 0 ? url : url.slice(0, mark)
  return [path.includes("//") ? path.replace(/\/{2,}/g, "/") : path, mark < 0 ? "" : url.slice(mark + 1)]
}

const answer = (
  exchange: Requests.Exchange,
  query: string,
  settings: Settings,
  limits: Body.Limits
): Effect.Effect<HttpServerResponse.HttpServerResponse, Refusal.Refusal> => {
  const { request: { method }, route } = exchange
  if (route === "unknown") return Effect.fail(Refusal.notFound)
  if (method !== "POST") return Effect.fail(Refusal.method(method))
  return route === "push" ? push(exchange, settings, limits) : ingest(exchange, query, settings, limits)
}

// ---- /push.v1.PusherService/Push ----

const push = Effect.fnUntraced(function*(exchange: Requests.Exchange, settings: Settings, limits: Body.Limits) {
  const { headers } = exchange.request
  const format = formats.get(mediaType(headers["content-type"]))
  if (format === undefined) return yield* Refusal.contentType(headers["content-type"], supported)
  const version = headers["connect-protocol-version"]
  if (version !== undefined && version !== "1") {
    return yield* Refusal.malformed(`connect-protocol-version must be "1": got ${JSON.stringify(version)}`)
  }
  const timeout = headers["connect-timeout-ms"]
  if (timeout && !Connect.isTimeout(timeout)) {
    return yield* Refusal.malformed(`connect-timeout-ms must be at most ten digits: got ${JSON.stringify(timeout)}`)
  }
  const within = { ...limits, maxBytes: Math.min(limits.maxBytes, format.maxBytes) }
  const received = yield* readBody(exchange, within)
  const message = yield* decompressed(received, encodingOf(exchange.request), within)
  const accepted = acceptMessage(exchange, message, format, settings, limits)
  yield* Effect.mapError(Body.holding(limits.budget, message.byteLength, accepted), Refusal.fromBody)
  return format.success
})

const acceptMessage = Effect.fnUntraced(function*(
  exchange: Requests.Exchange,
  message: Uint8Array,
  format: Format,
  settings: Settings,
  { budget, maxBytes }: Body.Limits
) {
  yield* turns(message.byteLength)
  const decoded = format.decode(message)
  if (Result.isFailure(decoded)) return yield* Refusal.malformed(decoded.failure.message)
  const profiles = yield* profilesOf(decoded.success)
  // No more than there is room for.
  const made = Math.min(PushV1.heapBytes(decoded.success, message), maxBytes)
  yield* Body.holding(budget, made, acceptAll(exchange, profiles, settings))
})

const acceptAll = Effect.fnUntraced(function*(
  exchange: Requests.Exchange,
  profiles: ReadonlyArray<Profile.Profile>,
  settings: Settings
) {
  if (profiles.length > 1) {
    for (const [index, profile] of profiles.entries()) {
      if (endsTurn(index)) yield* turns(perTurn.bytes)
      exchange.labels = profile.labels
      const refused = settings.check(profile)
      if (refused !== undefined) return yield* Refusal.fromReceiver(refused)
    }
  }
  if (settings.ready !== undefined) yield* settings.ready
  for (const [index, profile] of profiles.entries()) {
    if (endsTurn(index)) yield* turns(perTurn.bytes)
    exchange.labels = profile.labels
    yield* Effect.mapError(settings.accept(profile), Refusal.fromReceiver)
  }
})

/** After so many profiles of a request. */
const endsTurn = (profiles: number): boolean => profiles > 0 && profiles % perTurn.profiles === 0

interface Format {
  readonly decode: typeof PushV1.decode
  readonly maxBytes: number
  readonly success: HttpServerResponse.HttpServerResponse
}

const formats: ReadonlyMap<string, Format> = new Map([
  ["application/proto", {
    decode: PushV1.decode,
    maxBytes: Infinity,
    success: HttpServerResponse.empty({
      status: 200,
      headers: { "content-type": "application/proto", "content-length": "0" }
    })
  }],
  ["application/json", {
    decode: PushV1.decodeJson,
    maxBytes: PushV1.maxJsonBytes,
    success: HttpServerResponse.text("{}", { contentType: "application/json" })
  }]
])

const supported = [...formats.keys()].join(", ")

const mediaType = (contentType: string | undefined): string =>
  contentType === undefined ? "" : contentType.split(";", 1)[0]!.trim().toLowerCase()

/** The message, for which there is room beside what it comes from. */
const decompressed = (
  bytes: Uint8Array,
  encoding: string,
  { budget, maxBytes }: Body.Limits
): Effect.Effect<Uint8Array, Refusal.Refusal> => {
  if (encoding === "identity" || bytes.byteLength === 0) return Effect.succeed(bytes)
  if (encoding !== "gzip") return Effect.fail(Refusal.compression(encoding))
  const inflate = (limit: number) => Body.holding(budget, bytes.byteLength + limit, Compression.gunzip(bytes, limit))
  const claimed = Math.max(1, Math.min(Compression.claimedSize(bytes) ?? maxBytes, maxBytes))
  return inflate(claimed).pipe(
    // What is larger than it says is only looked at further where there is room for as much as there may be.
    Effect.catchTag("TooLarge", (error) => claimed < maxBytes ? inflate(maxBytes) : Effect.fail(error)),
    Effect.catchTags({
      TooLarge: (error) => Effect.fail(Refusal.tooLarge(error.message)),
      Malformed: (error) => Effect.fail(Refusal.malformed(error.message))
    }),
    Effect.mapError(Refusal.fromBody)
  )
}

const profilesOf = (
  series: ReadonlyArray<PushV1.Series>
): Effect.Effect<ReadonlyArray<Profile.Series>, Refusal.Refusal> => {
  if (series.length === 0) return Effect.fail(Refusal.empty)
  const profiles: Array<Profile.Series> = []
  for (const { labels, samples } of series) {
    if (samples.length === 0) return Effect.fail(Refusal.empty)
    // A rule on the way may still give them other names. What goes out is checked in any case.
    const checked = Labels.fromPairs(labels, (name) => name !== "")
    if (Result.isFailure(checked)) {
      return Effect.fail(Refusal.labels(`invalid labels in profile: ${checked.failure.message}`))
    }
    profiles.push(Profile.series(checked.success, samples))
  }
  return Effect.succeed(profiles)
}

// ---- /ingest ----

const ingest = Effect.fnUntraced(function*(
  exchange: Requests.Exchange,
  query: string,
  settings: Settings,
  limits: Body.Limits
) {
  const { request } = exchange
  const contentType = request.headers["content-type"]
  const now = yield* Clock.currentTimeNanos
  const received = Ingest.receive({ query, contentType }, now)
  if (Result.isFailure(received)) {
    const { _tag, message } = received.failure
    return yield* _tag === "LabelError" ? Refusal.labels(`name: ${message}`) : Refusal.malformed(message)
  }
  exchange.labels = received.success.labels
  const encoding = encodingOf(request)
  if (encoding !== "identity" && !(encoding === "gzip" && Ingest.isSniffed({ query, contentType }))) {
    return yield* Refusal.encoding(encoding)
  }
  const body = yield* readBody(exchange, limits)
  const profile = Profile.ingest({ ...received.success, contentType, body })
  const accepted = acceptAll(exchange, [profile], settings)
  yield* Effect.mapError(Body.holding(limits.budget, body.byteLength, accepted), Refusal.fromBody)
  return ingested
})

const ingested = HttpServerResponse.empty({ status: 200, headers: { "content-length": "0" } })

// ---- what both have ----

/** An empty one is none. */
const encodingOf = ({ headers }: HttpServerRequest.HttpServerRequest): string =>
  headers["content-encoding"]?.trim().toLowerCase() || "identity"

const readBody = (exchange: Requests.Exchange, limits: Body.Limits): Effect.Effect<Uint8Array, Refusal.Refusal> =>
  Effect.mapBoth(Body.read(exchange.request, limits), {
    onFailure: Refusal.fromBody,
    onSuccess: (body) => {
      exchange.bytes = body.byteLength
      return body
    }
  })
