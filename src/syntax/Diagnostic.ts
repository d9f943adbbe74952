/**
 * What is wrong with a configuration, and where.
 */
import * as Confidential from "./Confidential.ts"
import * as Exposure from "./Exposure.ts"
import type { Range, Source } from "./Source.ts"
import * as Utf8 from "./Utf8.ts"

export type Severity = "error" | "warning"

export interface Diagnostic {
  readonly severity: Severity
  /** The source's name, `undefined` where a problem belongs to no place (a cycle, a missing file). */
  readonly file: string | undefined
  readonly range: Range | undefined
  readonly message: string
}

export const error = (message: string, file?: string, range?: Range): Diagnostic => ({
  severity: "error",
  file,
  range,
  message
})

export const warning = (message: string, file?: string, range?: Range): Diagnostic => ({
  severity: "warning",
  file,
  range,
  message
})

/** Orders diagnostics of one file as they stand in it. */
export const byPosition = (a: Diagnostic, b: Diagnostic): number =>
  (a.range?.start.offset ?? 0) - (b.range?.start.offset ?? 0)

/** All diagnostics in one line: the first, and how many more there are. */
export const summary = (diagnostics: ReadonlyArray<Diagnostic>): string => {
  const [first, ...more] = diagnostics
  if (first === undefined) {
    return "no errors"
  }
  return more.length === 0 ? line(first) : `${line(first)} (and ${more.length} more diagnostics)`
}

/** `FILE:LINE:COLUMN: MESSAGE`, without the parts that are not known, `-` when none is. */
const line = ({ file, range, message }: Diagnostic): string => {
  const place = [file || undefined, range?.start.line, range?.start.column].filter((part) => part !== undefined)
  return `${place.length === 0 ? "-" : place.join(":")}: ${message}`
}

export interface RenderOptions {
  /** Whether the header gets terminal colours; the snippet never does. */
  readonly color: boolean
}

/**
 * A diagnostic as it is shown to a person: a header and, when its source is among `sources` (by name), the lines in
 * question with one more on each side, without the secrets in them: `Engine` knows best what they are, and gives masked
 * sources with its `ConfigError`s. Every line ends with a newline.
 */
export const render = (
  diagnostic: Diagnostic,
  sources: ReadonlyMap<string, Source>,
  options: RenderOptions
): string => {
  const source = diagnostic.file === undefined ? undefined : sources.get(diagnostic.file)
  const lines = source === undefined || diagnostic.range === undefined ? [] : ["", ...snippet(source, diagnostic.range)]
  return [header(diagnostic, options.color), ...lines].map((line) => `${line}\n`).join("")
}

/** Several diagnostics, with a blank line between them. */
export const renderAll = (
  diagnostics: ReadonlyArray<Diagnostic>,
  sources: ReadonlyMap<string, Source>,
  options: RenderOptions
): string => diagnostics.map((diagnostic) => render(diagnostic, sources, options)).join("\n")

const titles = { error: { text: "Error", color: 31 }, warning: { text: "Warning", color: 33 } } as const

const header = (diagnostic: Diagnostic, color: boolean): string => {
  const title = titles[diagnostic.severity]
  return color
    ? `\u001b[${title.color};1m${title.text}: \u001b[0m\u001b[1m${line(diagnostic)}\u001b[0m`
    : `${title.text}: ${line(diagnostic)}`
}

/** How many lines are shown before and after the range. */
const context = 1

const snippet = (source: Source, range: Range): ReadonlyArray<string> => {
  const { end, start } = range
  const first = Math.max(start.line - context, 1)
  const lines = linesAround(source.masked ?? Confidential.guess(source.bytes), range)
  const width = String(first + lines.length - 1).length
  const multiline = start.line < end.line
  return lines.flatMap((line, index) => {
    const number = first + index
    const gutter = !multiline ? "" : number > start.line && number <= end.line ? "| " : "  "
    const shown = line.map(({ char }) => isTab(char) ? tab(" ") : char).join("")
    const text = `${String(number).padStart(width)} | ${gutter}${shown}`
    if (number !== start.line && number !== end.line) {
      return [text]
    }
    const corner = !multiline ? "" : number === start.line ? " _" : "|_"
    const from = number === start.line ? start.column : 1
    const to = number === end.line ? end.column : Number.POSITIVE_INFINITY
    return [text, `${" ".repeat(width)} | ${corner}${underline(line, from, to, multiline ? "_" : " ")}`]
  })
}

/** Carets under the columns in the range, `blank` before them and nothing behind. */
const underline = (line: ReadonlyArray<Character>, from: number, to: number, blank: string): string =>
  line
    .filter(({ column }) => column <= to)
    .map(({ char, end }) => isTab(char) ? tab(blank) : end < from ? blank : "^")
    .join("")

const isTab = (char: string): boolean => char === "\t" || char === "\v"

const tab = (filler: string): string => filler.repeat(4)

/** The lines of a range and its context, as far as there are any; a final newline begins one more, empty. */
const linesAround = (bytes: Uint8Array, { end, start }: Range): ReadonlyArray<ReadonlyArray<Character>> => {
  let from = start.offset - start.column + 1
  for (let line = start.line; line > 1 && line > start.line - context; line--) {
    from = from < 2 ? 0 : bytes.lastIndexOf(10, from - 2) + 1
  }
  const lines: Array<ReadonlyArray<Character>> = []
  for (let line = Math.max(start.line - context, 1); line <= end.line + context && from <= bytes.length; line++) {
    const newline = bytes.indexOf(10, from)
    const to = newline === -1 ? bytes.length : newline
    lines.push(characters(bytes.subarray(from, to)))
    from = to + 1
  }
  return lines
}

/** A character of a line and its first and last column, which count bytes; those of a mask are all of it. */
interface Character {
  readonly char: string
  readonly column: number
  readonly end: number
}

/** What a line shows: no `\r`. */
const characters = (line: Uint8Array): ReadonlyArray<Character> => {
  const result: Array<Character> = []
  for (let offset = 0; offset < line.length;) {
    const column = offset + 1
    if (line[offset] === Confidential.hidden) {
      while (line[offset] === Confidential.hidden) offset++
      for (const char of Exposure.mask) result.push({ char, column, end: offset })
      continue
    }
    const code = Utf8.codePointAt(line, offset)
    const char = code === Utf8.invalid ? "\ufffd" : String.fromCodePoint(code)
    offset += Utf8.width(code)
    if (char !== "\r") {
      result.push({ char, column, end: offset })
    }
  }
  return result
}
