/**
 * The engine's own server: health, metrics, reload, the API, and whatever components and pages are mounted.
 *
 * `/metrics`, `/-/ready` and `/-/healthy` are asked for by whatever name a scraper or a probe knows this machine, and hold
 * no profile: they answer to every name. The rest answers only to those that no foreign page can have, and what has
 * something done to no request that a foreign page may have had a browser send.
 */
import { Duration, Effect, Option } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import type { ComponentDetail, ComponentStatus } from "../telemetry/ComponentStatus.ts"
import { ComponentApi } from "./ComponentApi.ts"
import * as CrossSite from "./CrossSite.ts"
import * as Hosts from "./Hosts.ts"
import * as Listener from "./Listener.ts"
import * as OwnServer from "./OwnServer.ts"
import * as PprofApi from "./PprofApi.ts"
import * as WebApi from "./WebApi.ts"

export interface Settings extends Listener.Address {
  readonly isReady: Effect.Effect<boolean>
  readonly components: Effect.Effect<ReadonlyArray<ComponentStatus>>
  readonly component: (id: string) => Effect.Effect<ComponentDetail | undefined>
  /** Reads the configuration again. Fails with all that is wrong with it. */
  readonly reload?: Effect.Effect<void, string>
  /** Names of this server, besides its addresses, `localhost` and `host`, under which components may be asked. */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Profiles of the engine itself, at `/debug/pprof`. Not by default: some sampling goes with them. */
  readonly pprof?: PprofApi.PprofApi | undefined
  /** Answers what nothing else does; `undefined` is "not found". */
  readonly page?: Page
}

/** The page at a path, with its query, as they are in the request. */
export type Page = (url: string) => Effect.Effect<HttpServerResponse.HttpServerResponse | undefined>

/** It closes when a shutdown's time may be over. */
const shutdownTimeout = Duration.seconds(1)

/** Listens as it is opened or configured, until the scope closes. */
export const make = Effect.fnUntraced(function*(settings: Settings) {
  const api = yield* ComponentApi
  const { host, port } = settings
  return yield* OwnServer.make(
    { ...Listener.defaults, shutdownTimeout, host, port },
    (access) => Effect.interruptible(handler(settings, api, access))
  )
})

const text = (body: string, status = 200) =>
  HttpServerResponse.text(`${body}\n`, { status, contentType: "text/plain; charset=utf-8" })

const notFound = text("not found", 404)

const unauthorized = HttpServerResponse.setHeader(
  text("unauthorized", 401),
  "www-authenticate",
  "Basic realm=\"Restricted\""
)

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>

const handler = (
  settings: Settings,
  api: ComponentApi["Service"],
  { auth }: OwnServer.Access
): Listener.Handler => {
  const names = [settings.host, ...(settings.allowedHosts ?? [])]

  const healthy = (isForOthers: boolean): Answer =>
    Effect.map(settings.components, (all) => {
      const unhealthy = all.filter(({ health }) => health.state === "unhealthy")
      if (unhealthy.length === 0) return text("All pyroduct components are healthy.")
      const lines = unhealthy.map(({ health, id }) =>
        isForOthers ? id : `${id}: ${health.message.replace(/\s+/g, " ")}`
      )
      return text(["unhealthy components:", ...lines].join("\n"), 500)
    })

  const reload: Answer = Effect.gen(function*() {
    if (settings.reload === undefined) return notFound
    if (!(yield* settings.isReady)) return notReady
    // Whoever asked for it may go.
    return yield* Effect.match(Effect.uninterruptible(settings.reload), {
      onFailure: (problem) => text(problem, 400),
      onSuccess: () => text("config reloaded")
    })
  })

  const component = (encoded: string): Answer => {
    const id = decoded(encoded)
    return Effect.map(
      id === undefined ? Effect.undefined : settings.component(id),
      (found) => found === undefined ? notFound : HttpServerResponse.jsonUnsafe(WebApi.detail(found))
    )
  }

  const page = (url: string): Answer =>
    Effect.map(
      settings.page?.(url) ?? Effect.undefined,
      (page) => page === undefined ? notFound : HttpServerResponse.setHeaders(page, { ...pageHeaders, ...page.headers })
    )

  const answer = (request: HttpServerRequest.HttpServerRequest): Answer => {
    const path = request.url.split("?", 1)[0]!
    const verdict = auth?.(path, request.headers["authorization"])
    if (verdict === "refused") return Effect.succeed(unauthorized)
    const isReload = path === "/-/reload"
    const isPprof = PprofApi.isPath(path)
    const methods = isReload ? ["GET", "POST"] : ["GET", "HEAD"]
    if (!methods.includes(request.method)) {
      return Effect.succeed(HttpServerResponse.empty({ status: 405, headers: { allow: methods.join(", ") } }))
    }
    // Whoever knows the password is no page that only has a name.
    const isForOthers = verdict !== "known" && !Hosts.isAllowed(request.headers["host"], names)
    if (path === "/metrics") return metrics
    if (path === "/-/ready") return Effect.map(settings.isReady, (isReady) => isReady ? ready : notReady)
    if (path === "/-/healthy") return healthy(isForOthers)
    if (isForOthers) return Effect.succeed(text(foreignName, 421))
    if ((isReload || isPprof) && CrossSite.isForeign(request.headers)) return Effect.succeed(text(foreignPage, 403))
    if (isReload) return reload
    if (isPprof) return Effect.map(settings.pprof?.handle ?? Effect.undefined, (response) => response ?? notFound)
    if (path.startsWith(apiPrefix)) {
      const query = new URLSearchParams(request.url.slice(path.length))
      return Effect.map(api.handle(path.slice(apiPrefix.length), query), (response) => response ?? notFound)
    }
    if (path === webPrefix) {
      return Effect.map(settings.components, (all) => HttpServerResponse.jsonUnsafe(all.map(WebApi.summary)))
    }
    if (path.startsWith(`${webPrefix}/`)) return component(path.slice(webPrefix.length + 1))
    return page(request.url)
  }

  return Effect.flatMap(
    HttpServerRequest.HttpServerRequest,
    (request) =>
      Effect.map(
        answer(request),
        (response) => HttpServerResponse.setHeaders(response, { ...headers, ...response.headers })
      )
  )
}

const ready = text("pyroduct is ready.")
const notReady = text("pyroduct is not ready.", 503)

const metrics: Answer = Effect.map(
  PrometheusMetrics.format(),
  (body) => HttpServerResponse.text(body, { contentType: "text/plain; version=0.0.4; charset=utf-8" })
)

const apiPrefix = "/api/v0/component/"
const webPrefix = "/api/v0/web/components"

const decoded = (encoded: string): string | undefined =>
  Option.getOrUndefined(Option.liftThrowable(decodeURIComponent)(encoded))

const foreignName = "not served under this name: use an address, localhost, or a name in --server.http.allowed-hosts"
const foreignPage = "a page of another site may not ask for this"

/** All of it changes. */
const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

/**
 * A page gets nothing from elsewhere, is not shown within another's, and tells nobody where it was. It may have other
 * headers of its own.
 */
const pageHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY"
}
