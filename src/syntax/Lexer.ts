/**
 * Text -> tokens, one at a time.
 *
 * A newline ends a statement only after a token that can end one: there the lexer inserts a `TERMINATOR`. A comment
 * that reaches the end of such a line comes after the terminator; one that does not takes the terminator away.
 *
 * What is wrong is reported when it is come upon, and a token is made of it all the same, so that the parser goes on.
 * One character is looked ahead: a byte that is illegal anywhere is reported with the token before it.
 */
import * as Character from "./Character.ts"
import * as Diagnostic from "./Diagnostic.ts"
import * as Source from "./Source.ts"
import * as Token from "./Token.ts"
import * as Utf8 from "./Utf8.ts"

/** Gives the next token of a source at every call, comments included, and `EOF` for ever at the end. */
export const make = (
  source: Source.Source,
  report: (diagnostic: Diagnostic.Diagnostic) => void
): () => Token.Token => {
  const lexer = new Lexer(source, report)
  return () => lexer.next()
}

const EOF = -1
const NEWLINE = 0x0a
const RETURN = 0x0d
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27
const STAR = 0x2a
const DOT = 0x2e
const SLASH = 0x2f
const BACKSLASH = 0x5c
const BACKTICK = 0x60
const BYTE_ORDER_MARK = 0xfeff
const REPLACEMENT = 0xfffd

/** What may end a statement. */
const enders: ReadonlySet<Token.Kind> = new Set(
  ["IDENT", "NULL", "BOOL", "NUMBER", "FLOAT", "STRING", ")", "]", "}"] as const
)

class Lexer {
  private readonly source: Source.Source
  private readonly bytes: Uint8Array
  private readonly report: (diagnostic: Diagnostic.Diagnostic) => void
  /** The current code point, how many bytes it takes, and whether it has been reported as illegal anywhere. */
  private char = EOF
  private width = 0
  private reported = false
  private offset = 0
  private line = 1
  private lineStart = 0
  /** Whether a newline here ends a statement. */
  private due = false

  constructor(source: Source.Source, report: (diagnostic: Diagnostic.Diagnostic) => void) {
    this.source = source
    this.bytes = source.bytes
    this.report = report
    this.read()
    if (this.char === BYTE_ORDER_MARK) {
      this.advance()
    }
  }

  next(): Token.Token {
    while (isBlank(this.char) || (this.char === NEWLINE && !this.due)) {
      this.advance()
    }
    const start = this.position()
    if (this.due && this.endsLine()) {
      this.due = false
      return { kind: "TERMINATOR", text: "\n", range: Source.point(start) }
    }
    if (this.char === EOF) {
      return { kind: "EOF", text: "", range: Source.point(start) }
    }
    const kind = this.scan()
    // A kind of one character is named after it.
    const text = kind.length === 1 ? kind : Source.text(this.source, start.offset, this.offset)
    this.due = enders.has(kind) || (kind === "ILLEGAL" && this.due)
    return {
      kind: kind === "IDENT" ? Token.ofWord(text) : kind,
      text: kind === "COMMENT" ? withoutReturns(text) : text,
      range: { start, end: this.last(start) }
    }
  }

  /** Goes past one token; of a word it says `IDENT`. */
  private scan(): Token.Kind {
    const { char } = this
    if (Character.isLetter(char)) {
      while (Character.isLetter(this.char) || Character.isDigit(this.char)) {
        this.advance()
      }
      return "IDENT"
    }
    if (Character.isDecimal(char) || (char === DOT && Character.isDecimal(this.peek()))) {
      return this.number()
    }
    switch (char) {
      case SINGLE_QUOTE:
        this.error("illegal single-quoted string; use double quotes")
        this.string()
        this.due = true
        return "ILLEGAL"
      case DOUBLE_QUOTE:
      case BACKTICK:
        this.string()
        return "STRING"
      case SLASH:
        return this.slash()
      default:
        return this.operator()
    }
  }

  private number(): Token.Kind {
    const start = this.position()
    let kind: Token.Kind = "NUMBER"
    this.digits()
    if (this.char === DOT) {
      kind = "FLOAT"
      this.advance()
      this.digits()
    }
    if (this.is("e") || this.is("E")) {
      kind = "FLOAT"
      this.advance()
      if (this.is("+") || this.is("-")) {
        this.advance()
      }
      if (this.digits() === 0) {
        this.error("exponent has no digits", start)
      }
    }
    return kind
  }

  private digits(): number {
    let count = 0
    while (Character.isDecimal(this.char)) {
      this.advance()
      count++
    }
    return count
  }

  private string(): void {
    const start = this.position()
    const quote = this.char
    this.advance()
    while (this.char !== quote) {
      if (this.char === EOF || (this.char === NEWLINE && quote !== BACKTICK)) {
        this.error("string literal not terminated", start)
        return
      }
      const escapes = this.char === BACKSLASH && quote !== BACKTICK
      this.advance()
      if (escapes) {
        this.escape()
      }
    }
    this.advance()
  }

  /** Goes past what follows the backslash, up to the first character that is wrong. */
  private escape(): void {
    const start = this.position()
    const letter = this.char === EOF ? "" : String.fromCodePoint(this.char)
    if (letter !== "" && "abfnrtv\\\"".includes(letter)) {
      this.advance()
      return
    }
    const octal = letter >= "0" && letter <= "7"
    const length = octal ? 3 : lengths.get(letter)
    if (length === undefined) {
      this.error(letter === "" ? "escape sequence not terminated" : "unknown escape sequence", start)
      return
    }
    if (!octal) {
      this.advance()
    }
    const base = octal ? 8 : 16
    let value = 0
    for (let index = 0; index < length; index++) {
      const digit = this.char === EOF ? Number.NaN : Number.parseInt(String.fromCodePoint(this.char), base)
      if (Number.isNaN(digit)) {
        this.error(
          this.char === EOF
            ? "escape sequence not terminated"
            : `illegal character ${Character.describe(this.char)} in escape sequence`,
          start
        )
        return
      }
      value = value * base + digit
      this.advance()
    }
    if (value > (octal ? 0xff : 0x10ffff) || Utf8.isSurrogate(value)) {
      this.error("escape sequence is invalid Unicode code point", start)
    }
  }

  private slash(): Token.Kind {
    const start = this.position()
    this.advance()
    if (this.is("/")) {
      while (this.char !== NEWLINE && this.char !== EOF) {
        this.advance()
      }
      return "COMMENT"
    }
    if (!this.is("*")) {
      return "/"
    }
    this.advance()
    for (let before = EOF; !(before === STAR && this.char === SLASH);) {
      if (this.char === EOF) {
        this.error("block comment not terminated", start)
        return "COMMENT"
      }
      before = this.char
      this.advance()
    }
    this.advance()
    return "COMMENT"
  }

  private operator(): Token.Kind {
    const start = this.position()
    const first = String.fromCodePoint(this.char)
    const { char, reported } = this
    this.advance()
    if ("+-*%^{}()[],.".includes(first)) {
      return first as Token.Kind
    }
    if ("!=<>".includes(first)) {
      if (!this.is("=")) {
        return first as Token.Kind
      }
      this.advance()
      return `${first}=` as Token.Kind
    }
    if (first === "|" || first === "&") {
      if (this.char === char) {
        this.advance()
      } else {
        this.error(`missing second ${first} in ${first}${first}`)
      }
      return `${first}${first}` as Token.Kind
    }
    if (!reported) {
      this.error(`illegal character ${Character.describe(char)}`, start)
    }
    return "ILLEGAL"
  }

  /** Whether nothing but blanks and comments is left on the line. */
  private endsLine(): boolean {
    const { bytes } = this
    for (let at = this.offset;;) {
      while (isBlank(bytes[at])) {
        at++
      }
      if (bytes[at] === undefined || bytes[at] === NEWLINE) {
        return true
      }
      if (bytes[at] !== SLASH || (bytes[at + 1] !== SLASH && bytes[at + 1] !== STAR)) {
        return false
      }
      if (bytes[at + 1] === SLASH) {
        return true
      }
      for (at += 2; bytes[at] !== STAR || bytes[at + 1] !== SLASH; at++) {
        if (bytes[at] === undefined || bytes[at] === NEWLINE) {
          return true
        }
      }
      at += 2
    }
  }

  private is(char: string): boolean {
    return this.char === char.charCodeAt(0)
  }

  private peek(): number {
    return this.bytes[this.offset + this.width] ?? EOF
  }

  private advance(): void {
    this.offset += this.width
    if (this.char === NEWLINE) {
      this.line++
      this.lineStart = this.offset
    }
    this.read()
  }

  private read(): void {
    if (this.offset >= this.bytes.length) {
      this.char = EOF
      this.width = 0
      return
    }
    const code = Utf8.codePointAt(this.bytes, this.offset)
    this.char = code === Utf8.invalid ? REPLACEMENT : code
    this.width = Utf8.width(code)
    const problem = code === 0
      ? "illegal character NUL"
      : code === Utf8.invalid
      ? "illegal UTF-8 encoding"
      : code === BYTE_ORDER_MARK && this.offset > 0
      ? "illegal byte order mark"
      : undefined
    this.reported = problem !== undefined
    if (problem !== undefined) {
      this.error(problem)
    }
  }

  private position(): Source.Position {
    return { offset: this.offset, line: this.line, column: this.offset - this.lineStart + 1 }
  }

  /** The byte before the current one, of a token that began at `start`. */
  private last(start: Source.Position): Source.Position {
    const offset = this.offset - 1
    return offset < this.lineStart
      ? Source.positionAt(this.source, offset, start)
      : { offset, line: this.line, column: offset - this.lineStart + 1 }
  }

  private error(message: string, position: Source.Position = this.position()): void {
    this.report(Diagnostic.error(message, this.source.name, Source.point(position)))
  }
}

/** How many digits follow the letter of an escape. */
const lengths: ReadonlyMap<string, number> = new Map([["x", 2], ["u", 4], ["U", 8]])

const isBlank = (char: number | undefined): boolean => char === 0x20 || char === 0x09 || char === RETURN

/** A comment without its `\r`, except one that keeps a star and a slash apart. */
const withoutReturns = (comment: string): string =>
  comment.replace(/\r+/g, (run, at: number) => {
    const apart = comment.startsWith("/*") && at > 2 && comment[at - 1] === "*" && comment[at + run.length] === "/"
    return apart ? "\r" : ""
  })
