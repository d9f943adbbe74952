/**
 * The URL of a scrape, of its parts: an address, a prefix and a path, and params.
 */

export type Params = ReadonlyMap<string, ReadonlyArray<string>>

/**
 * The address with the port of its scheme, where it has none. What no port makes an address is left as it is.
 * As `net.SplitHostPort` of Go reads it: the host of IPv6 is in brackets.
 */
export const withPort = (address: string, scheme: string): string => {
  if (address === "" || hostPort.test(address) || !hostPort.test(`${address}:1`)) return address
  return `${address}:${scheme === "https" ? 443 : 80}`
}

const hostPort = /^(?:\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/

/** `undefined` where an address is not a host with its port, and nothing else. */
export const origin = (scheme: "http" | "https", address: string): string | undefined => {
  if (!hostPort.test(address) || notInAddress.test(address)) return undefined
  return URL.parse(`${scheme}://${address}`)?.origin
}

/** What would end it, and what a URL's parser takes away in silence. */
const notInAddress = /[/\\?#@\s\p{Cc}]/u

/** A path from the root, without empty segments, `.` and `..`. What is escaped stays so, and what must be is escaped. */
export const join = (prefix: string, path: string): string => {
  const segments: Array<string> = []
  const whole = `${prefix}/${path}`
  for (const segment of whole.split("/")) {
    if (segment === "..") segments.pop()
    else if (segment !== "" && segment !== ".") segments.push(segment)
  }
  const joined = `/${segments.join("/")}`
  return escapePath(segments.length > 0 && whole.endsWith("/") ? `${joined}/` : joined)
}

const escapePath = (path: string): string =>
  /^[\w\-.~!$&'()*+,;=:@/]*$/.test(path)
    ? path
    : encodeURI(wellFormed(path)).replace(/%25(?=[\da-f]{2})/gi, "%").replace(/[?#]/g, encodeURIComponent)

/** With params in the order of their names, as `url.Values.Encode` of Go writes them. */
export const withQuery = (path: string, params: Params): string => {
  const query = Array.from(params.keys()).sort().flatMap((name) =>
    params.get(name)!.map((value) => `${escapeQuery(name)}=${escapeQuery(value)}`)
  )
  return query.length === 0 ? path : `${path}?${query.join("&")}`
}

const escapeQuery = (text: string): string =>
  encodeURIComponent(wellFormed(text)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  ).replace(/%20/g, "+")

/** What has no UTF-8 is an error of the labels. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd")
