/**
 * Where requests can be sent.
 */
import { Result, Schema } from "effect"
import * as Endpoint from "../../delivery/Endpoint.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Exposure from "../../syntax/Exposure.ts"
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

const url = (problemOf: (text: string) => string | undefined) =>
  Decode.String.check(Schema.makeFilter(problemOf)).annotate({ [Decode.exposure]: Exposure.url })

/** Of all requests, each of which has a path below it and a query of its own. */
export const Base = url((text) => problem(text) ?? Endpoint.problem(new URL(text)))

/** Of one request, its query included. */
export const Whole = url(problem)
