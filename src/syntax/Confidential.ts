/**
 * A source's text without its secrets, for excerpts: what is written into a configuration must not get into a log.
 */

/** Attributes whose value is a secret, and objects all of whose values are. */
const names = "bearer_token|client_secret|credentials|headers|http_headers|key_pem|password|proxy_connect_header"

const literal = /"(?:[^"\\\n]|\\.)*"?|`[^`]*`?/g
const assignment = new RegExp(String.raw`\b(?:${names})\s*=\s*(?:\{[^}]*\}?|${literal.source})`, "g")
/** Of a URL, or of what was to be one. */
const userInfo = /(?<=:\/\/)[^\s"`]*(?=@)/g

/** Of the same length, with an asterisk for each byte of a secret. */
export const mask = (bytes: Uint8Array): Uint8Array => {
  // One character for each byte, so that every place in the text stays where it is.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
  const masked = text
    .replace(assignment, (found) => {
      const end = found.indexOf("=") + 1
      return found.slice(0, end) + found.slice(end).replace(literal, hideInner)
    })
    .replace(userInfo, hide)
  return Uint8Array.from(masked, (char) => char.charCodeAt(0))
}

const hide = (text: string): string => text.replace(/[^\r\n]/g, "*")

/** Quotes are no secret, nor is the name of a header: a literal before a `=`. */
const hideInner = (text: string, offset: number, value: string): string => {
  if (/^\s*=/.test(value.slice(offset + text.length))) return text
  const quote = text[0]!
  return text.length > 1 && text.endsWith(quote) ? quote + hide(text.slice(1, -1)) + quote : quote + hide(text.slice(1))
}
