/**
 * One endpoint: a connection, the requests it gets, and the lane that delivers them out of its backlog.
 */
import { Clock, Effect, Result, type Scope } from "effect"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Authentication from "../transport/Authentication.ts"
import type { Headers } from "../transport/Network.ts"
import * as Transport from "../transport/Transport.ts"
import type { Backlog } from "./Backlog.ts"
import * as EndpointLog from "./EndpointLog.ts"
import * as EndpointMetrics from "./EndpointMetrics.ts"
import * as EndpointState from "./EndpointState.ts"
import * as Identity from "./Identity.ts"
import * as Lane from "./Lane.ts"
import type { Outbound } from "./Outbound.ts"
import * as PushError from "./PushError.ts"

export interface Settings {
  /** Tells endpoints with one URL apart in metrics and logs; empty where that is not needed. */
  readonly name: string
  /** Where the API is, path prefix included. User info in it becomes basic auth. */
  readonly url: URL
  /** How it is reached; sent with each request are the headers, and an `Authorization` there beats any credentials. */
  readonly transport: Transport.Settings
  readonly lane: Omit<Lane.Settings, "endpoint" | "name">
}

export interface Endpoint {
  readonly lane: Lane.Lane
  readonly state: EndpointState.EndpointState
}

/** Runs until its scope closes, and then drains what it is in charge of. */
export const make = Effect.fnUntraced(function*(
  settings: Settings,
  backlog: Backlog
): Effect.fn.Return<Endpoint, Transport.UnusableSettings, Transport.Transport | Scope.Scope> {
  const endpoint = nameOf(settings.url)
  const clock = yield* Clock.Clock
  const { history } = backlog
  const { timeout } = settings.transport
  const { retryRateLimited } = settings.lane.retry
  const send = yield* connect(settings)
  const attributes = settings.name === "" ? { endpoint } : { endpoint, name: settings.name }
  // Before the lane, so that they are there until it has drained.
  const metrics = yield* EndpointMetrics.make(attributes)

  const push = Effect.fnUntraced(function*(outbound: Outbound) {
    const started = yield* Monotonic.now
    const result = yield* Effect.result(send({
      method: "POST",
      path: outbound.path,
      headers: outbound.headers,
      body: outbound.body
    }))
    metrics.attempted(outbound, (yield* Monotonic.now) - started)
    const now = clock.currentTimeMillisUnsafe()
    const reason = PushError.reasonOf(result, { timeout, retryRateLimited, now })
    if (reason === undefined) return
    if (reason._tag !== "Expired") metrics.failed(reason._tag)
    history.refused(outbound, reason, now)
    // The next attempt may find another backend.
    if (Result.isSuccess(result) && reason.concerns === "endpoint") result.success.leave()
    return yield* new PushError.PushError({ endpoint, reason })
  })

  let lane: Lane.Lane | undefined
  yield* EndpointMetrics.observe(attributes, () => lane)
  const state = EndpointState.make({ endpoint, name: settings.name }, history, () => lane, clock)
  const log = yield* EndpointLog.make(attributes, state)
  lane = yield* Lane.make({ endpoint, name: settings.name, ...settings.lane }, push, {
    opened: (error) => {
      state.opened(error)
      return log.opened(error)
    },
    closed: () => {
      state.closed()
      return log.closed()
    },
    retried: (outbound, error, delay) => {
      metrics.retried()
      history.retried()
      return log.retried(outbound, error, delay)
    },
    settled: (outbound, outcome, latency) => {
      metrics.settled(outbound, outcome, latency)
      history.settled(outbound, outcome, clock.currentTimeMillisUnsafe())
      return log.settled(outbound, outcome, latency)
    }
  }, backlog)
  return { lane, state }
})

/** What sends requests to it, as this instance's and with its credentials. */
export const connect = Effect.fnUntraced(function*({ transport, url }: Pick<Settings, "transport" | "url">) {
  const client = yield* (yield* Transport.Transport).connect({
    ...transport,
    headers: headersOf(transport.headers, yield* Identity.Identity),
    authentication: Authentication.fromUrl(url) ?? transport.authentication
  })
  return Transport.below(client, nameOf(url))
})

/** What a URL must not have: it would not be sent, for requests have a path and a query of their own. */
export const problem = ({ hash, search }: URL): string | undefined => {
  if (search !== "") return "must have no query: requests have their own; what a server is to know can be a header"
  return hash === "" ? undefined : "must have no fragment"
}

/** What logs, metrics and errors call the endpoint: its URL without user info and query, which are secrets. */
export const nameOf = ({ origin, pathname }: URL): string => pathname === "/" ? origin : origin + pathname

/** The user's headers and then ours, whatever the case of their names. */
const headersOf = (headers: Headers, identity: Identity.Identity): Headers => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  "user-agent": identity.userAgent,
  "x-agent-id": identity.id
})
