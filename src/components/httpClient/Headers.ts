/**
 * Headers that a configuration adds to requests.
 */
import { Redacted, Schema } from "effect"
import * as Decode from "../../evaluation/Decode.ts"
import type { Value } from "../../evaluation/Value.ts"
import * as Exposure from "../../syntax/Exposure.ts"
import * as HeaderValue from "../../transport/HeaderValue.ts"
import { type Rule, type Setting, textOf } from "../Settings.ts"

const canonical = (name: string): string =>
  name.toLowerCase().replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase())

export const forbidden = (name: string): string => `setting header "${canonical(name)}" is not allowed`

/** It may hold a whole line, with the value. */
const notAName = "the name of a header has no blanks and no colons, only letters, digits and !#$%&'*+.^`|~-_"

/** What is wrong with the text of a header. Most files that one may come from end with a line break. */
const uncarried = (name: string, text: string): string | undefined => {
  if (HeaderValue.isValid(text)) return undefined
  return HeaderValue.isValid(text.trimEnd())
    ? `the value of ${name} ends with a line break, which no header can carry: string.trim_space takes it off, ` +
      "where it is a secret after convert.nonsensitive"
    : `the value of ${name} holds what a header cannot carry`
}

/** The rule that a header can carry a setting. */
export const carried = <const Name extends string>(
  name: Name,
  headerOf: (text: string) => string = (text) => text
): Rule<Readonly<Record<Name, Setting>>> => ({
  blame: [name],
  problem: (args) => uncarried(name, headerOf(textOf(args[name])))
})

/** What is between the two ends of a connection: with it no request would get through. */
const connectionHeaders: ReadonlySet<string> = new Set(["connection", "expect", "keep-alive", "te", "upgrade"])

/** What Go's client takes from the request itself, whatever a configuration says. */
const ownHeaders: ReadonlySet<string> = new Set(["content-length", "host", "trailer", "transfer-encoding"])

const headers = <Item extends Schema.Codec<unknown, Value>>(
  item: Item,
  textsOf: (value: Item["Type"]) => ReadonlyArray<string>
) =>
  Decode.map(item).check(
    Schema.makeFilter((fields) =>
      Object.entries(fields).flatMap(([name, value]) =>
        [
          /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? undefined : notAName,
          connectionHeaders.has(name.toLowerCase()) ? forbidden(name) : undefined,
          textsOf(value).map((text) => uncarried(name, text)).find((problem) => problem !== undefined)
        ].flatMap((issue) => issue === undefined ? [] : [{ path: [name], issue }])
      )
    )
  )

/** Headers with one value each, any of which may be a secret. */
export const Single = headers(Decode.String, (value) => [value]).annotate({ [Decode.exposure]: Exposure.short })

/** With any number of values each. */
export const Secret = headers(Decode.list(Decode.Secret), (values) => values.map(Redacted.value))

/** Headers that are none of the user's business, most of which would break the exchange. */
export const reserved = new Set([
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "user-agent",
  "www-authenticate",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-prometheus-remote-read-version",
  "x-prometheus-remote-write-version",
  "x-prometheus-scrape-timeout-seconds"
])

/** `http_headers` are sent besides others of the same name. */
export const merge = (
  headers: Readonly<Record<string, string>>,
  added: typeof Secret.Type
): Record<string, ReadonlyArray<string>> => {
  const merged = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]))
  for (const [name, values] of Object.entries(added)) {
    const key = name.toLowerCase()
    merged.set(key, [...merged.get(key) ?? [], ...values.map(Redacted.value)])
  }
  for (const name of ownHeaders) merged.delete(name)
  return Object.fromEntries(merged)
}
