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
  "endpoint_params",
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

/** Comments, literals (those in single quotes are none, but are meant so), names, white space, and any other character. */
const tokens =
  /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`[^`]*`?|[A-Za-z_]\w*|[^\S\n]+|[^]/g

/** Wherever it stands. */
const userInfo = /(?<=:\/\/)[^\s"'`/?#]+(?=@)/g

/**
 * From the name of an attribute that holds secrets to the end of its value everything that might be one is hidden: this
 * text has errors in it, so that a value that is none is as likely as one that is.
 */
const hideLiterals = (text: string, hide: Hide): string => {
  let depth = 0
  let attribute = ""
  /** The depth of the attribute whose value is secret, while it lasts. */
  let secret: number | undefined
  /** A literal that is not closed may go on to the end. */
  let isOpen = false
  let [earlier, previous] = ["", ""]

  const enter = (name: string): void => {
    if (secret === undefined && secrets.has(name)) secret = depth
  }
  const leave = (token: string, before: string): void => {
    if (token === "\n" && !continues(before)) attribute = ""
    if (secret === undefined) return
    const isOver = token === "\n" ? depth === secret && !continues(before) : depth < secret
    if (isOver || (token === "," && depth === secret)) secret = undefined
  }
  const literal = (token: string, before: string, call: string, rest: string): string => {
    const [start, end] = innerOf(token)
    const isName = /^\s*=/.test(rest)
    if (isName) enter(token.slice(start, end))
    if (secret === undefined) return hideWithin(token, userInfoOf(token, urls.has(attribute)), hide)
    isOpen = !isClosed(token)
    // Names are no secrets, of headers and of environment variables.
    return isName || (before === "(" && call === "env") ? token : hideWithin(token, [start, end], hide)
  }

  const hidden = text.replace(tokens, (token, offset: number) => {
    if (isOpen) return token === "\n" ? token : hide(token)
    if (/^[^\S\n]+$/.test(token)) return token
    if (/^\/[/*]/.test(token)) {
      return token.slice(0, 2) + (secret === undefined ? hideLiterals(token.slice(2), hide) : hide(token.slice(2)))
    }
    const [call, before] = [earlier, previous]
    if (token !== "\n") [earlier, previous] = [previous, token]
    if (isQuoted(token)) return literal(token, before, call, text.slice(offset + token.length))
    if (/^[([{]$/.test(token)) depth++
    if (/^[)\]}]$/.test(token)) depth--
    leave(token, before)
    if (!/^\w/.test(token)) return token
    if (secret !== undefined && isQuoted(before)) return hide(token)
    attribute = token
    enter(token)
    return token
  })
  return hidden.replace(userInfo, hide)
}

const isQuoted = (token: string): boolean => /^["'`]/.test(token)

/** Whether a value is not at its end after that: at a line break. */
const continues = (before: string): boolean => /^[-=+*/%<>!&|^:]$/.test(before) || secrets.has(before)

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
