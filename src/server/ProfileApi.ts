/**
 * The two ways in which profiles are sent over HTTP, as a Pyroscope server has them: `push.v1` over Connect unary
 * (protobuf or JSON) and `/ingest` in every format.
 *
 * Answers are truthful: 200 only for what was accepted, a 4xx for what can never be, 429 or 503 with Retry-After for
 * what may be later. Profile bytes are not looked into.
 */
import { Clock, Data, Duration, Effect, type Metric, Result } from "effect"
import { HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { Refused } from "../delivery/Receiver.ts"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import type * as Metrics from "../telemetry/Metrics.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Compression from "../wire/Compression.ts"
import * as Connect from "../wire/Connect.ts"
import * as Ingest from "../wire/Ingest.ts"
import * as PushV1 from "../wire/PushV1.ts"
import * as Body from "./Body.ts"
import type * as Listener from "./Listener.ts"
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
  /** Takes the seconds from a request's head to its answer; by `route` and `status_code`. */
  readonly duration: typeof Metrics.requestDuration
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

export const make = (settings: Settings): Effect.Effect<Listener.Handler> =>
  Effect.map(Effect.context<never>(), (context) => {
    const limits: Body.Limits = {
      maxBytes: settings.maxBytes,
      budget: Body.makeBudget(settings.maxHeldBytes ?? heldBytes(settings.maxBytes))
    }
    const duration = durations(settings.duration)
    return Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      const started = yield* Monotonic.now
      const [path, query] = split(request.url)
      const route = routes[path] ?? "unknown"
      const observe = ({ status }: HttpServerResponse.HttpServerResponse) =>
        Effect.map(Monotonic.now, (now) => duration(route, status).updateUnsafe((now - started) / 1000, context))
      return yield* answer(route, request, query, settings, limits).pipe(
        Effect.tap(observe),
        // 499 where the sender went away.
        Effect.tapCause((cause) =>
          Effect.flatMap(HttpServerError.causeResponse(cause), ([response]) => observe(response))
        )
      )
    })
  })

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

const durations = (make: Settings["duration"]) => {
  const metrics = new Map<string, Metric.Metric<number, Metric.HistogramState>>()
  return (route: Route, status: number) => {
    const key = `${route} ${status}`
    const known = metrics.get(key)
    if (known !== undefined) return known
    const metric = make({ route, status_code: String(status) })
    metrics.set(key, metric)
    return metric
  }
}

/** An answer that is no success. */
class Failure extends Data.TaggedError("Failure")<{
  readonly status: number
  readonly code: Connect.Code
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}> {}

const invalid = (detail: string): Failure => new Failure({ status: 400, code: "invalid_argument", detail })

const answer = (
  route: Route,
  request: HttpServerRequest.HttpServerRequest,
  query: string,
  settings: Settings,
  limits: Body.Limits
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (route === "unknown") {
    return Effect.succeed(refuse(new Failure({ status: 404, code: "not_found", detail: "not found" })))
  }
  if (request.method !== "POST") {
    const detail = `${request.method} is not allowed, use POST`
    const headers = { allow: "POST" }
    return Effect.succeed(refuse(new Failure({ status: 405, code: "unimplemented", detail, headers })))
  }
  return (route === "push" ? push(request, settings, limits) : ingest(request, query, settings, limits)).pipe(
    Effect.catch((failure) => Effect.succeed(refuse(failure)))
  )
}

const refuse = ({ code, detail, headers, status }: Failure): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(Connect.errorBody(code, detail), {
    status,
    contentType: "application/json",
    ...(headers === undefined ? {} : { headers })
  })

// ---- /push.v1.PusherService/Push ----

const push = Effect.fnUntraced(function*(
  request: HttpServerRequest.HttpServerRequest,
  settings: Settings,
  limits: Body.Limits
) {
  const { headers } = request
  const format = formats.get(mediaType(headers["content-type"]))
  if (format === undefined) return yield* unsupportedMediaType(headers["content-type"])
  const version = headers["connect-protocol-version"]
  if (version !== undefined && version !== "1") {
    return yield* invalid(`connect-protocol-version must be "1": got ${JSON.stringify(version)}`)
  }
  const timeout = headers["connect-timeout-ms"]
  if (timeout && !Connect.isTimeout(timeout)) {
    return yield* invalid(`connect-timeout-ms must be at most ten digits: got ${JSON.stringify(timeout)}`)
  }
  const within = { ...limits, maxBytes: Math.min(limits.maxBytes, format.maxBytes) }
  const received = yield* readBody(request, within)
  const message = yield* decompressed(received, encodingOf(request), within)
  yield* fromBody(Body.holding(limits.budget, message.byteLength, acceptMessage(message, format, settings, limits)))
  return format.success
})

const acceptMessage = Effect.fnUntraced(function*(
  message: Uint8Array,
  format: Format,
  settings: Settings,
  { budget, maxBytes }: Body.Limits
) {
  yield* turns(message.byteLength)
  const decoded = format.decode(message)
  if (Result.isFailure(decoded)) return yield* invalid(decoded.failure.message)
  const profiles = yield* profilesOf(decoded.success)
  // No more than there is room for.
  const made = Math.min(PushV1.heapBytes(decoded.success, message), maxBytes)
  yield* Body.holding(budget, made, acceptAll(profiles, settings))
})

const acceptAll = Effect.fnUntraced(function*(profiles: ReadonlyArray<Profile.Profile>, settings: Settings) {
  if (profiles.length > 1) {
    for (const [index, profile] of profiles.entries()) {
      if (endsTurn(index)) yield* turns(perTurn.bytes)
      const refused = settings.check(profile)
      if (refused !== undefined) return yield* fromRefused(refused)
    }
  }
  if (settings.ready !== undefined) yield* settings.ready
  for (const [index, profile] of profiles.entries()) {
    if (endsTurn(index)) yield* turns(perTurn.bytes)
    yield* Effect.mapError(settings.accept(profile), fromRefused)
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

const mediaType = (contentType: string | undefined): string =>
  contentType === undefined ? "" : contentType.split(";", 1)[0]!.trim().toLowerCase()

const unsupportedMediaType = (contentType: string | undefined): Failure => {
  const supported = [...formats.keys()].join(", ")
  const detail = `unsupported content type ${JSON.stringify(contentType ?? "")}, use one of ${supported}`
  return new Failure({ status: 415, code: "invalid_argument", detail, headers: { "accept-post": supported } })
}

/** The message, for which there is room beside what it comes from. */
const decompressed = (
  bytes: Uint8Array,
  encoding: string,
  { budget, maxBytes }: Body.Limits
): Effect.Effect<Uint8Array, Failure> => {
  if (encoding === "identity" || bytes.byteLength === 0) return Effect.succeed(bytes)
  if (encoding !== "gzip") {
    const detail = `unknown compression ${JSON.stringify(encoding)}: supported encodings are gzip`
    return Effect.fail(new Failure({ status: 501, code: "unimplemented", detail }))
  }
  const inflate = (limit: number) => Body.holding(budget, bytes.byteLength + limit, Compression.gunzip(bytes, limit))
  const claimed = Math.max(1, Math.min(Compression.claimedSize(bytes) ?? maxBytes, maxBytes))
  return fromBody(
    inflate(claimed).pipe(
      // What is larger than it says is only looked at further where there is room for as much as there may be.
      Effect.catchTag("TooLarge", (error) => claimed < maxBytes ? inflate(maxBytes) : Effect.fail(error)),
      Effect.catchTags({
        TooLarge: (error) => Effect.fail(tooLarge(error.message)),
        Malformed: (error) => Effect.fail(invalid(error.message))
      })
    )
  )
}

const profilesOf = (series: ReadonlyArray<PushV1.Series>): Effect.Effect<ReadonlyArray<Profile.Series>, Failure> => {
  if (series.length === 0) return Effect.fail(invalid("no profiles received"))
  const profiles: Array<Profile.Series> = []
  for (const { labels, samples } of series) {
    if (samples.length === 0) return Effect.fail(invalid("no profiles received"))
    // A rule on the way may still give them other names. What goes out is checked in any case.
    const checked = Labels.fromPairs(labels, (name) => name !== "")
    if (Result.isFailure(checked)) {
      return Effect.fail(invalid(`invalid labels in profile: ${checked.failure.message}`))
    }
    profiles.push(Profile.series(checked.success, samples))
  }
  return Effect.succeed(profiles)
}

// ---- /ingest ----

const ingest = Effect.fnUntraced(function*(
  request: HttpServerRequest.HttpServerRequest,
  query: string,
  settings: Settings,
  limits: Body.Limits
) {
  const contentType = request.headers["content-type"]
  const now = yield* Clock.currentTimeNanos
  const received = Ingest.receive({ query, contentType }, now)
  if (Result.isFailure(received)) {
    const { _tag, message } = received.failure
    return yield* invalid(_tag === "LabelError" ? `name: ${message}` : message)
  }
  const encoding = encodingOf(request)
  if (encoding !== "identity" && !(encoding === "gzip" && Ingest.isSniffed({ query, contentType }))) {
    return yield* unsupportedEncoding(encoding)
  }
  const body = yield* readBody(request, limits)
  const profile = Profile.ingest({ ...received.success, contentType, body })
  yield* fromBody(Body.holding(limits.budget, body.byteLength, acceptAll([profile], settings)))
  return ingested
})

const ingested = HttpServerResponse.empty({ status: 200, headers: { "content-length": "0" } })

const unsupportedEncoding = (encoding: string): Failure => {
  const detail = `unsupported content encoding ${JSON.stringify(encoding)}: servers do not decompress this format`
  return new Failure({ status: 415, code: "invalid_argument", detail, headers: { "accept-encoding": "identity" } })
}

// ---- what both refuse ----

/** An empty one is none. */
const encodingOf = ({ headers }: HttpServerRequest.HttpServerRequest): string =>
  headers["content-encoding"]?.trim().toLowerCase() || "identity"

const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  limits: Body.Limits
): Effect.Effect<Uint8Array, Failure> => fromBody(Body.read(request, limits))

type BodyError = Body.BodyTooLarge | Body.Busy | Body.LengthRequired | Body.Incomplete

const fromBody = <A, E extends Failure | BodyError>(effect: Effect.Effect<A, E>): Effect.Effect<A, Failure> =>
  Effect.mapError(effect, (error: Failure | BodyError) => {
    switch (error._tag) {
      case "BodyTooLarge":
        return tooLarge(error.message)
      case "Busy":
        return new Failure({ status: 503, code: "unavailable", detail: error.message, headers: retryAfter(1) })
      case "LengthRequired":
        return new Failure({ status: 411, code: "invalid_argument", detail: error.message })
      case "Incomplete":
        return incomplete(error)
      case "Failure":
        return error
    }
  })

const incomplete = ({ message, why }: Body.Incomplete): Failure => {
  switch (why) {
    case "aborted":
      return new Failure({ status: 499, code: "canceled", detail: message })
    case "timeout":
      return new Failure({ status: 408, code: "deadline_exceeded", detail: message })
    case "malformed":
      return invalid(message)
  }
}

const tooLarge = (detail: string): Failure => new Failure({ status: 413, code: "invalid_argument", detail })

const retryAfter = (seconds: number) => ({ "retry-after": String(Math.ceil(seconds)) })

const fromRefused = ({ message, reason }: Refused): Failure => {
  switch (reason._tag) {
    case "InvalidLabels":
    case "EmptyProfile":
      return invalid(message)
    case "ProfileTooLarge":
      return tooLarge(message)
    case "QueueFull": {
      // Which queue is not for senders: its name is the endpoint's URL.
      const headers = retryAfter(Duration.toSeconds(reason.retryAfter))
      const detail = `a queue is full, retry after ${Duration.format(reason.retryAfter)}`
      return new Failure({ status: 429, code: "resource_exhausted", detail, headers })
    }
    case "Stopped":
      return new Failure({ status: 503, code: "unavailable", detail: message, headers: retryAfter(1) })
  }
}
