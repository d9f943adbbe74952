/**
 * The engine's own server: `/metrics`, `/-/ready`, `/-/healthy` and what components mount.
 *
 * The first three are asked for by whatever name a scraper or a probe knows this machine, and hold no profile: they answer
 * to every name. The rest answers only to those that no foreign page can have.
 */
import { Duration, Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { ComponentApi } from "./ComponentApi.ts"
import * as Hosts from "./Hosts.ts"
import * as Listener from "./Listener.ts"

export interface Settings extends Listener.Address {
  readonly isReady: Effect.Effect<boolean>
  /** The names of components that are not well. */
  readonly unhealthy: Effect.Effect<ReadonlyArray<string>>
  /** Names of this server, besides its addresses, `localhost` and `host`, under which components may be asked. */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Answers what nothing else does; `undefined` is "not found". */
  readonly page?: Page
}

/** The page of a path, which begins with a slash and has no query in it, and of the query, which may be empty. */
export type Page = (
  path: string,
  query: URLSearchParams
) => Effect.Effect<HttpServerResponse.HttpServerResponse | undefined>

/** It closes when a shutdown's time may be over. */
const shutdownTimeout = Duration.seconds(1)

/** Listens until the scope closes. */
export const make = Effect.fnUntraced(function*(settings: Settings) {
  const listener = yield* Listener.Listener
  const api = yield* ComponentApi
  const { host, port } = settings
  return yield* listener.listen(
    { ...Listener.defaults, shutdownTimeout, host, port },
    Effect.interruptible(handler(settings, api))
  )
})

const text = (body: string, status = 200) => HttpServerResponse.text(`${body}\n`, { status })

const handler = (settings: Settings, api: ComponentApi["Service"]): Listener.Handler => {
  const names = [settings.host, ...(settings.allowedHosts ?? [])]
  return Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const path = request.url.split("?", 1)[0]!
    const query = new URLSearchParams(request.url.slice(path.length))
    if (request.method !== "GET" && request.method !== "HEAD") {
      return HttpServerResponse.empty({ status: 405, headers: { allow: "GET, HEAD" } })
    }
    switch (path) {
      case "/metrics":
        return HttpServerResponse.text(yield* PrometheusMetrics.format(), {
          contentType: "text/plain; version=0.0.4; charset=utf-8"
        })
      case "/-/ready":
        return (yield* settings.isReady) ? text("pyroduct is ready.") : text("pyroduct is not ready.", 503)
      case "/-/healthy": {
        const names = yield* settings.unhealthy
        return names.length === 0
          ? text("All pyroduct components are healthy.")
          : text(`unhealthy components: ${names.join(", ")}`, 500)
      }
    }
    if (!Hosts.isAllowed(request.headers["host"], names)) return text(foreign, 421)
    if (path.startsWith(apiPrefix)) {
      const response = yield* api.handle(path.slice(apiPrefix.length))
      if (response !== undefined) return response
    }
    const page = yield* settings.page?.(path, query) ?? Effect.undefined
    if (page !== undefined) return HttpServerResponse.setHeaders(page, { ...pageHeaders, ...page.headers })
    return text("not found", 404)
  })
}

/**
 * A page gets nothing from elsewhere, is not shown within another's, and tells nobody where it was. It may have other
 * headers of its own.
 */
const pageHeaders = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}

const foreign = "not served under this name: use an address, localhost, or a name in --server.http.allowed-hosts"

const apiPrefix = "/api/v0/component/"
