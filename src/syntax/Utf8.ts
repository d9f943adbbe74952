/**
 * UTF-8 that may be broken: a byte that does not decode stands for itself.
 */

/** What `codePointAt` gives where no code point is encoded. */
export const invalid = -1

/** The code point encoded at `offset`, which must be inside `bytes`, or `invalid`. */
export const codePointAt = (bytes: Uint8Array, offset: number): number => {
  const lead = bytes[offset]!
  if (lead < 0x80) {
    return lead
  }
  if (lead < 0xc2 || lead > 0xf4) {
    return invalid
  }
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  let code = lead & (0x7f >> length)
  for (let index = 1; index < length; index++) {
    const byte = bytes[offset + index]
    if (byte === undefined || (byte & 0xc0) !== 0x80) {
      return invalid
    }
    code = (code << 6) | (byte & 0x3f)
  }
  return width(code) === length && !isSurrogate(code) && code <= 0x10ffff ? code : invalid
}

/** How many bytes encode a code point; an `invalid` one is one byte. */
export const width = (code: number): number => code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4

export const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff

export const isValid = (bytes: Uint8Array): boolean => {
  for (let offset = 0; offset < bytes.length;) {
    const code = codePointAt(bytes, offset)
    if (code === invalid) {
      return false
    }
    offset += width(code)
  }
  return true
}

/** The text of `bytes`, with a lone surrogate `U+DC80..U+DCFF` for each byte that does not decode. */
export const decode = (bytes: Uint8Array): string => {
  let text = ""
  for (let offset = 0; offset < bytes.length;) {
    const code = codePointAt(bytes, offset)
    text += String.fromCodePoint(code === invalid ? 0xdc00 + bytes[offset]! : code)
    offset += width(code)
  }
  return text
}
