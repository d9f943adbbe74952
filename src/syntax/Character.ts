/**
 * Code points, as the language classes and names them.
 */

/** A letter of any script, or `_`. */
export const isLetter = (code: number): boolean =>
  code < 0x80 ? isAsciiLetter(code | 0x20) || code === 0x5f : /\p{L}/u.test(String.fromCodePoint(code))

const isAsciiLetter = (lower: number): boolean => lower >= 0x61 && lower <= 0x7a

/** `0` to `9`: what numbers are made of. */
export const isDecimal = (code: number): boolean => code >= 0x30 && code <= 0x39

/** A decimal digit of any script: what an identifier may go on with. */
export const isDigit = (code: number): boolean =>
  code < 0x80 ? isDecimal(code) : /\p{Nd}/u.test(String.fromCodePoint(code))

export const isPrintable = (code: number): boolean => /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(String.fromCodePoint(code))

/** `U+0023 '#'`, or only `U+0007` when it cannot be shown. */
export const describe = (code: number): string => {
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
  return isPrintable(code) ? `${name} '${String.fromCodePoint(code)}'` : name
}
