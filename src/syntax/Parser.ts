/**
 * Tokens -> tree, by recursive descent with one token of lookahead.
 *
 * A mistake does not end the parse: every function reports, skips to where it can go on and returns some node, so that
 * one run finds all that is wrong. A tree with mistakes is never handed out.
 */
import { Result } from "effect"
import { Cursor } from "./Cursor.ts"
import type { Diagnostic } from "./Diagnostic.ts"
import * as Source from "./Source.ts"
import * as Token from "./Token.ts"
import type * as Tree from "./Tree.ts"

export type Parsed = Result.Result<Tree.File, ReadonlyArray<Diagnostic>>

/** Fails with the diagnostics of the file (see `Problems`) in the order raised: at least one, all errors. */
export const parse = (source: Source.Source): Parsed => {
  const cursor = new Cursor(source)
  return finish(cursor, { name: source.name, body: statements(cursor, "EOF"), comments: cursor.comments })
}

/** A text that is one expression and nothing else. */
export const parseExpression = (source: Source.Source): Result.Result<Tree.Expression, ReadonlyArray<Diagnostic>> => {
  const cursor = new Cursor(source)
  const result = expression(cursor)
  if (cursor.expect("TERMINATOR").kind === "TERMINATOR") {
    cursor.expect("EOF")
  }
  return finish(cursor, result)
}

const finish = <A>(cursor: Cursor, tree: A): Result.Result<A, ReadonlyArray<Diagnostic>> =>
  cursor.problems.isEmpty ? Result.succeed(tree) : Result.fail(cursor.problems.all)

// Statements

/** Up to the token `until`, which stays. */
const statements = (cursor: Cursor, until: Token.Kind): Tree.Body => {
  const body: Array<Tree.Statement> = []
  while (!cursor.at(until) && !cursor.at("EOF")) {
    const next = statement(cursor)
    if (next !== undefined) {
      body.push(next)
    }
    if (cursor.at(until)) {
      break
    }
    if (!cursor.at("TERMINATOR")) {
      cursor.fail(`expected TERMINATOR, got ${cursor.token.kind}`)
      cursor.skipStatement()
    }
    cursor.take()
  }
  return body
}

const statement = (cursor: Cursor): Tree.Statement | undefined => {
  if (!cursor.at("IDENT")) {
    cursor.fail(`expected identifier, got ${cursor.token.kind}`)
    cursor.skipTo("IDENT")
    return undefined
  }
  const names = dottedName(cursor)
  const label = cursor.at("=") || cursor.at("{") ? undefined : blockLabel(cursor)
  switch (cursor.token.kind) {
    case "=":
      return attribute(cursor, names, label)
    case "{":
      return block(cursor, names, label)
    default: {
      const wanted = names.length === 1 && isEmpty(label) ? "attribute assignment or block body" : "block body"
      cursor.fail(`expected ${wanted}, got ${cursor.token.kind}`)
      cursor.skipTo("IDENT")
      return undefined
    }
  }
}

type DottedName = readonly [Token.Token, ...ReadonlyArray<Token.Token>]

const dottedName = (cursor: Cursor): DottedName => {
  const names: [Token.Token, ...Array<Token.Token>] = [cursor.take()]
  while (cursor.at(".")) {
    cursor.take()
    if (!cursor.at("IDENT")) {
      cursor.fail(`expected identifier, got ${cursor.token.kind}`)
    }
    names.push(cursor.take())
  }
  return names
}

const blockLabel = (cursor: Cursor): Tree.Identifier | undefined => {
  const token = cursor.token
  const name = token.text.slice(1, -1)
  if (token.kind !== "STRING") {
    cursor.fail(`expected block label, got ${token.kind}`)
  } else if (!token.text.startsWith("\"")) {
    cursor.fail("expected block label to be a double quoted string")
  } else if (name !== "" && !Token.isIdentifier(name)) {
    cursor.fail("expected block label to be a valid identifier")
  }
  cursor.take()
  return token.kind === "STRING" ? { name, range: token.range } : undefined
}

const isEmpty = (label: Tree.Identifier | undefined): boolean => label === undefined || label.name === ""

const attribute = (cursor: Cursor, names: DottedName, label: Tree.Identifier | undefined): Tree.Attribute => {
  cursor.take()
  const [first] = names
  if (names.length > 1) {
    const { start } = first.range
    const length = names.reduce((sum, name) => sum + name.range.end.offset - name.range.start.offset + 2, -1)
    const end = Source.positionAt(cursor.source, start.offset + length - 1, start)
    cursor.report(`attribute names may only consist of a single identifier with no "."`, { start, end })
  } else if (label !== undefined) {
    cursor.report("attribute names may not have labels", label.range)
  }
  const value = expression(cursor)
  return { _tag: "Attribute", name: identifier(first), value, range: Source.span(first.range, value.range) }
}

const block = (cursor: Cursor, names: DottedName, label: Tree.Identifier | undefined): Tree.Block => {
  const open = cursor.take()
  const body = blockBody(cursor)
  const [first] = names
  const close = cursor.close("}", `block ${names.map((name) => name.text).join(".")}`, first.range)
  return {
    _tag: "Block",
    name: names.map((name) => name.text),
    nameRange: Source.span(first.range, names.at(-1)!.range),
    label: isEmpty(label) ? undefined : label,
    open: open.range,
    body,
    range: Source.span(first.range, close.range)
  }
}

const blockBody = (cursor: Cursor): Tree.Body => {
  const { depth } = cursor
  cursor.deepen()
  const body = statements(cursor, "}")
  cursor.depth = depth
  return body
}

const identifier = (token: Token.Token): Tree.Identifier => ({ name: token.text, range: token.range })

// Expressions

const expression = (cursor: Cursor): Tree.Expression => {
  const { depth } = cursor
  cursor.deepen()
  const result = binary(cursor, 1)
  cursor.depth = depth
  return result
}

/** How tight the left-associative operators bind; `^` is tighter, prefix operators tighter still. */
const precedences: ReadonlyMap<Token.Kind, number> = new Map<Token.Kind, number>([
  ["||", 1],
  ["&&", 2],
  ["==", 3],
  ["!=", 3],
  ["<", 3],
  ["<=", 3],
  [">", 3],
  [">=", 3],
  ["+", 4],
  ["-", 4],
  ["*", 5],
  ["/", 5],
  ["%", 5]
])

/** Operands joined by operators that bind at least as tight as `minimum`. */
const binary = (cursor: Cursor, minimum: number): Tree.Expression => {
  const { depth } = cursor
  let left = power(cursor)
  for (;;) {
    const precedence = precedences.get(cursor.token.kind) ?? 0
    if (precedence < minimum) {
      cursor.depth = depth
      return left
    }
    cursor.deepen()
    const operator = cursor.take().kind as Tree.BinaryOperator
    left = binaryNode(operator, left, binary(cursor, precedence + 1))
  }
}

/** `^`, which associates to the right. */
const power = (cursor: Cursor): Tree.Expression => {
  const left = unary(cursor)
  if (!cursor.at("^")) {
    return left
  }
  const { depth } = cursor
  cursor.deepen()
  cursor.take()
  const right = power(cursor)
  cursor.depth = depth
  return binaryNode("^", left, right)
}

const binaryNode = (operator: Tree.BinaryOperator, left: Tree.Expression, right: Tree.Expression): Tree.Binary => ({
  _tag: "Binary",
  operator,
  left,
  right,
  range: Source.span(left.range, right.range)
})

const unary = (cursor: Cursor): Tree.Expression => {
  if (!cursor.at("!") && !cursor.at("-")) {
    return postfix(cursor)
  }
  const { depth } = cursor
  cursor.deepen()
  const { kind, range } = cursor.take()
  const operand = unary(cursor)
  cursor.depth = depth
  return { _tag: "Unary", operator: kind as Tree.UnaryOperator, operand, range: Source.span(range, operand.range) }
}

/** An operand with the accesses, indexes and calls that follow it. */
const postfix = (cursor: Cursor): Tree.Expression => {
  const { depth } = cursor
  let value = operand(cursor)
  for (;;) {
    switch (cursor.token.kind) {
      case ".": {
        cursor.deepen()
        cursor.take()
        const name = identifier(cursor.expect("IDENT"))
        value = { _tag: "Access", value, name, range: Source.span(value.range, name.range) }
        break
      }
      case "[": {
        cursor.deepen()
        cursor.take()
        const index = expression(cursor)
        const close = cursor.expect("]")
        value = { _tag: "Index", value, index, range: Source.span(value.range, close.range) }
        break
      }
      case "(": {
        cursor.deepen()
        const open = cursor.take()
        const args = list(cursor, ")", "expression", expression)
        const close = cursor.close(")", "list of arguments", open.range)
        value = { _tag: "Call", callee: value, args, range: Source.span(value.range, close.range) }
        break
      }
      case "STRING":
      case "{":
        if (!blockInstead(cursor, value)) {
          cursor.depth = depth
          return value
        }
        break
      default:
        cursor.depth = depth
        return value
    }
  }
}

/**
 * An operand followed by a label or a brace: most likely a block in the place of a value. Reads it to say so, and
 * tells whether it was one; otherwise the rest of the statement is skipped.
 */
const blockInstead = (cursor: Cursor, operand: Tree.Expression): boolean => {
  if (cursor.at("STRING")) {
    cursor.take()
  }
  if (cursor.expect("{").kind === "{") {
    blockBody(cursor)
    const close = cursor.expect("}")
    if (close.kind === "}") {
      cursor.report("cannot use a block as an expression", Source.span(operand.range, close.range))
      return true
    }
  }
  cursor.skipStatement()
  return false
}

const literals: ReadonlyMap<Token.Kind, Tree.Literal["kind"]> = new Map<Token.Kind, Tree.Literal["kind"]>([
  ["NULL", "null"],
  ["BOOL", "bool"],
  ["NUMBER", "number"],
  ["FLOAT", "float"],
  ["STRING", "string"]
])

const operand = (cursor: Cursor): Tree.Expression => {
  const { token } = cursor
  const kind = literals.get(token.kind)
  if (kind !== undefined) {
    cursor.take()
    return { _tag: "Literal", kind, raw: token.text, range: token.range }
  }
  switch (token.kind) {
    case "IDENT":
      cursor.take()
      return { _tag: "Name", name: token.text, range: token.range }
    case "(": {
      cursor.take()
      const inner = expression(cursor)
      return { _tag: "Paren", expression: inner, range: Source.span(token.range, cursor.expect(")").range) }
    }
    case "[": {
      cursor.take()
      const elements = list(cursor, "]", "expression", expression)
      return { _tag: "Array", elements, range: Source.span(token.range, cursor.close("]", "array", token.range).range) }
    }
    case "{": {
      cursor.take()
      const fields = list(cursor, "}", "field", field)
      return { _tag: "Object", fields, range: Source.span(token.range, cursor.close("}", "object", token.range).range) }
    }
    default:
      cursor.fail(`expected expression, got ${token.kind}`)
      cursor.skipTo("TERMINATOR", ")", "}", "]", ",")
      return { _tag: "Literal", kind: "null", raw: "null", range: token.range }
  }
}

/** Items with commas between them, and perhaps one behind, up to the token `until`, which stays. */
const list = <A>(cursor: Cursor, until: Token.Kind, what: string, item: (cursor: Cursor) => A): ReadonlyArray<A> => {
  const items: Array<A> = []
  while (!cursor.at(until) && !cursor.at("EOF")) {
    items.push(item(cursor))
    if (cursor.at(until)) {
      break
    }
    if (!cursor.at(",")) {
      cursor.fail(`missing ',' in ${what} list`)
    }
    cursor.take()
  }
  return items
}

const field = (cursor: Cursor): Tree.Field => {
  const { token } = cursor
  if (token.kind === "STRING" || token.kind === "IDENT") {
    cursor.take()
  } else {
    cursor.fail(`expected field name (string or identifier), got ${token.kind}`)
    cursor.skipTo("=")
  }
  cursor.expect("=")
  // An empty key is named by its quotes.
  const quoted = token.kind === "STRING" && token.text.length > 2
  const name = quoted ? token.text.slice(1, -1) : token.text
  return { name: { name, range: token.range }, quoted, value: expression(cursor) }
}
