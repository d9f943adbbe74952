/**
 * Requests that a page of another site has a browser send.
 *
 * A page cannot read what is answered, but it can have things done: an image or a form is a request like any other, with
 * the credentials that the browser knows. Browsers tell, each in its way, where a request comes from, and a page can
 * withhold some of it but not forge it: a browser that does not tell is refused, other programs are not.
 */
import type { Headers } from "effect/http"

export const isForeign = (headers: Headers.Headers): boolean => {
  const { "sec-fetch-site": site, "user-agent": agent = "", host, origin, referer } = headers
  // What was typed, or opened from a bookmark, comes from nowhere.
  if (site !== undefined && site !== "same-origin" && site !== "none") return true
  const isElsewhere = (url: string | undefined): boolean =>
    url !== undefined && URL.parse(url)?.host !== host?.toLowerCase()
  if (isElsewhere(origin) || isElsewhere(referer)) return true
  return site === undefined && origin === undefined && /^mozilla\//i.test(agent)
}
