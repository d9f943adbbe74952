/**
 * The lines of a source that a range is about, as they are shown below a problem: numbered, with carets under the range
 * and without the secrets in them.
 *
 * However large the source and its lines are, an excerpt fits on a screen: of a long line the part around the range is
 * shown, of a long range its first and its last lines.
 */
import * as Character from "./Character.ts"
import * as Confidential from "./Confidential.ts"
import * as Exposure from "./Exposure.ts"
import type { Range, Source } from "./Source.ts"
import * as Utf8 from "./Utf8.ts"

/** How many lines are shown before and after the range. */
const context = 1
/** How many lines of a long range are shown at its start and at its end. */
const [head, tail] = [6, 3]
/** How many columns of a long line are shown, and how many of these are before the range. */
const [columns, before] = [160, 60]

/** A source with what may be shown of it: as the engine knows it, or else as it can be guessed. */
export const masked = (source: Source): Source & { readonly masked: Uint8Array } => ({
  ...source,
  masked: source.masked ?? Confidential.guess(source.bytes)
})

export const lines = (source: Source, range: Range): ReadonlyArray<string> => {
  const { end, start } = range
  const shown = linesAround(masked(source).masked, range)
  const width = String(shown.at(-1)!.number).length
  const pad = " ".repeat(width)
  const multiline = start.line < end.line
  return shown.flatMap(({ bytes, from, isAfterGap, number, to }) => {
    const gutter = !multiline ? "" : number > start.line && number <= end.line ? "| " : "  "
    const focus = number === start.line ? start.column : number === end.line ? end.column : 1
    const { cells, cut } = cellsOf(bytes, from, to, focus)
    const text = `${String(number).padStart(width)} | ${gutter}${cells.map(({ text }) => text).join("")}${cut}`
    const lines = isAfterGap ? [`${pad} | | ...`, text] : [text]
    if (number === start.line || number === end.line) {
      const corner = !multiline ? "" : number === start.line ? " _" : "|_"
      const first = number === start.line ? start.column : 1
      const last = number === end.line ? end.column : Number.POSITIVE_INFINITY
      lines.push(`${pad} | ${corner}${underline(cells, first, last, multiline ? "_" : " ")}`)
    }
    return lines
  })
}

/** Carets under the columns in the range, `blank` before them and nothing behind. What is missing is behind the line. */
const underline = (cells: ReadonlyArray<Cell>, from: number, to: number, blank: string): string => {
  const marks = cells
    .filter(({ column }) => column <= to)
    .map(({ end, isBlank, width }) => (isBlank || end < from ? blank : "^").repeat(width))
  return marks.join("") + (cells.every(({ end }) => end < from) && blank === " " ? "^" : "")
}

interface Line {
  readonly number: number
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  /** Whether lines before it are left out. */
  readonly isAfterGap: boolean
}

/** The lines of a range and its context, as far as there are any; a final newline begins one more, empty. */
const linesAround = (bytes: Uint8Array, { end, start }: Range): ReadonlyArray<Line> => {
  const lastLine = end.line + context
  const result: Array<Line> = []
  let number = Math.max(start.line - context, 1)
  let from = lineStart(bytes, start.offset, start.line - number)
  for (let isAfterGap = false; number <= lastLine && from <= bytes.length; number++) {
    const newline = bytes.indexOf(newlineByte, from)
    const to = newline === -1 ? bytes.length : newline
    result.push({ number, bytes, from, to, isAfterGap })
    isAfterGap = number === start.line + head - 1 && number < end.line - tail
    if (isAfterGap) {
      number = end.line - tail
      from = lineStart(bytes, end.offset, tail - 1)
    } else from = to + 1
  }
  return result
}

const newlineByte = 10

/** Where the line of an offset starts, or one that many lines before it. */
const lineStart = (bytes: Uint8Array, offset: number, linesBefore: number): number => {
  let from = offset === 0 ? 0 : bytes.lastIndexOf(newlineByte, offset - 1) + 1
  for (let lines = linesBefore; lines > 0; lines--) from = from < 2 ? 0 : bytes.lastIndexOf(newlineByte, from - 2) + 1
  return from
}

/** What a character of a line looks like. */
interface Cell {
  readonly text: string
  /** The first and the last one in the line, counting bytes. Those of a mask are all of it. */
  readonly column: number
  readonly end: number
  /** In columns of the screen. */
  readonly width: number
  readonly isBlank: boolean
}

/** The characters of a line, or of the part of it that is around the column `focus`. */
const cellsOf = (
  bytes: Uint8Array,
  from: number,
  to: number,
  focus: number
): { readonly cells: ReadonlyArray<Cell>; readonly cut: string } => {
  const near = from + focus - 1
  const first = to - from <= columns ? from : Math.max(from, characterStart(bytes, near - before))
  const cells: Array<Cell> = first === from ? [] : [blank("…", first - from)]
  let offset = first
  // What has no width is bounded, too.
  for (let width = 0; offset < to && width < columns && cells.length < 2 * columns;) {
    const column = offset - from + 1
    if (bytes[offset] === Confidential.hidden) {
      while (bytes[offset] === Confidential.hidden) offset++
      for (const text of Exposure.mask) cells.push({ text, column, end: offset - from, width: 1, isBlank: false })
      width += Exposure.mask.length
      continue
    }
    const code = Utf8.codePointAt(bytes, offset)
    offset += Utf8.width(code)
    const cell = cellOf(code === Utf8.invalid ? "\ufffd" : String.fromCodePoint(code), column, offset - from)
    if (cell !== undefined) {
      cells.push(cell)
      width += cell.width
    }
  }
  return { cells, cut: offset < to ? "…" : "" }
}

/** The beginning of the character that a byte belongs to. */
const characterStart = (bytes: Uint8Array, offset: number): number => {
  for (let back = 0; back < 4; back++) {
    const at = offset - back
    if (at >= 0 && (bytes[at]! & 0xc0) !== 0x80) return at
  }
  return offset
}

const blank = (text: string, column: number): Cell => ({ text, column, end: column, width: text.length, isBlank: true })

/** A line is shown without its `\r`. */
const cellOf = (char: string, column: number, end: number): Cell | undefined => {
  if (char === "\r") return undefined
  if (char === "\t" || char === "\v") return blank("    ", column)
  const text = Character.shown(char)
  return { text, column, end, width: Character.columns(text), isBlank: false }
}
