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

/** Whether a screen shows something for it. */
export const isPrintable = (code: number): boolean => /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(String.fromCodePoint(code))

/** `U+0023 '#'`, or only `U+0007` when it cannot be shown. */
export const describe = (code: number): string => {
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
  return isPrintable(code) ? `${name} '${String.fromCodePoint(code)}'` : name
}

/** What stands for a character on a screen. */
export const shown = (char: string): string => isPrintable(char.codePointAt(0)!) ? char : "\ufffd"

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** How many columns a character takes on a screen: none what combines with the one before, two what is as wide as high. */
export const columns = (char: string): 0 | 1 | 2 => {
  if (char < "\u0300") return 1
  if (/[\p{Mn}\p{Me}]/u.test(char)) return 0
  return wide.test(char) ? 2 : 1
}
