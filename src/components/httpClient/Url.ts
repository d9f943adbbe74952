/**
 * Where requests can be sent.
 */
import { Result, Schema } from "effect"
import * as Endpoint from "../../delivery/Endpoint.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Exposure from "../../syntax/Exposure.ts"
import * as Suggestion from "../../syntax/Suggestion.ts"
import * as UserInfo from "../../transport/UserInfo.ts"

/** What is wrong with an absolute URL of HTTP. */
export const problem = (text: string): string | undefined => {
  const url = URL.parse(text)
  // What stands before a colon is not a scheme for that.
  if (url === null || !/^[^:]+:\/\//.test(text)) return "must be an absolute URL such as \"https://profiles.example\""
  const { protocol } = url
  if (protocol !== "http:" && protocol !== "https:") return `unsupported protocol scheme "${protocol.slice(0, -1)}"`
  return Result.match(UserInfo.parse(url), { onFailure: (detail) => detail, onSuccess: () => undefined })
}

/** The URL that may have been meant by a text that is none; of the text it shows an address, and nothing else. */
export const meant = (schemes: ReadonlyArray<string>) => (text: string): string => {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme !== undefined) return schemes.includes(scheme) ? "" : Suggestion.didYouMean(scheme, schemes)
  if (/^https?(?::|\/\/)/i.test(text)) return "; \"://\" has to follow the scheme"
  const address = text.replace(/^\/\//, "")
  const isSecure = /:8?443(?:\/|$)/.test(address) && schemes.includes("https")
  if (Exposure.isAddress(address)) return `; did you mean "${isSecure ? "https" : "http"}://${address}"?`
  return text.startsWith("//") ? "; the scheme is missing, \"http:\" or \"https:\"" : ""
}

export const annotations = (...schemes: ReadonlyArray<string>) => ({
  [Decode.exposure]: Exposure.url,
  [Decode.suggestion]: meant(schemes)
})

const url = (problemOf: (text: string) => string | undefined) =>
  Decode.String.check(Schema.makeFilter(problemOf)).annotate(annotations("http", "https"))

/** What requests are sent to below an endpoint's URL, which is mistaken for the URL itself. */
const ownPath = /\/(?:push\.v1\.PusherService(?:\/Push)?|ingest)\/?$/

/** It may be the path of a gateway. */
const caution = (text: string): string | undefined => {
  const path = ownPath.exec(new URL(text).pathname)?.[0]
  return path && `ends in "${path}", behind which the paths of requests are added: profiles may go nowhere`
}

/** Of all requests, each of which has a path below it and a query of its own. */
export const Base = url((text) => problem(text) ?? Endpoint.problem(new URL(text))).annotate({
  [Decode.caution]: caution
})

/** Of one request, its query included. */
export const Whole = url(problem)
