import { Duration, Effect } from "effect"
import * as Labels from "../../../src/profile/Labels.ts"
import * as Profile from "../../../src/profile/Profile.ts"
import { answering } from "../../support/proxies.ts"
import { answer, makeWebServer } from "../../support/webServer.ts"
import { brokenProxy, row, server } from "./failure.ts"

const redirect = (status: number, location: string) => answer(status, { location })

const tooLarge = "profile size exceeded, larger than configured max of 4096"

const largerThanMax = JSON.stringify({ code: "resource_exhausted", message: tooLarge })

const status = (status: number) => [server(answer(status, {}, "no")), { status, detail: "no", by: "server" }] as const

const toLogin = (status: number) =>
  Effect.flatMap(makeWebServer(), ({ url }) => server(redirect(status, `${url}/login`)))

/** A line break is what no header can carry. */
const unusable = Profile.ingest({
  labels: Labels.make({ service_name: "shop" }),
  query: "name=shop",
  contentType: "a\nb",
  body: Uint8Array.of(1)
})

export const answers = [
  row("404 or 405", { "404": status(404), "405": status(405) }),
  row("407, 408, 425 or 499", { "407": status(407), "408": status(408), "425": status(425), "499": status(499) }),
  row("another 4xx", {
    "400": status(400),
    "402": status(402),
    "409": status(409),
    "410": status(410),
    "415": status(415),
    "422": status(422),
    "431": status(431)
  }),
  row("413, or 429 with \"larger than configured max\"", {
    "413": [server(answer(413, {}, "no")), { status: 413, detail: "no" }],
    "429": [server(answer(429, {}, largerThanMax)), { status: 429, detail: tooLarge }]
  }),
  row("429", {
    "server": [server(answer(429, {}, "slow down")), { by: "server", detail: "slow down", retryAfter: undefined }],
    "proxy": [brokenProxy(answering("HTTP/1.1 429 Too Many Requests")), { by: "proxy" }, /proxy http:/]
  }),
  row("429 with `retry_on_http_429 = false`", {
    "server": [
      server(answer(429, { "retry-after": "120" }), { retry_on_http_429: false }),
      { by: "server", retryAfter: Duration.minutes(2) }
    ]
  }),
  row("501 or 505", { "501": status(501), "505": status(505) }),
  row("another 5xx", { "500": status(500), "502": status(502), "503": status(503), "599": status(599) }),
  row("a redirect with `follow_redirects = false`, or another 3xx", {
    "307": [server(redirect(307, "/elsewhere"), { follow_redirects: false }), { status: 307 }],
    "304": [server(answer(304)), { status: 304 }]
  }),
  row("an eleventh redirect, or one to what is no HTTP URL", {
    "in a circle": [server(redirect(308, "/again")), { status: 308 }, /stopped after 10 redirects/],
    "to FTP": [server(redirect(307, "ftp://profiles.invalid")), { status: 307 }, /unsupported protocol scheme/]
  }),
  row("a redirect with 301, 302 or 303", {
    "301": [toLogin(301), { status: 301 }, /made a GET of the push/],
    "302": [toLogin(302), { status: 302 }, /made a GET of the push/],
    "303": [toLogin(303), { status: 303 }, /made a GET of the push/]
  }),
  row("the request cannot be made, such as with a content type that no header can carry", {
    "content type": [server(answer(200)), { status: undefined }, { profile: unusable }]
  }),
  row("a profile waited longer than `max_age`", {
    "between two attempts": [
      server(answer(503), { queue: { max_age: Duration.millis(250) }, min_backoff_period: Duration.millis(300) }),
      {},
      { message: /^expired after/, retries: 1 }
    ]
  })
].flat()
