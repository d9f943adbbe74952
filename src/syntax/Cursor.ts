/**
 * The parser's place in a source: the current token, and all that was noted on the way to it.
 */
import * as Diagnostic from "./Diagnostic.ts"
import * as Lexer from "./Lexer.ts"
import { Problems } from "./Problems.ts"
import * as Source from "./Source.ts"
import type { Kind, Token } from "./Token.ts"
import type { Comment } from "./Tree.ts"

/**
 * How deep a tree may get. Brackets, blocks, prefix operators and the operators of one chain all count, so that
 * whoever walks a tree may do it by recursion.
 */
export const maxDepth = 500

export class Cursor {
  readonly source: Source.Source
  readonly comments: Array<Comment> = []
  /** In the order raised, the lexer's among the parser's. */
  readonly problems = new Problems()
  /** Always a token of meaning: comments are put aside. */
  token: Token
  depth = 0
  private readonly scan: () => Token
  private lastFailedLine = 0
  private stopped = false

  constructor(source: Source.Source) {
    this.source = source
    this.scan = Lexer.make(source, (diagnostic) => this.problems.add(diagnostic))
    this.token = this.read()
  }

  at(kind: Kind): boolean {
    return this.token.kind === kind
  }

  /** Goes on to the next token and gives the one it leaves. */
  take(): Token {
    const token = this.token
    if (!this.stopped) {
      this.token = this.read()
    }
    return token
  }

  /** Takes the token, whatever it is, and complains when it is not of this kind. */
  expect(kind: Kind): Token {
    if (!this.at(kind)) {
      this.fail(`expected ${kind}, got ${this.token.kind}`)
    }
    return this.take()
  }

  /** Takes the bracket that closes what was opened; where the text ends instead it says what that was. */
  close(kind: Kind, what: string, open: Source.Range): Token {
    const { column, line } = open.start
    if (!this.at("EOF")) return this.expect(kind)
    this.fail(`expected ${kind}, got EOF: the ${what} opened at ${line}:${column} is not closed`)
    return this.take()
  }

  /** Stands at the next token of one of these kinds, or at the end. */
  skipTo(...kinds: ReadonlyArray<Kind>): void {
    while (!this.at("EOF") && !kinds.includes(this.token.kind)) {
      this.take()
    }
  }

  /** Stands at the terminator of the current statement: one that is in none of the brackets opened since. */
  skipStatement(): void {
    const open = { "{": 0, "[": 0, "(": 0 }
    for (; !this.at("EOF"); this.take()) {
      switch (this.token.kind) {
        case "{":
        case "[":
        case "(":
          open[this.token.kind]++
          break
        case "}":
          open["{"]--
          break
        case "]":
          open["["]--
          break
        case ")":
          open["("]--
          break
        case "TERMINATOR":
          if (open["{"] <= 0 && open["["] <= 0 && open["("] <= 0) {
            return
          }
      }
    }
  }

  /** Complains about the current token, once a line: what follows on the same line is mostly a consequence. */
  fail(message: string): void {
    const { start } = this.token.range
    if (start.line !== this.lastFailedLine) {
      this.lastFailedLine = start.line
      this.report(message, Source.point(start))
    }
  }

  report(message: string, range: Source.Range): void {
    if (!this.stopped) {
      this.problems.add(Diagnostic.error(message, this.source.name, range))
    }
  }

  /** Goes one level deeper. Past the limit the source ends here: nothing after is read or reported. */
  deepen(): void {
    this.depth++
    if (this.depth > maxDepth && !this.stopped) {
      this.report("nesting is too deep", Source.point(this.token.range.start))
      this.stopped = true
      this.token = { kind: "EOF", text: "", range: Source.point(this.token.range.start) }
    }
  }

  private read(): Token {
    let token = this.scan()
    for (; token.kind === "COMMENT"; token = this.scan()) {
      this.comments.push({ text: token.text, range: token.range })
    }
    return token
  }
}
