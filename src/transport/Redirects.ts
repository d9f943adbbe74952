/**
 * Redirects, followed as Go's HTTP client does: a 301, 302 or 303 makes a GET without a body of a POST, a 307 or 308
 * repeats the request as it was.
 *
 * What a configuration adds to requests, credentials and headers alike, stays with the host that it is meant for and its
 * subdomains. Once a chain has left it, or has gone from TLS to plain text, it gets none of that any more.
 */
import { Effect } from "effect"
import { type Headers, isPublic, type Request, type Response, type RoundTripper } from "./Network.ts"
import { BadRedirect } from "./TransportError.ts"

type RoundTrip = RoundTripper["roundTrip"]

/** As Go's client. */
const most = 10

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export const follow = (roundTrip: RoundTrip): RoundTrip => (request) =>
  hop(roundTrip, request, { origin: request.origin, count: 0, isForeign: false, lostBody: undefined })

/** How far a request has come. */
interface Chain {
  /** Where it began. */
  readonly origin: string
  readonly count: number
  /** Whether the credentials were left behind. */
  readonly isForeign: boolean
  readonly lostBody: Response["lostBody"]
}

const hop = (roundTrip: RoundTrip, request: Request, chain: Chain): ReturnType<RoundTrip> =>
  Effect.flatMap(roundTrip(request), (response) => {
    const { location } = response.headers
    if (!statuses.has(response.status) || location === undefined || location === "") {
      const { isForeign, lostBody } = chain
      if (!isForeign && lostBody === undefined) return Effect.succeed(response)
      return Effect.succeed({ ...response, ...(isForeign && { isForeign }), ...(lostBody && { lostBody }) })
    }
    const refuse = (detail: string) => {
      response.leave()
      return Effect.fail(new BadRedirect({ status: response.status, detail }))
    }
    if (chain.count === most) return refuse(`stopped after ${most} redirects`)
    const url = URL.parse(location, request.origin + request.path)
    if (url === null) return refuse("the redirect leads to what is no URL")
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      return refuse(`the redirect has the unsupported protocol scheme "${url.protocol.slice(0, -1)}"`)
    }
    const keepsBody = response.status === 307 || response.status === 308 ||
      request.method === "GET" || request.method === "HEAD"
    const isForeign = chain.isForeign || !isAtHome(chain.origin, url) ||
      (request.origin.startsWith("https:") && url.protocol === "http:")
    const headers = isForeign ? publicHeaders(request.headers) : request.headers
    const next: Request = {
      ...request,
      origin: url.origin,
      path: url.pathname + url.search,
      isRedirected: true,
      method: keepsBody ? request.method : "GET",
      headers: keepsBody ? headers : withoutContent(headers),
      body: keepsBody ? request.body : undefined
    }
    const lostBody = keepsBody ? chain.lostBody : { status: response.status, location: url.origin + url.pathname }
    return hop(roundTrip, next, { ...chain, count: chain.count + 1, isForeign, lostBody })
  })

const isAtHome = (origin: string, { hostname }: URL): boolean => {
  const home = new URL(origin).hostname
  return hostname === home || hostname.endsWith(`.${home}`)
}

const publicHeaders = (headers: Headers): Headers => pick(headers, isPublic)

const withoutContent = (headers: Headers): Headers => pick(headers, (name) => !name.startsWith("content-"))

const pick = (headers: Headers, keep: (name: string) => boolean): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => keep(name)))
