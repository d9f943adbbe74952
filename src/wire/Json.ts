/**
 * JSON from whoever sends it, parsed within bounds.
 *
 * `JSON.parse` makes an object out of two bytes and knows no limit, so that a small request can hold the process for
 * minutes and fill its memory. What can be many is counted first, in one pass over the bytes.
 */
import { Result } from "effect"

export interface Limits {
  /** Brackets that open and commas, which are at least as many as elements of arrays and members of objects. */
  readonly maxFields: number
  /** Arrays and objects within each other. */
  readonly maxDepth: number
}

/** Parses UTF-8 text, with or without a byte order mark; fails with what is wrong with it, which quotes nothing of it. */
export const parse = (bytes: Uint8Array, limits: Limits): Result.Result<unknown, string> => {
  const excess = excessIn(bytes, limits)
  if (excess !== undefined) return Result.fail(excess)
  return Result.try({
    try: (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    catch: () => "not JSON"
  })
}

/** What there is more of than the limits allow. In what is no JSON the count is right up to where a parser gives up. */
const excessIn = (bytes: Uint8Array, { maxDepth, maxFields }: Limits): string | undefined => {
  let fields = 0
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote:
        at = endOfString(bytes, at + 1)
        break
      case openBrace:
      case openBracket:
        if (++depth > maxDepth) return `nested more than ${maxDepth} deep`
        if (++fields > maxFields) return `more than ${maxFields} fields`
        break
      case comma:
        if (++fields > maxFields) return `more than ${maxFields} fields`
        break
      case closeBrace:
      case closeBracket:
        depth--
        break
    }
  }
  return undefined
}

/** Where the quote stands that ends the string which begins at `from`. */
const endOfString = (bytes: Uint8Array, from: number): number => {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) return at
    if (byte === backslash) at++
  }
  return bytes.length
}

// No byte of a character of several is one of these.
const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
