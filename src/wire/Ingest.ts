/**
 * A request to `/ingest`: what a server makes of its query, and the query with which a profile is sent on.
 *
 * The service of a profile is its `service_name` or else its application's name, which comes in front of the other
 * labels. In the formats that are text a server takes the type of the profile from there: `shop.alloc_space` is the
 * application `shop`, its profile the allocated space, and a name without a dot is `cpu`. In pprof and JFR a dot means
 * nothing.
 *
 * Source: Pyroscope's `pkg/ingester/pyroscope`.
 */
import { Result } from "effect"
import * as Labels from "../profile/Labels.ts"
import type { Ingest } from "../profile/Profile.ts"
import * as IngestName from "./IngestName.ts"
import * as IngestTime from "./IngestTime.ts"
import * as QueryString from "./QueryString.ts"

type Form = Pick<Ingest, "query" | "contentType">

/**
 * The labels in the name, with a `service_name` where the sender has given none; and the query with times that do not
 * depend on when it is read. `now` is in nanoseconds since 1970.
 */
export const receive = (
  { contentType, query }: Form,
  now: bigint
): Result.Result<Pick<Ingest, "labels" | "given" | "query">, Labels.LabelError | QueryString.QueryError> =>
  Result.gen(function*() {
    const parameters = yield* QueryString.parse(query)
    const given = yield* IngestName.parse(parameters.get("name") ?? "")
    const labels = given.has("service_name")
      ? given
      : Labels.set(given, "service_name", serviceOf(Labels.get(given, "__name__"), isText(parameters, contentType)))
    // `app{__name__=}` takes the application's name back, and `.cpu` has none.
    if (!labels.has("service_name")) {
      return yield* Result.fail(new Labels.LabelError({ reason: "Missing", name: "", value: "" }))
    }
    return { labels, given, query: withTimes(query, parameters, now) }
  })

const withTimes = (query: string, parameters: URLSearchParams, now: bigint): string => {
  let isChanged = false
  for (const name of ["from", "until"]) {
    const time = parameters.get(name) ?? ""
    const absolute = IngestTime.absolute(time, now)
    if (absolute === time) continue
    parameters.set(name, absolute)
    isChanged = true
  }
  return isChanged ? parameters.toString() : query
}

/**
 * The query that sends a profile on with these labels: all other parameters stay, sorted by key.
 *
 * The name is as its sender wrote it but for what the labels say otherwise, so that a server stores what it would have
 * stored of the sender: a `service_name` that says no more than the name does is left out, since a server that finds one
 * may add an `app_name`. Where another name is put in front, the type that stood there stays.
 */
export const forward = (profile: Ingest, labels: Labels.Labels): string => {
  const parameters = new URLSearchParams(profile.query)
  const given = profile.given ?? profile.labels
  parameters.set("name", IngestName.format(rename(given, labels, isText(parameters, profile.contentType))))
  parameters.sort()
  return parameters.toString()
}

/** What is put in front of the other labels: empty if they are no labels for `/ingest`. */
export const nameOf = (labels: Labels.Labels): string =>
  Labels.get(labels, "__name__").trim() || Labels.get(labels, "service_name").trim()

const rename = (given: Labels.Labels, labels: Labels.Labels, hasType: boolean): Labels.Labels => {
  const name = Labels.get(given, "__name__")
  const service = Labels.get(labels, "service_name")
  const other = nameOf(labels)
  const front = hasType && other !== name ? withTypeOf(name, other) : other
  const isImplied = front === name && service === serviceOf(name, hasType) && !given.has("service_name")
  return Labels.merge(labels, isImplied ? { __name__: front, service_name: "" } : { __name__: front })
}

/** Whether a server finds out by itself that a body is gzipped, for it does not look at a `Content-Encoding`. */
export const isSniffed = ({ contentType, query }: Form): boolean => {
  const parameters = new URLSearchParams(query)
  return parameters.get("format") === "pprof" && !isText(parameters, contentType)
}

/** A server decides in this order; what it does not know is folded stacks. */
const isText = (parameters: URLSearchParams, contentType = ""): boolean => {
  const format = parameters.get("format") ?? ""
  if (contentType === "binary/octet-stream+trie" || contentType === "binary/octet-stream+tree") return true
  if (format === "pprof" || format === "jfr") return false
  return textFormats.has(format) || !contentType.includes("multipart/form-data")
}

const textFormats = new Set(["trie", "tree", "lines", "speedscope"])

const serviceOf = (name: string, hasType: boolean): string => {
  const dot = hasType ? name.lastIndexOf(".") : -1
  return dot < 0 ? name : name.slice(0, dot)
}

const withTypeOf = (name: string, other: string): string => {
  const dot = name.lastIndexOf(".")
  if (dot >= 0) return other + name.slice(dot)
  return other.includes(".") ? `${other}.cpu` : other
}
