/**
 * What may be shown of a value as it is written, in an error or in the lines around one.
 *
 * What an attribute is for decides that, where it is known. What is hidden has a mask of one width in its place, so that
 * not even its length is told.
 */
import * as StringLiteral from "./StringLiteral.ts"

/** What stands for something hidden. */
export const mask = "***"

/** From one character of a text up to another. */
export type Part = readonly [from: number, to: number]

/**
 * What of a literal or a name is to be hidden. `isWhole` says that it is a value by itself, not an operand or an argument.
 */
export type Exposure = (written: string, isWhole: boolean) => ReadonlyArray<Part>

/**
 * A literal with masks in it.
 *
 * @internal
 */
export const hide = (written: string, parts: ReadonlyArray<Part>): string =>
  parts.reduceRight((text, [from, to]) => text.slice(0, from) + mask + text.slice(to), written)

/** Of a secret, and of what is not known to be none. Quotes are no secret. */
export const nothing: Exposure = (written) => {
  const [from, to] = insideOf(written)
  return from < to ? [[from, to]] : []
}

/** Where a component of the configuration is meant by its name. */
export const reference: Exposure = (written, isWhole) => isQuoted(written) ? nothing(written, isWhole) : []

/** A text that is no secret, as long as it is what it should be. */
export const text: Exposure = (written, isWhole) => {
  if (!isQuoted(written)) return []
  if (/^["`][a-z][a-z\d+.-]*:\/\//i.test(written)) return url(written, isWhole)
  return hasUserInfo(written) || written.includes("PRIVATE KEY") ? nothing(written, isWhole) : []
}

/** A regular expression would look for the second mark anew behind each of the first. */
const hasUserInfo = (written: string): boolean => {
  const scheme = written.indexOf("://")
  return scheme >= 0 && written.includes("@", scheme)
}

/** No text of up to so many characters is a secret worth the name. */
const harmless = 3

const textOf = (written: string): string | undefined => isClosed(written) ? StringLiteral.decode(written) : undefined

/** Where secrets may be among other texts. */
export const short: Exposure = (written, isWhole) => {
  const value = textOf(written)
  return value !== undefined && value.length <= harmless ? [] : nothing(written, isWhole)
}

/** Where only some texts will do: another may have been meant for another place. */
export const accepted = (isAccepted: (text: string) => boolean): Exposure => (written, isWhole) => {
  // A number, perhaps with a unit that lacks its quotes.
  if (/^[.\d]+(e[+-]?\d+)?[a-zµ]{0,3}$/i.test(written)) return []
  const value = textOf(written)
  return value !== undefined && isAccepted(value) ? text(written, isWhole) : short(written, isWhole)
}

/**
 * Scheme (which may be missing), host, port and path. Behind them, and before the host, may be secrets; and anywhere in what is no URL, in one
 * of which it is not clear where its user info ends, and in a part of one.
 */
export const url: Exposure = (written, isWhole) => {
  const [from, to] = insideOf(written)
  const text = written.slice(from, to)
  if (isWhole && isClosed(written) && isAddress(text)) return []
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0]
  if (!isWhole || !isClosed(written) || scheme === undefined || text.includes("\\") || !URL.canParse(text)) {
    return nothing(written, isWhole)
  }
  const [authority = ""] = text.slice(scheme.length).split(/[/?#]/, 1)
  const rest = scheme.length + authority.length
  if (text.slice(rest).includes("@")) return nothing(written, isWhole)
  const userInfo = authority.lastIndexOf("@")
  const query = text.slice(rest).search(/[?#]/)
  const parts: ReadonlyArray<Part> = [
    [scheme.length, scheme.length + Math.max(0, userInfo)],
    [query < 0 ? text.length : rest + query + 1, text.length]
  ]
  return parts.flatMap(([start, end]): ReadonlyArray<Part> => start < end ? [[from + start, from + end]] : [])
}

/**
 * A host with its port, and perhaps a path, as somebody writes a URL who leaves out the scheme.
 *
 * @internal
 */
export const isAddress = (text: string): boolean =>
  /^(?:\/\/)?(?:[a-z\d][a-z\d.-]{0,62}|\[[\da-f:.]+\]):\d{1,5}(?:\/[\w./-]{0,200})?$/i.test(text)

/** Hidden where any of them hides something. */
export const all = (exposures: ReadonlyArray<Exposure>): Exposure => (written, isWhole) =>
  exposures.map((exposure) => exposure(written, isWhole)).find(({ length }) => length > 0) ?? []

/**
 * Of a field of an object: of the labels of a target `__param_<name>` goes into the query of a URL and may be a token, and
 * whoever writes a whole URL into `__address__` may have written credentials.
 *
 * @internal
 */
export const ofField = (name: string, exposure: Exposure): Exposure => {
  if (name.startsWith("__param_")) return all([exposure, short])
  return name === "__address__" ? all([exposure, address]) : exposure
}

const address: Exposure = (written, isWhole) => /[@?]/.test(written) ? nothing(written, isWhole) : []

/**
 * Whether a literal is a text.
 *
 * @internal
 */
export const isQuoted = (written: string): boolean => /^["'`]/.test(written)

/**
 * Whether a text has its second quote.
 *
 * @internal
 */
export const isClosed = (written: string): boolean =>
  isQuoted(written) && written.length > 1 && written.endsWith(written[0]!)

/** One that is not closed has no end. */
const insideOf = (written: string): Part =>
  isQuoted(written) ? [1, isClosed(written) ? written.length - 1 : written.length] : [0, written.length]

/**
 * Of a field, a header or a label: names are no secrets, but what looks like none may be anything.
 *
 * @internal
 */
export const isName = (text: string): boolean => /^[a-z_][\w.-]{0,63}$/i.test(text)

/**
 * Of an environment variable, as they are named.
 *
 * @internal
 */
export const isVariable = (literal: string): boolean => /^["`][A-Z][A-Z\d_]*["`]$/.test(literal)
