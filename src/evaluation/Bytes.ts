/**
 * A text as the bytes that the language means by it: UTF-8, and one byte for each lone surrogate `U+DC80..U+DCFF`.
 */
import * as Utf8 from "../syntax/Utf8.ts"

const encoder = new TextEncoder()
const stray = /[\udc80-\udcff]/u

export const encode = (text: string): Uint8Array => {
  if (!stray.test(text)) return encoder.encode(text)
  const bytes: Array<number> = []
  for (const char of text) {
    if (stray.test(char)) bytes.push(char.charCodeAt(0) - 0xdc00)
    else bytes.push(...encoder.encode(char))
  }
  return Uint8Array.from(bytes)
}

/** Joins two texts. Bytes of the one may complete a character of the other. */
export const join = (left: string, right: string): string =>
  stray.test(left) && stray.test(right)
    ? Utf8.decode(Uint8Array.from([...encode(left), ...encode(right)]))
    : left + right

/** Negative, zero or positive by the order of the bytes, which differs from JavaScript's order of UTF-16 units. */
export const compare = (left: string, right: string): number => {
  const a = encode(left)
  const b = encode(right)
  const differing = a.findIndex((byte, index) => byte !== b[index])
  return differing === -1 ? a.length - b.length : a[differing]! - (b[differing] ?? -1)
}
