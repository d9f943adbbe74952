/**
 * The regular expressions of rules: RE2's, in linear time, that match all of a text, `.` a newline included.
 *
 * Most of those that people write are texts, or a text with `(.*)` in it, and need no automaton.
 */
import { Result } from "effect"
import { RE2JS, RE2JSSyntaxException } from "re2js"

export interface Pattern {
  readonly test: (text: string) => boolean
  /** The groups, all of the text the first of them; one that took no part is undefined. */
  readonly match: (text: string) => Groups | undefined
  /** The number of a group by its name. */
  readonly names: Readonly<Record<string, number>>
}

export type Groups = ReadonlyArray<string | undefined>

/** What is wrong, as Go says it, and the part of the expression that it is about. */
export interface Mistake {
  readonly problem: string
  readonly part: string
}

export const compile = (regex: string): Result.Result<Pattern, Mistake> => {
  const simple = simpleOf(regex)
  return simple === undefined ? automaton(regex) : Result.succeed(simple)
}

// ---- without an automaton ----

/** What stands for itself, escaped or not. */
const literal = String.raw`(?:[\w /:;,@%&=~"'<>!#-]|[^\x00-\x7f]|\\[!-/:-@[-^{-~])*`
const literals = new RegExp(`^(?:(\\()?(\\?:)?)(${literal}(?:\\|${literal})*)(\\))?$`, "u")
const wildcard = new RegExp(`^(${literal})(\\()?\\.([*+])(\\))?(${literal})$`, "u")

const unescape = (text: string): string => text.replace(/\\(.)/gsu, "$1")

const simpleOf = (regex: string): Pattern | undefined => {
  const oneOf = literals.exec(regex)
  if (oneOf !== null) {
    const [, open, uncaptured, texts = "", close] = oneOf
    if ((open === undefined) !== (close === undefined) || (uncaptured !== undefined && open === undefined)) {
      return undefined
    }
    return alternatives(splitUnescaped(texts).map(unescape), open !== undefined && uncaptured === undefined)
  }
  const wild = wildcard.exec(regex)
  if (wild === null || (wild[2] === undefined) !== (wild[4] === undefined)) return undefined
  return around(unescape(wild[1]!), unescape(wild[5]!), wild[3] === "+" ? 1 : 0, wild[2] !== undefined)
}

/** At each `|` that stands by itself. */
const splitUnescaped = (text: string): ReadonlyArray<string> => {
  const parts = [""]
  for (const [piece] of text.matchAll(/\\.|[^\\]/gsu)) {
    if (piece === "|") parts.push("")
    else parts[parts.length - 1] += piece
  }
  return parts
}

const simple = (test: Pattern["test"], groups: (text: string) => Groups): Pattern => ({
  test,
  match: (text) => test(text) ? groups(text) : undefined,
  names: {}
})

const alternatives = (texts: ReadonlyArray<string>, isCaptured: boolean): Pattern => {
  const all = new Set(texts)
  return simple((text) => all.has(text), (text) => isCaptured ? [text, text] : [text])
}

/** Anything of some length between two texts. */
const around = (before: string, behind: string, least: number, isCaptured: boolean): Pattern => {
  const shortest = before.length + least + behind.length
  return simple(
    (text) => text.length >= shortest && text.startsWith(before) && text.endsWith(behind),
    (text) => isCaptured ? [text, text.slice(before.length, text.length - behind.length)] : [text]
  )
}

// ---- with one ----

const automaton = (regex: string): Result.Result<Pattern, Mistake> =>
  Result.map(
    Result.try({
      try: () => RE2JS.compile(`^(?s:${regex})$`),
      catch: (error): Mistake =>
        error instanceof RE2JSSyntaxException
          ? { problem: `error parsing regexp: ${error.error}`, part: error.input ?? "" }
          // Too large, for one.
          : { problem: `error parsing regexp: ${error instanceof Error ? error.message : String(error)}`, part: "" }
    }),
    (compiled): Pattern => {
      const count = compiled.groupCount()
      return {
        test: (text) => compiled.test(text),
        match: (text) => {
          const matcher = compiled.matcher(text)
          if (!matcher.find()) return undefined
          return Array.from({ length: count + 1 }, (_, group) => matcher.group(group) ?? undefined)
        },
        names: compiled.namedGroups()
      }
    }
  )
