/**
 * A configuration text and the places in it.
 */
import { Result } from "effect"
import * as Utf8 from "./Utf8.ts"

/** A file as it was read. `bytes` is its UTF-8 encoding: all offsets and columns count bytes. */
export interface Source {
  /** What diagnostics call it. */
  readonly name: string
  /** UTF-8. */
  readonly bytes: Uint8Array
  /** The bytes that may be shown, with `Confidential.hidden` for each other one, where that is known. */
  readonly masked?: Uint8Array
}

/** A place in a source: `offset` from 0, `line` and `column` from 1, `column` in bytes (a tab is one). */
export interface Position {
  /** In bytes, from 0. */
  readonly offset: number
  /** From 1. */
  readonly line: number
  /** In bytes, from 1. */
  readonly column: number
}

/** From the first to the last byte, both included. */
export interface Range {
  /** The first byte. */
  readonly start: Position
  /** The last byte. */
  readonly end: Position
}

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** A file of that name, as it was read or as text. */
export const make = (name: string, text: string | Uint8Array): Source => ({
  name,
  bytes: typeof text === "string" ? encoder.encode(text) : text
})

/** In this order: the mark of UTF-16LE is a prefix of that of UTF-32LE. */
const byteOrderMarks: ReadonlyArray<readonly [encoding: string, mark: ReadonlyArray<number>]> = [
  ["UTF8", [0xef, 0xbb, 0xbf]],
  ["UTF32BigEndian", [0x00, 0x00, 0xfe, 0xff]],
  ["UTF32LittleEndian", [0xff, 0xfe, 0x00, 0x00]],
  ["UTF16BigEndian", [0xfe, 0xff]],
  ["UTF16LittleEndian", [0xff, 0xfe]]
]

/**
 * Refuses a file in another encoding than UTF-8; gives back its bytes otherwise. What a UTF-8 byte-order mark
 * announces is believed: the lexer then points at each byte that is wrong.
 */
export const check = (bytes: Uint8Array): Result.Result<Uint8Array, string> => {
  const encoding = byteOrderMarks.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte))?.[0]
  if (encoding === "UTF8") {
    return Result.succeed(bytes)
  }
  if (encoding !== undefined) {
    return Result.fail(`configuration is encoded with ${encoding} but must be utf8`)
  }
  return Utf8.isValid(bytes) ? Result.succeed(bytes) : Result.fail("unknown encoding for config")
}

/** The text from one offset up to another, which is not included. */
export const text = (source: Source, from: number, to: number): string =>
  decoder.decode(source.bytes.subarray(from, to))

const beginning: Position = { offset: 0, line: 1, column: 1 }

/** Where an offset is, found by counting lines `from` a position before it. */
export const positionAt = (source: Source, offset: number, from: Position = beginning): Position => {
  let { line } = from
  let lineStart = from.offset - from.column + 1
  for (let at = source.bytes.indexOf(10, from.offset); at !== -1 && at < offset;) {
    line++
    lineStart = at + 1
    at = source.bytes.indexOf(10, lineStart)
  }
  return { offset, line, column: offset - lineStart + 1 }
}

/** The range from the start of one node to the end of another. */
export const span = (from: Range, to: Range): Range => ({ start: from.start, end: to.end })

/** The range of a single place. */
export const point = (position: Position): Range => ({ start: position, end: position })
