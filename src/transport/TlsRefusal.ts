/**
 * What servers say with HTTP about TLS. nginx takes any client's certificate at first, and answers 400 to each request
 * where it does not trust it; as a request was made, it looks like an answer to it.
 */
import type { Response } from "./Network.ts"
import { NoConnection } from "./TransportError.ts"

/** In nginx's words, in Go's and in Apache's. */
const refusals: ReadonlyArray<readonly [code: string, words: RegExp]> = [
  ["ERR_TLS_CLIENT_CERTIFICATE", /the SSL certificate error|no required SSL certificate was sent/i],
  [
    "ERR_TLS_EXPECTED",
    /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|plain HTTP to an SSL-enabled server port/i
  ]
]

/** 495 to 497 are nginx's own for the same, which it shows where its configuration has pages for them. */
const statuses: ReadonlySet<number> = new Set([400, 495, 496, 497])

/** The failure to connect that an answer tells of, if it does. */
export const of = ({ status, text }: Response): NoConnection | undefined => {
  if (!statuses.has(status)) return undefined
  for (const [code, words] of refusals) {
    const [said] = words.exec(text) ?? []
    if (said !== undefined) return new NoConnection({ code, detail: `the server answered ${status}: ${said}` })
  }
  return undefined
}
