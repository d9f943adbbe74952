/**
 * Texts without secrets. What a server says about a request may repeat any part of it, and escape it as JSON, URLs and
 * HTML do, each program in its own way: so a text is read a character at a time, in all its `Readings`.
 *
 * The work grows with the text alone, whatever the secrets are and however many there are.
 */
import { Base64 } from "effect/encoding"
import * as HeaderValue from "./HeaderValue.ts"
import * as Readings from "./Readings.ts"
import * as Search from "./Search.ts"

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
  const patterns = [...secrets].flatMap(forms).map(pointsOf).filter(({ length }) => length >= shortest)
  if (patterns.length === 0) return (text) => text
  const search = Search.make(patterns)
  return (text) => {
    const parts: Array<string> = []
    let to = text.length
    for (const stretch of merged(stretches(text, search))) {
      parts.push(text.slice(stretch.to, to), mask)
      to = stretch.from
    }
    return text.slice(0, to) + parts.reverse().join("")
  }
}

/** A header loses the white space around it and may be read as Latin-1, and Base64 often its padding. */
const forms = (secret: string): ReadonlyArray<string> => {
  const base64 = Base64.encode(secret).replace(/=+$/, "")
  return [secret.trim(), HeaderValue.encode(secret.trim()), base64, base64.replaceAll("+", "-").replaceAll("/", "_")]
}

const pointsOf = (text: string): ReadonlyArray<number> => Array.from(text, (char) => char.codePointAt(0)!)

/** From one place in a text up to another. */
interface Stretch {
  readonly from: number
  readonly to: number
}

/** The text up to some place, read in one way: its last character, and what is before that. */
interface Read {
  readonly state: Search.State
  /** Where its last character begins. */
  readonly from: number
  readonly before: Read | undefined
  /** How many characters at its end are known to be hidden, and where they begin. */
  hidden: number
  hiddenFrom: number
}

/** Ways to read a text that are followed at a time: more than one is rare, and only a text of nothing but escapes has more. */
const mostWays = 8

/** What of a text is secret, in the order of the ends. */
const stretches = (text: string, search: Search.Search): ReadonlyArray<Stretch> => {
  const found: Array<Stretch> = []
  const cut: Array<Stretch> = []
  const ways: Array<Array<Read> | undefined> = [[read(search.start, 0, undefined)]]
  for (let at = 0; at <= text.length; at++) {
    for (const way of ways[at] ?? []) {
      const { found: length, length: begun } = way.state
      if (length > 0) found.push({ from: hide(way, length), to: at })
      if (begun >= shortest && Readings.isCut(text, at)) cut.push({ from: hide(way, begun), to: text.length })
      if (at === text.length) continue
      for (const { end, point } of Readings.at(text, at)) {
        const state = search.after(way.state, point)
        const others = ways[end] ??= []
        if (others.length < mostWays && others.every((other) => other.state !== state)) {
          others.push(read(state, at, way))
        }
      }
    }
    ways[at] = undefined
  }
  return [...found, ...cut]
}

const read = (state: Search.State, from: number, before: Read | undefined): Read => ({
  state,
  from,
  before,
  hidden: 0,
  hiddenFrom: from
})

/** Marks the last `length` characters as hidden, and gives the place where the stretch that they are in begins. */
const hide = (last: Read, length: number): number => {
  const newly: Array<Read> = []
  let first: Read | undefined = last
  // What is known to be hidden is not gone through again.
  while (first !== undefined && newly.length < length && first.hidden < length - newly.length) {
    newly.push(first)
    first = first.before
  }
  const isJoined = first !== undefined && newly.length < length
  const from = isJoined ? first!.hiddenFrom : newly.at(-1)!.from
  let hidden = isJoined ? first!.hidden : 0
  for (const read of newly.reverse()) {
    read.hidden = ++hidden
    read.hiddenFrom = from
  }
  return from
}

/** Those that overlap as one, the last first. */
const merged = (stretches: ReadonlyArray<Stretch>): ReadonlyArray<Stretch> => {
  const result: Array<Stretch> = []
  for (const stretch of stretches.toReversed()) {
    const last = result.at(-1)
    if (last === undefined || stretch.to <= last.from) result.push(stretch)
    else if (stretch.from < last.from) result[result.length - 1] = { from: stretch.from, to: last.to }
  }
  return result
}
