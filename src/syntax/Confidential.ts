/**
 * A configuration's text without its secrets, for errors: what is written into a configuration must not get into a log.
 *
 * Attributes are known by their names, for no type is known yet where a text is wrong.
 */

/** Attributes whose literals are secrets, wherever they stand. */
const secrets: ReadonlySet<string> = new Set([
  "bearer_token",
  "client_secret",
  "credentials",
  "headers",
  "http_headers",
  "key_pem",
  "password",
  "proxy_connect_header"
])

/** Attributes that hold a URL, which may have a password in it. */
const urls: ReadonlySet<string> = new Set(["proxy_url", "token_url", "url"])

/** Of the same length, with an asterisk for each byte of a secret. */
export const mask = (bytes: Uint8Array): Uint8Array => {
  // One character for each byte, so that every place in the text stays where it is.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
  const masked = hideLiterals(text, (secret) => secret.replace(/[^\r\n]/g, "*"))
  return Uint8Array.from(masked, (char) => char.charCodeAt(0))
}

/** The text of an expression within the value of an attribute. */
export const maskExpression = (attribute: string, text: string): string => {
  const assignment = `${attribute} = `
  return hideLiterals(assignment + text, () => "***").slice(assignment.length)
}

type Hide = (secret: string) => string

/** Comments, literals, names, white space, and every other character by itself. */
const tokens = /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|"(?:[^"\\\n]|\\.)*"?|`[^`]*`?|[A-Za-z_]\w*|[^\S\n]+|[^]/g

const hideLiterals = (text: string, hide: Hide): string => {
  let depth = 0
  let attribute = ""
  /** The depth of the attribute whose value is secret, while it lasts. */
  let secret: number | undefined
  let [earlier, previous] = ["", ""]
  return text.replace(tokens, (token, offset: number) => {
    if (/^(?:[^\S\n]+|\/[/*])/.test(token)) return token
    const [call, before] = [earlier, previous]
    earlier = previous
    previous = token
    if (/^["`]/.test(token)) {
      if (secret === undefined) return hideWithin(token, userInfoOf(token, urls.has(attribute)), hide)
      // Names are no secrets, of headers and of environment variables.
      const isName = /^\s*=/.test(text.slice(offset + token.length)) || (before === "(" && call === "env")
      return isName ? token : hideWithin(token, innerOf(token), hide)
    }
    if (/^[([{]$/.test(token)) depth++
    if (/^[)\]}]$/.test(token)) depth--
    if (secret === undefined && token === "=" && /^\w/.test(before)) {
      attribute = before
      if (secrets.has(attribute)) secret = depth
    } else if (secret !== undefined) {
      const isOver = token === "\n" ? depth === secret && !/^[-=+*/%<>!&|^]$/.test(before) : depth < secret
      if (isOver || (token === "," && depth === secret)) secret = undefined
    }
    return token
  })
}

type Part = readonly [start: number, end: number]

const hideWithin = (literal: string, part: Part | undefined, hide: Hide): string =>
  part === undefined ? literal : literal.slice(0, part[0]) + hide(literal.slice(...part)) + literal.slice(part[1])

/** Quotes are no secret; one that is not closed has no end. */
const innerOf = (literal: string): Part => [1, isClosed(literal) ? literal.length - 1 : literal.length]

const isClosed = (literal: string): boolean => literal.length > 1 && literal.endsWith(literal[0]!)

/** The user info of a URL; of what is none all that might be one. */
const userInfoOf = (literal: string, isUrl: boolean): Part | undefined => {
  const [from, to] = innerOf(literal)
  const text = literal.slice(from, to)
  const scheme = text.indexOf("://")
  if (scheme < 0 && !isUrl) return undefined
  const start = scheme < 0 ? 0 : scheme + 3
  const authority = URL.canParse(text) && scheme >= 0 ? text.slice(start).split(/[/?#]/)[0]! : text.slice(start)
  const end = authority.lastIndexOf("@")
  return end < 0 ? undefined : [from + start, from + start + end]
}
