/**
 * One endpoint: a connection, the requests it gets, and the lane that delivers them.
 */
import { Clock, type Context, Duration, Effect, type Scope } from "effect"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Authentication from "../transport/Authentication.ts"
import type { Headers } from "../transport/Network.ts"
import * as Transport from "../transport/Transport.ts"
import * as Identity from "./Identity.ts"
import * as Lane from "./Lane.ts"
import type { Outbound } from "./Outbound.ts"
import * as PushError from "./PushError.ts"
import type { Outcome } from "./Receipt.ts"

export interface Settings {
  /** Tells endpoints with one URL apart in metrics and logs; empty where that is not needed. */
  readonly name: string
  /** Where the API is, path prefix included. User info in it becomes basic auth. */
  readonly url: URL
  /** How it is reached; sent with each request are the headers, and an `Authorization` there beats any credentials. */
  readonly transport: Omit<Transport.Settings, "url">
  readonly lane: Omit<Lane.Settings, "endpoint">
}

/** Runs until its scope closes, and then drains. */
export const make = Effect.fnUntraced(function*(
  settings: Settings
): Effect.fn.Return<Lane.Lane, Transport.UnusableSettings, Transport.Transport | Scope.Scope> {
  const endpoint = nameOf(settings.url)
  const identity = yield* Identity.Identity
  const { timeout } = settings.transport
  const connection = yield* (yield* Transport.Transport).connect({
    ...settings.transport,
    url: endpoint,
    headers: headersOf(settings.transport.headers, identity),
    authentication: Authentication.fromUrl(settings.url) ?? settings.transport.authentication
  })
  const context = yield* Effect.context<never>()
  const attributes = settings.name === "" ? { endpoint } : { endpoint, name: settings.name }
  const metrics = metricsOf(attributes, context)

  const push = Effect.fnUntraced(function*(outbound: Outbound) {
    const started = yield* Clock.currentTimeMillis
    const result = yield* Effect.result(connection.send({
      method: "POST",
      path: outbound.path,
      headers: outbound.headers,
      body: outbound.body
    }))
    const now = yield* Clock.currentTimeMillis
    metrics.attempted(outbound, now - started)
    const reason = PushError.reasonOf(result, timeout, now)
    if (reason !== undefined) return yield* new PushError.PushError({ endpoint, reason })
  })

  let lane: Lane.Lane | undefined
  // Before the lane, so that they are there until it has drained.
  yield* Gauge.observe(Metrics.queueProfiles(attributes), () => lane?.size() ?? 0)
  yield* Gauge.observe(Metrics.queueBytes(attributes), () => lane?.bytes() ?? 0)
  lane = yield* Lane.make({ endpoint, ...settings.lane }, push, observe(attributes, metrics))
  return lane
})

/** What logs, metrics and errors call the endpoint: its URL without user info and query, which are secrets. */
export const nameOf = ({ origin, pathname }: URL): string => pathname === "/" ? origin : origin + pathname

/** The user's headers and then ours, whatever the case of their names. */
const headersOf = (headers: Headers, identity: Identity.Identity): Headers => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  "user-agent": identity.userAgent,
  "x-agent-id": identity.id
})

type Attributes = Readonly<Record<string, string>>

/** Updates are direct: a metric costs no effect on the way of a profile. */
const metricsOf = (attributes: Attributes, context: Context.Context<never>) => {
  const sentBytes = Metrics.sentBytes(attributes)
  const sentProfiles = Metrics.sentProfiles(attributes)
  const retries = Metrics.retries(attributes)
  const latency = (type: string) => Metrics.latency({ ...attributes, type })
  const perAttempt = { push: latency("push_downstream"), ingest: latency("ingest_downstream") }
  const perProfile = { push: latency("push_endpoint"), ingest: latency("ingest_endpoint") }
  return {
    attempted: (outbound: Outbound, millis: number): void =>
      perAttempt[outbound.kind].updateUnsafe(millis / 1000, context),
    retried: (): void => retries.updateUnsafe(1, context),
    settled: (outbound: Outbound, outcome: Outcome, time: Duration.Duration): void => {
      if (outcome._tag === "Delivered") {
        sentBytes.updateUnsafe(outbound.profileBytes, context)
        sentProfiles.updateUnsafe(outbound.profiles, context)
        perProfile[outbound.kind].updateUnsafe(Duration.toSeconds(time), context)
      } else {
        const reason = outcome._tag === "Failed" ? outcome.error.reason._tag : outcome.reason
        Metrics.droppedBytes({ ...attributes, reason }).updateUnsafe(outbound.profileBytes, context)
        Metrics.droppedProfiles({ ...attributes, reason }).updateUnsafe(outbound.profiles, context)
      }
    }
  }
}

/** Losses are logged when they begin, then at most this often. */
const lossInterval = Duration.toMillis("1 minute")

/** Counts everything; logs what changes: the first delivery, a failure's beginning, its end, and losses in sum. */
const observe = (attributes: Attributes, metrics: ReturnType<typeof metricsOf>): Lane.Observer => {
  let state: "new" | "delivering" | "failing" = "new"
  let lost = 0
  let lossLoggedAt = -Infinity
  const annotate = Effect.annotateLogs(attributes)

  const lossLogged = Effect.fnUntraced(function*(profiles: number, err: string) {
    lost += profiles
    const now = yield* Clock.currentTimeMillis
    if (now - lossLoggedAt < lossInterval) return
    lossLoggedAt = now
    yield* Effect.logWarning("profiles dropped").pipe(Effect.annotateLogs({ profiles: lost, err }))
    lost = 0
  }, annotate)

  return {
    paused: (error) => {
      if (state === "failing") return Effect.void
      state = "failing"
      return Effect.logWarning("endpoint is failing, will retry").pipe(
        Effect.annotateLogs({ err: error.reason.message }),
        annotate
      )
    },
    retried: (error, delay) => {
      metrics.retried()
      return Effect.logDebug("push failed, will retry").pipe(
        Effect.annotateLogs({ err: error.reason.message, delay: Duration.format(delay) }),
        annotate
      )
    },
    settled: (outbound, outcome, latency) => {
      metrics.settled(outbound, outcome, latency)
      if (outcome._tag !== "Delivered") {
        return lossLogged(outbound.profiles, outcome._tag === "Failed" ? outcome.error.reason.message : outcome.reason)
      }
      if (state === "delivering") return Effect.void
      const message = state === "new" ? "first profile delivered" : "endpoint is back, profile delivered"
      state = "delivering"
      return Effect.logInfo(message).pipe(Effect.annotateLogs({ bytes: outbound.profileBytes }), annotate)
    }
  }
}
