/**
 * How a text may be read: as it stands, or as the escapes of JSON, URLs, forms and HTML that are in it.
 */

/** One character, and where the text goes on behind it. */
export interface Reading {
  /** Of Unicode. */
  readonly point: number
  readonly end: number
}

/** What may be meant by the text from `at` on: some character, written in this way or that. They are few. */
export const at = (text: string, at: number): ReadonlyArray<Reading> => {
  const point = text.codePointAt(at)!
  const asItStands = { point, end: at + width(point) }
  switch (point) {
    case backslash:
      return [...backslashed(text, at), asItStands]
    case percent:
      return [...percentEncoded(text, at), asItStands]
    case ampersand:
      return [...entity(text, at), asItStands]
    case plus:
      return [asItStands, { point: space, end: at + 1 }]
    default:
      return [asItStands]
  }
}

/** Whether a text from `at` on is nothing, or may be a character of which the end has been cut off. */
export const isCut = (text: string, at: number): boolean => text.length - at <= longest && begun.test(text.slice(at))

const backslash = 0x5c
const percent = 0x25
const ampersand = 0x26
const plus = 0x2b
const space = 0x20

const width = (point: number): number => point > 0xffff ? 2 : 1

/** An error often quotes what it is about, and is quoted again as JSON, and once more: each time there are more backslashes. */
const mostBackslashes = 8

const longest = 2 * (mostBackslashes + "uffff".length)

const begun =
  /^(?:(?:\\+u[\da-f]{4})?\\+(?:u[\da-f]{0,3}|U[\da-f]{0,7}|x[\da-f]?)?|(?:%[\da-f]{2}){0,3}(?:%[\da-f]?)?|&#?\w*|[\ud800-\udbff])$/i

const backslashed = (text: string, at: number): ReadonlyArray<Reading> => {
  let body = at
  while (body < at + mostBackslashes && text.charCodeAt(body) === backslash) body++
  const quoted = [2, 4].flatMap((count) => count <= body - at ? [{ point: backslash, end: at + count }] : [])
  const escaped = escape(text, body)
  return escaped === undefined ? quoted : [escaped, ...quoted]
}

const controls: ReadonlyMap<string, number> = new Map([["b", 8], ["t", 9], ["n", 10], ["f", 12], ["r", 13]])

/** What follows the backslashes. */
const escape = (text: string, at: number): Reading | undefined => {
  const letter = text.charAt(at)
  const control = controls.get(letter)
  if (control !== undefined) return { point: control, end: at + 1 }
  if (letter === "u") return unicode(text, at)
  if (letter === "U") return hexadecimal(text, at + 1, 8)
  if (letter === "x") return hexadecimal(text, at + 1, 2)
  const point = text.codePointAt(at)
  return point === undefined || /[a-z\d]/i.test(letter) ? undefined : { point, end: at + width(point) }
}

/** One unit of UTF-16, or two that belong together. */
const unicode = (text: string, at: number): Reading | undefined => {
  const first = hexadecimal(text, at + 1, 4)
  if (first === undefined || first.point < 0xd800 || first.point > 0xdbff) return first
  let next = first.end
  while (next < first.end + mostBackslashes && text.charCodeAt(next) === backslash) next++
  const second = text[next] === "u" && next > first.end ? hexadecimal(text, next + 1, 4) : undefined
  if (second === undefined || second.point < 0xdc00 || second.point > 0xdfff) return first
  return { point: 0x10000 + (first.point - 0xd800) * 0x400 + second.point - 0xdc00, end: second.end }
}

const hexadecimal = (text: string, at: number, digits: number): Reading | undefined => {
  const code = text.slice(at, at + digits)
  return code.length === digits && /^[\da-f]+$/i.test(code)
    ? { point: Number.parseInt(code, 16), end: at + digits }
    : undefined
}

/** The bytes of one character in UTF-8. */
const percentEncoded = (text: string, at: number): ReadonlyArray<Reading> => {
  const first = hexadecimal(text, at + 1, 2)
  if (first === undefined) return []
  if (first.point < 0x80) return [first]
  const bytes = first.point < 0xe0 ? 2 : first.point < 0xf0 ? 3 : 4
  const escapes = text.slice(at, at + 3 * bytes).split("%").slice(1)
  const decoded = Array.from(decoder.decode(Uint8Array.from(escapes, (escape) => Number.parseInt(escape, 16))))
  return decoded.length === 1 ? [{ point: decoded[0]!.codePointAt(0)!, end: at + 3 * bytes }] : []
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const names: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", "\""],
  ["apos", "'"]
])

const entity = (text: string, at: number): ReadonlyArray<Reading> => {
  const [whole, name = "", decimal, hex] =
    /^&(?:([a-z]{2,4})|#(\d{1,7})|#x([\da-f]{1,6}));/i.exec(text.slice(at, at + 10)) ?? []
  if (whole === undefined) return []
  const point = decimal !== undefined
    ? Number(decimal)
    : hex !== undefined
    ? Number.parseInt(hex, 16)
    : names.get(name.toLowerCase())?.charCodeAt(0)
  return point === undefined ? [] : [{ point, end: at + whole.length }]
}
