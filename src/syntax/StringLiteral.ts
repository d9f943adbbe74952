/**
 * String literals: from their source text to the string they denote, and back.
 */
import * as Character from "./Character.ts"
import * as Utf8 from "./Utf8.ts"

const named: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "\"": "\""
}

const escape = /\\([abfnrtv\\"]|[0-7]{3}|x.{2}|u.{4}|U.{8})/g

/**
 * The string a literal of the lexer denotes. `\xHH` and `\NNN` are bytes: those that decode as UTF-8 become text,
 * every other stays as a lone surrogate `U+DC80..U+DCFF`.
 */
export const decode = (literal: string): string => {
  const content = literal.slice(1, -1)
  if (literal.startsWith("`")) {
    return content.replaceAll("\r", "")
  }
  if (!content.includes("\\")) {
    return content
  }
  return content
    .replace(escape, (_, sequence: string) => named[sequence] ?? numeric(sequence))
    // Text around a run of bytes is whole characters, which no byte of the run can be a part of.
    .replace(/[\udc80-\udcff]+/gu, (run) => Utf8.decode(Uint8Array.from(run, (byte) => byte.charCodeAt(0) - 0xdc00)))
}

const numeric = (sequence: string): string => {
  switch (sequence[0]) {
    case "u":
    case "U":
      return String.fromCodePoint(Number.parseInt(sequence.slice(1), 16))
    case "x":
      return byte(Number.parseInt(sequence.slice(1), 16))
    default:
      return byte(Number.parseInt(sequence, 8))
  }
}

const byte = (value: number): string => String.fromCharCode(value < 0x80 ? value : 0xdc00 + value)

const escapes: ReadonlyMap<string, string> = new Map(Object.entries(named).map(([name, char]) => [char, `\\${name}`]))

/** A double-quoted literal for a text; whatever cannot be shown is escaped. */
export const quote = (text: string): string => `"${Array.from(text, quoted).join("")}"`

const quoted = (char: string): string => {
  const code = char.codePointAt(0)!
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")
  return escapes.get(char) ?? (Character.isPrintable(code)
    ? char
    : code < 0x80
    ? `\\x${hex(code, 2)}`
    : code >= 0xdc80 && code <= 0xdcff
    ? `\\x${hex(code - 0xdc00, 2)}`
    : code < 0x10000
    ? `\\u${hex(code, 4)}`
    : `\\U${hex(code, 8)}`)
}
