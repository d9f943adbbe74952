/**
 * What is wrong with a configuration, and where.
 */
import * as Character from "./Character.ts"
import * as Excerpt from "./Excerpt.ts"
import type { Range, Source } from "./Source.ts"

/** Only an error keeps a configuration from running. */
export type Severity = "error" | "warning"

/** A problem, and where it is. */
export interface Diagnostic {
  /** Whether the configuration can run nevertheless. */
  readonly severity: Severity
  /** The source's name, `undefined` where a problem belongs to no place (a cycle, a missing file). */
  readonly file: string | undefined
  /** The place in the source. */
  readonly range: Range | undefined
  /** What is wrong, without secrets. */
  readonly message: string
  /** How many problems it stands for where they were too many to keep, the first of them at `range`: see `Problems`. */
  readonly count?: number
}

/** What keeps a configuration from running. */
export const error = (message: string, file?: string, range?: Range): Diagnostic => ({
  severity: "error",
  file,
  range,
  message
})

/** What does not. */
export const warning = (message: string, file?: string, range?: Range): Diagnostic => ({
  severity: "warning",
  file,
  range,
  message
})

/** Orders diagnostics of one file as they stand in it, one that stands for further problems behind the others. */
export const byPosition = (a: Diagnostic, b: Diagnostic): number =>
  (a.count ?? 0) - (b.count ?? 0) || (a.range?.start.offset ?? 0) - (b.range?.start.offset ?? 0)

/** All diagnostics in one line: the first, and how many more there are. */
export const summary = (diagnostics: ReadonlyArray<Diagnostic>): string => {
  const [first, ...more] = diagnostics
  if (first === undefined) {
    return "no errors"
  }
  const count = more.reduce((sum, { count = 1 }) => sum + count, 0)
  return count === 0 ? line(first) : `${line(first)} (and ${count} more diagnostics)`
}

/** `FILE:LINE:COLUMN: MESSAGE`, without the parts that are not known, `-` when none is. */
const line = ({ file, range, message }: Diagnostic): string => {
  const place = [file || undefined, range?.start.line, range?.start.column].filter((part) => part !== undefined)
  return `${place.length === 0 ? "-" : place.join(":")}: ${readable(message)}`
}

/** The longest message; what is wrong is mostly said at its end. */
const longest = 600

/** Of a length that can be read, and without what a terminal would take for a command. */
const readable = (message: string): string => {
  const half = longest / 2
  const text = message.length > longest ? `${message.slice(0, half)} … ${message.slice(-half)}` : message
  return Array.from(text, (char) => char === "\n" || char === "\t" ? char : Character.shown(char)).join("")
}

/** How diagnostics are written. */
export interface RenderOptions {
  /** Whether the header gets terminal colours; the snippet never does. */
  readonly color: boolean
}

/**
 * A diagnostic as it is shown to a person: a header and, when its source is among `sources` (by name), the lines in
 * question with one more on each side, without the secrets in them: `Engine` knows best what they are, and gives masked
 * sources with its `InvalidConfiguration`s. Every line ends with a newline.
 */
export const render = (
  diagnostic: Diagnostic,
  sources: ReadonlyMap<string, Source>,
  options: RenderOptions
): string => {
  const source = diagnostic.file === undefined ? undefined : sources.get(diagnostic.file)
  const lines = source === undefined || diagnostic.range === undefined
    ? []
    : ["", ...Excerpt.lines(source, diagnostic.range)]
  return [header(diagnostic, options.color), ...lines].map((line) => `${line}\n`).join("")
}

/** Several diagnostics, with a blank line between them. */
export const renderAll = (
  diagnostics: ReadonlyArray<Diagnostic>,
  sources: ReadonlyMap<string, Source>,
  options: RenderOptions
): string => {
  // Each source is masked once: it may be large, and have many problems.
  const masked = new Map(Array.from(sources, ([name, source]) => [name, Excerpt.masked(source)]))
  return diagnostics.map((diagnostic) => render(diagnostic, masked, options)).join("\n")
}

const titles = { error: { text: "Error", color: 31 }, warning: { text: "Warning", color: 33 } } as const

const header = (diagnostic: Diagnostic, color: boolean): string => {
  const title = titles[diagnostic.severity]
  return color
    ? `\u001b[${title.color};1m${title.text}: \u001b[0m\u001b[1m${line(diagnostic)}\u001b[0m`
    : `${title.text}: ${line(diagnostic)}`
}
