/**
 * Texts without secrets. What a server says about a request may repeat any part of it, and escape it as JSON, URLs and
 * HTML do, each program in its own way: so that secrets are looked for a character at a time, in all its spellings.
 */
import { Base64 } from "effect/encoding"

/** What is shorter is found everywhere, and is no secret worth the name. */
const shortest = 4

const mask = "***"

/** `text` may have been cut off, so that it ends with the beginning of a secret. */
export const scrub = (text: string, secrets: Iterable<string>): string => scrubber(secrets)(text)

/** `scrub` for texts that come with the same secrets again and again: it prepares for them when they have changed. */
export const remembering = (): (text: string, secrets: ReadonlyArray<string>) => string => {
  let known: ReadonlyArray<string> = []
  let scrub = scrubber(known)
  return (text, secrets) => {
    if (secrets.length !== known.length || secrets.some((secret, index) => secret !== known[index])) {
      known = secrets
      scrub = scrubber(secrets)
    }
    return scrub(text)
  }
}

const scrubber = (secrets: Iterable<string>): (text: string) => string => {
  const patterns = byFirstUnit([...new Set([...secrets].flatMap(forms))].map(patternOf))
  return (text) => {
    let scrubbed = ""
    let hidden = 0
    for (let at = 0; at < text.length; at++) {
      let end = at
      for (const pattern of patterns.get(text.charCodeAt(at)) ?? []) end = Math.max(end, endOf(pattern, text, at))
      if (end > at && at >= hidden) scrubbed += mask
      hidden = Math.max(hidden, end)
      if (at >= hidden) scrubbed += text[at]
    }
    return scrubbed
  }
}

/** At most places in a text no secret can begin, in whatever spelling. */
const byFirstUnit = (patterns: ReadonlyArray<Pattern>): ReadonlyMap<number, ReadonlyArray<Pattern>> => {
  const all = new Map<number, Array<Pattern>>()
  for (const pattern of patterns) {
    if (pattern.length < shortest) continue
    for (const unit of new Set(pattern[0]!.map((spelling) => spelling.charCodeAt(0)))) {
      all.set(unit, [...all.get(unit) ?? [], pattern])
    }
  }
  return all
}

/** A header loses the white space around it, and Base64 often its padding. */
const forms = (secret: string): ReadonlyArray<string> => {
  const base64 = Base64.encode(secret).replace(/=+$/, "")
  return [secret.trim(), base64, base64.replaceAll("+", "-").replaceAll("/", "_")]
}

/** For each character of a secret its spellings. */
type Pattern = ReadonlyArray<ReadonlyArray<string>>

const patternOf = (secret: string): Pattern => Array.from(secret, spellings)

const spellings = (character: string): ReadonlyArray<string> => {
  if (/^[a-z\d]$/i.test(character)) return [character]
  const units = character.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join("")
  const quoted = [character, json(character), `\\${character}`, units, upper(units)]
  const bytes = Array.from(encoder.encode(character), (byte) => `%${hex(byte, 2)}`).join("")
  const point = character.codePointAt(0)!
  const html = [`&#${point};`, `&#x${hex(point, 1)};`, ...entities.get(character) ?? []]
  const others = [bytes, upper(bytes), ...html, ...html.map(upper), ...(character === " " ? ["+"] : [])]
  // An error often quotes what it is about, and is quoted again as JSON.
  return [...new Set([...quoted, ...quoted.map(json), ...others])]
}

const json = (text: string): string => JSON.stringify(text).slice(1, -1)

const encoder = new TextEncoder()

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0")

/** Of the digits: what tells that it is an escape is in lower case. */
const upper = (escape: string): string => escape.replace(/(?<=[\dx%u])[\da-f]+/g, (digits) => digits.toUpperCase())

const entities: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["&", ["&amp;"]],
  ["<", ["&lt;"]],
  [">", ["&gt;"]],
  ["\"", ["&quot;"]],
  ["'", ["&apos;"]]
])

/** Where a secret that begins at `start` ends: with the text, if it is cut off; at `start`, if there is none. */
const endOf = (pattern: Pattern, text: string, start: number): number => {
  if (!pattern[0]!.some((spelling) => text.startsWith(spelling, start))) return start
  let ends: ReadonlySet<number> = new Set([start])
  let count = 0
  for (const spellings of pattern) {
    const next = new Set<number>()
    for (const at of ends) {
      for (const spelling of spellings) {
        if (text.startsWith(spelling, at)) next.add(at + spelling.length)
        else if (count >= shortest && spelling.length > text.length - at && spelling.startsWith(text.slice(at))) {
          return text.length
        }
      }
    }
    if (next.size === 0) return start
    ends = next
    count++
  }
  return Math.max(...ends)
}
