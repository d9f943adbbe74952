/**
 * What is counted and said of the requests that a listener gets: how long each took, and which were refused and why.
 *
 * What is refused is told once for each reason and sender, and then in sums. A sender is whose connection it is: what a
 * proxy says of whom it speaks for is told besides, as `forwarded_for`, and believed in nothing, for anybody can say it.
 */
import { Effect, type Metric, type Scope } from "effect"
import type { HttpServerRequest } from "effect/http"
import type * as Labels from "../profile/Labels.ts"
import * as Log from "../telemetry/Log.ts"
import type * as Metrics from "../telemetry/Metrics.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Series from "../telemetry/Series.ts"
import * as Tally from "../telemetry/Tally.ts"
import * as Refusal from "./Refusal.ts"

/** What they are counted in. */
export interface Counted {
  /** By `route` and `status_code`. */
  readonly duration: typeof Metrics.requestDuration
  /** By `reason`. */
  readonly refused: typeof Metrics.requestsRefused
}

/** One of them, and what is known of it so far. */
export interface Exchange {
  readonly request: HttpServerRequest.HttpServerRequest
  /** Without the query. */
  readonly path: string
  readonly route: string
  /** The address of its sender, while there is still a connection to ask. */
  readonly remote: string | undefined
  /** By the monotonic clock. */
  readonly started: number
  /** Of the body, as it came. */
  bytes: number
  /** Of the profile that it is about, of several the last that was looked at. */
  labels: Labels.Labels | undefined
}

export interface Requests {
  /** To be called with each answer; with what it was refused for, if it was. */
  readonly answered: (exchange: Exchange, status: number, refusal?: Refusal.Refused) => Effect.Effect<void>
  /** What came to no request: a connection too many, or on which something else is spoken. */
  readonly turnedAway: (refusal: Refusal.Refused, remote: string | undefined) => Effect.Effect<void>
}

interface Example {
  readonly reason: Refusal.Reason
  readonly err: string
  readonly status?: number
  readonly path?: string
  readonly service_name?: string
  readonly remote_addr: string
  readonly forwarded_for?: string
}

export const make = Effect.fnUntraced(function*(counted: Counted): Effect.fn.Return<Requests, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const clock = yield* Effect.clockWith(Effect.succeed)
  const hold = yield* Series.holder
  const durations = new Map<string, Map<number, Metric.Metric<number, Metric.HistogramState>>>()
  const durationOf = (route: string, status: number) => {
    const ofRoute = durations.get(route) ?? new Map()
    durations.set(route, ofRoute)
    const known = ofRoute.get(status) ?? hold(counted.duration({ route, status_code: String(status) }))
    ofRoute.set(status, known)
    return known
  }
  for (const { route, status_code } of Series.attributesOf(counted.duration({}), context)) {
    durationOf(route!, Number(status_code))
  }
  const refusals = new Map(Refusal.reasons.map((reason) => [reason, hold(counted.refused({ reason }))]))
  const told = yield* Tally.make((requests, example: Example) =>
    Effect.logWarning("requests refused").pipe(Effect.annotateLogs({ requests, ...example }))
  )
  const refused = (example: Example): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { reason, remote_addr: sender } = example
      refusals.get(reason)!.updateUnsafe(1, context)
      const ofMany = { kind: reason, example: { ...example, remote_addr: "several" } }
      return told.note(`${reason} ${sender}`, 1, example, ofMany)
    })

  return {
    answered: (exchange, status, refusal) =>
      Effect.suspend(() => {
        const millis = Monotonic.read(clock) - exchange.started
        durationOf(exchange.route, status).updateUnsafe(millis / 1000, context)
        const said = Log.ifDebug(() =>
          Effect.logDebug("request").pipe(Effect.annotateLogs({
            method: exchange.request.method,
            ...about(exchange),
            status,
            bytes: exchange.bytes,
            duration: `${millis.toFixed(1)}ms`
          }))
        )
        if (refusal === undefined) return said
        const { detail, reason } = refusal
        return Effect.andThen(said, refused({ reason, status, ...about(exchange), err: shortened(detail) }))
      }),
    turnedAway: ({ detail, reason }, remote) => refused({ reason, remote_addr: addressOf(remote), err: detail })
  }
})

const about = ({ labels, path, remote, request }: Exchange) => {
  const service = labels?.get("service_name")
  const forwarded = request.headers["x-forwarded-for"]
  return {
    path: shortened(path),
    ...(service === undefined ? {} : { service_name: shortened(service) }),
    remote_addr: addressOf(remote),
    ...(forwarded === undefined ? {} : { forwarded_for: shortened(forwarded) })
  }
}

/** As much as a line has room for of what a sender may have written. */
const shortened = (text: string): string => text.length > 200 ? `${text.slice(0, 200)}...` : text

/** Of an IPv4 address its usual form, on a socket that is for both as well. */
const addressOf = (remote: string | undefined): string => remote?.replace(/^::ffff:(?=\d+\.)/, "") ?? "unknown"
