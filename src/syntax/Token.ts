/**
 * The words of the language.
 */
import type { Range } from "./Source.ts"
import type { BinaryOperator } from "./Tree.ts"

/** Named as error messages name it: an operator is its own name. */
export type Kind =
  | BinaryOperator
  | "!"
  | "="
  | "{"
  | "}"
  | "("
  | ")"
  | "["
  | "]"
  | ","
  | "."
  | "IDENT"
  | "NULL"
  | "BOOL"
  | "NUMBER"
  | "FLOAT"
  | "STRING"
  | "COMMENT"
  | "TERMINATOR"
  | "EOF"
  | "ILLEGAL"

export interface Token {
  readonly kind: Kind
  /** As written, quotes included; a comment is without the `\r` of line ends. */
  readonly text: string
  /** A terminator and the end of file are the place where they are due. */
  readonly range: Range
}

const keywords: ReadonlyMap<string, Kind> = new Map([["null", "NULL"], ["true", "BOOL"], ["false", "BOOL"]])

/** The kind of a word: a keyword's, otherwise `IDENT`. */
export const ofWord = (word: string): Kind => keywords.get(word) ?? "IDENT"

const word = /^[\p{L}_][\p{L}_\p{Nd}]*$/u

/** Whether a text is exactly one identifier. */
export const isIdentifier = (text: string): boolean => word.test(text) && ofWord(text) === "IDENT"
