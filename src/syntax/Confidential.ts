/**
 * A configuration's text without its secrets, for the lines around an error.
 *
 * Of a text that parses it is known what each value is for: `hide` does as it is told. Of one that does not it can only
 * be guessed from how a line looks: `guess` shows names, punctuation, and the values of attributes that are known to be
 * harmless, and nothing else.
 */
import * as Exposure from "./Exposure.ts"
import type { Hidden } from "./Masking.ts"

/** Stands for each byte that is hidden: UTF-8 never has it. So every place in the text stays where it is. */
export const hidden = 0xff

const lineFeed = 10

const fill = (bytes: Uint8Array, from: number, to: number): void => {
  for (let at = from; at < to; at++) if (bytes[at] !== lineFeed) bytes[at] = hidden
}

const encoder = new TextEncoder()

/** With `hidden` in the place of these parts. */
export const hide = (bytes: Uint8Array, parts: Iterable<Hidden>): Uint8Array => {
  const result = Uint8Array.from(bytes)
  for (const { parts: inner, range, written } of parts) {
    const offsetOf = (index: number): number => range.start.offset + encoder.encode(written.slice(0, index)).length
    for (const [from, to] of inner) fill(result, offsetOf(from), offsetOf(to))
  }
  return result
}

/** What is known of the names in a text. */
export interface Names {
  /** By the names of attributes. */
  readonly exposures: ReadonlyMap<string, Exposure.Exposure>
  /** Whether a reference may begin with that. */
  readonly isKnown: (name: string) => boolean
}

const unknown: Names = { exposures: new Map(), isKnown: () => false }

/** Windows-1252 under its other name. What is above ASCII is above it there, too. */
const characters = new TextDecoder("latin1")

/** How many tokens of a line are looked at together. Of a longer line, which nobody reads, nothing but symbols is shown. */
const longest = 1000

/** With `hidden` in the place of all that might be a secret. */
export const guess = (bytes: Uint8Array, names: Names = unknown): Uint8Array => {
  const result = Uint8Array.from(bytes)
  // One character for each byte, so that their places are the same.
  const text = characters.decode(bytes)
  const guessing = new Guessing(names)
  let line: Array<Token> = []
  let isLong = false
  const endPart = (): void => {
    for (const [from, to] of isLong ? guessing.part(line) : guessing.line(line)) fill(result, from, to)
    line = []
  }
  const endLine = (): void => {
    endPart()
    isLong = false
  }
  for (const { 0: word, index } of text.matchAll(tokens)) {
    if (word === "\n") endLine()
    else if (/^\/[/*]/.test(word)) fill(result, index + 2, index + word.length)
    else if (!/^\s+$/.test(word)) {
      line.push({ text: word, at: index })
      if (line.length === longest) {
        isLong = true
        endPart()
      }
    }
  }
  endLine()
  return result
}

interface Token {
  readonly text: string
  readonly at: number
}

/** Comments, literals (those in single quotes are none, but are meant so), words and numbers, white space, and any other character. */
const tokens =
  /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[^\n])*"?|'(?:[^'\\\n]|\\[^\n])*'?|`[^`]*`?|[\w\x80-\uffff]+|[^\S\n]+|[^]/g

const isWord = (token: Token | undefined): boolean => token !== undefined && /^[\w\x80-\uffff]/.test(token.text)

const isKeyword = ({ text }: Token): boolean => /^(true|false|null)$/.test(text)

const assigns = (token: Token | undefined): boolean => token?.text === "=" || token?.text === ":"

/** What might be the name of an attribute. */
const looksLikeName = (text: string): boolean => /^[a-z]+(_[a-z\d]+)*$/i.test(text)

/** A literal, a word, or what it is. */
const kindOf = (token: Token): string => isWord(token) ? "w" : Exposure.isClosed(token.text) ? "l" : token.text

/** Literals and names with operators between them, one literal by itself as a rule. */
const simple = /^[-([]*[lw](?:[-.,+()[\]]+[lw])*[)\],]*$/

/** What a line is about, and what may be shown of the rest. */
interface Reading {
  /** How many of its tokens name it. */
  readonly head: number
  readonly exposure: Exposure.Exposure
  /** Whether the rest is one literal. */
  readonly isWhole: boolean
}

const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" }

class Guessing {
  private readonly names: Names
  /** What closes the brackets that are open, and how many of them are not those of blocks: within these are values. */
  private readonly open: Array<{ readonly close: string; readonly isBlock: boolean }> = []
  private values = 0
  private before: Token | undefined

  constructor(names: Names) {
    this.names = names
  }

  /** What of a part of a line that is too long is to be hidden. */
  part(line: ReadonlyArray<Token>): ReadonlyArray<Exposure.Part> {
    this.follow(line)
    const isHidden = (token: Token): boolean => isWord(token) || Exposure.isQuoted(token.text)
    return line.flatMap((token): ReadonlyArray<Exposure.Part> => isHidden(token) ? [[token.at, endOf(token)]] : [])
  }

  /** What of a line is to be hidden. */
  line(line: ReadonlyArray<Token>): ReadonlyArray<Exposure.Part> {
    const { exposure, head, isWhole } = this.read(line)
    const shown = this.references(line)
    const parts = line.map((token, index): ReadonlyArray<Exposure.Part> => {
      if (!isWord(token) && !Exposure.isQuoted(token.text)) return []
      if (index < head || shown.has(token) || isKeyword(token) || isKey(line, index, head) || isVariable(line, index)) {
        return []
      }
      return exposure(token.text, isWhole).map(([from, to]): Exposure.Part => [token.at + from, token.at + to])
    })
    this.follow(line)
    const start = assigns(line[head]) ? head + 1 : head
    // A quote without another may be one of the symbols of a password.
    const isLoose = ({ text }: Token): boolean => Exposure.isQuoted(text) && !Exposure.isClosed(text)
    const hidden = line.map((token, index) => parts[index]!.length > 0 && (isWord(token) || isLoose(token)))
    const all = withSymbols(line, start, hidden)
    return line.flatMap((token, index) =>
      all[index] === true && !Exposure.isQuoted(token.text) ? [[token.at, endOf(token)]] : parts[index]!
    )
  }

  private read(line: ReadonlyArray<Token>): Reading {
    let end = 1
    while (line[end]?.text === "." && isWord(line[end + 1])) end += 2
    const [first, next, last] = [line[0], line[end], line[end + 1]]
    const naming = (head: number): Reading => ({ head, exposure: Exposure.nothing, isWhole: false })
    if (!isWord(first) || assigns(this.before)) return naming(0)
    const known = end === 1 ? this.names.exposures.get(first!.text) : undefined
    if (end === 1 && assigns(next)) {
      if (known !== undefined && next!.text === "=" && this.values === 0) {
        const value = line.slice(2)
        const isWhole = value.filter(({ text }) => text !== ",").length === 1
        if (simple.test(value.map(kindOf).join(""))) return { head: 1, exposure: known, isWhole }
      }
      return naming(known !== undefined || (looksLikeName(first!.text) && last !== undefined) ? 1 : 0)
    }
    if (next?.text === "{" && this.values === 0) return naming(end)
    const isLabelled = last?.text === "{" && next !== undefined && Exposure.isQuoted(next.text)
    if (isLabelled && end > 1 && Exposure.isName(next.text.slice(1, -1))) return naming(end + 1)
    return naming(known === undefined ? 0 : 1)
  }

  /** The names of references to what is known. */
  private references(line: ReadonlyArray<Token>): ReadonlySet<Token> {
    const found = new Set<Token>()
    line.forEach((token, index) => {
      const isFirst = line[index - 1]?.text !== "."
      const follows = !isFirst && index > 1 && found.has(line[index - 2]!)
      if (isWord(token) && (isFirst ? this.names.isKnown(token.text) : follows)) found.add(token)
    })
    return found
  }

  private follow(line: ReadonlyArray<Token>): void {
    line.forEach((token, index) => {
      const { text } = token
      if (/^[([{]$/.test(text)) {
        // Headers that are written as a block are still headers.
        const isHeaded = isWord(this.before) && !(index === 1 && this.names.exposures.has(line[0]!.text))
        const isBlock = text === "{" && (isHeaded || Exposure.isQuoted(this.before?.text ?? ""))
        this.open.push({ close: closing[text]!, isBlock })
        if (!isBlock) this.values++
      } else if (this.open.at(-1)?.close === text && this.open.pop()?.isBlock === false) {
        this.values--
      }
      this.before = token
    })
  }
}

/**
 * With the symbols that stand directly before or behind a word that is hidden, as in a password without quotes; brackets
 * and commas only between others.
 */
const withSymbols = (
  line: ReadonlyArray<Token>,
  start: number,
  hidden: ReadonlyArray<boolean>
): ReadonlyArray<boolean> => {
  const all = [...hidden]
  const touches = (left: number): boolean => line[left] !== undefined && endOf(line[left]) === line[left + 1]?.at
  const join = (index: number, other: number): void => {
    const { text } = line[index]!
    if (all[other] !== true || isWord(line[index]) || Exposure.isQuoted(text)) return
    const [left, right] = [touches(index - 1), touches(index)]
    all[index] = /[,()[\]{}]/.test(text) ? left && right : other < index ? left : right
  }
  for (let index = start + 1; index < line.length; index++) join(index, index - 1)
  for (let index = line.length - 2; index >= start; index--) if (all[index] !== true) join(index, index + 1)
  return all
}

const endOf = ({ at, text }: Token): number => at + text.length

/** Names are no secrets, of fields and of headers. */
const isKey = (line: ReadonlyArray<Token>, index: number, head: number): boolean => {
  const { text } = line[index]!
  const before = line[index - 1]?.text ?? ""
  if (!assigns(line[index + 1]) || line[index + 2] === undefined || !["", "{", ","].includes(before)) return false
  if (index - 2 >= head && isWithin(line, index)) return false
  return Exposure.isClosed(text) ? Exposure.isName(text.slice(1, -1)) : looksLikeName(text)
}

/** Whether a comma or a bracket before it is as well a part of what has no quotes, such as a password. */
const isWithin = (line: ReadonlyArray<Token>, index: number): boolean => {
  const [left, mark, token] = [line[index - 2]!, line[index - 1]!, line[index]!]
  if (endOf(left) !== mark.at || endOf(mark) !== token.at || Exposure.isClosed(left.text)) return false
  return !(mark.text === "," ? /^[)\]}]$/ : /^[=:,([{]$/).test(left.text)
}

const isVariable = (line: ReadonlyArray<Token>, index: number): boolean =>
  line[index - 1]?.text === "(" && line[index - 2]?.text === "env" && Exposure.isVariable(line[index]!.text)
