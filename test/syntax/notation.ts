import { Arbitrary, Result, Schema } from "effect"
import type { Diagnostic } from "../../src/syntax/Diagnostic.ts"
import * as Lexer from "../../src/syntax/Lexer.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import type { Token } from "../../src/syntax/Token.ts"
import type * as Tree from "../../src/syntax/Tree.ts"

/** All tokens up to and with the end of file. */
export const lex = (
  text: string | Uint8Array
): { readonly tokens: ReadonlyArray<Token>; readonly diagnostics: ReadonlyArray<Diagnostic> } => {
  const tokens: Array<Token> = []
  const diagnostics: Array<Diagnostic> = []
  const next = Lexer.make(Source.make("test", text), (diagnostic) => diagnostics.push(diagnostic))
  do {
    tokens.push(next())
  } while (tokens.at(-1)?.kind !== "EOF")
  return { tokens, diagnostics }
}

/** `1:5 message`, and `1:5-2:1 message` for more than one place. */
export const problem = ({ message, range }: Diagnostic): string => {
  if (range === undefined) {
    return message
  }
  const { end, start } = range
  const from = `${start.line}:${start.column}`
  return start.offset === end.offset ? `${from} ${message}` : `${from}-${end.line}:${end.column} ${message}`
}

const outcome = <A>(result: Result.Result<A, ReadonlyArray<Diagnostic>>, show: (tree: A) => string) =>
  Result.isSuccess(result) ? show(result.success) : result.failure.map(problem)

/** The file in parentheses, or what is wrong with it. */
export const parse = (text: string): string | ReadonlyArray<string> =>
  outcome(Parser.parse(Source.make("test", text)), ({ body }) => body.map(statement).join(" "))

/** The expression in parentheses, or what is wrong with it. */
export const parseExpression = (text: string): string | ReadonlyArray<string> =>
  outcome(Parser.parseExpression(Source.make("test", text)), expression)

const statement = (node: Tree.Statement): string =>
  node._tag === "Attribute"
    ? `(${node.name.name} = ${expression(node.value)})`
    : `(${[node.name.join("."), ...(node.label === undefined ? [] : [`"${node.label.name}"`])].join(" ")} {${
      node.body.map(statement).join(" ")
    }})`

const expression = (node: Tree.Expression): string => {
  switch (node._tag) {
    case "Literal":
      return node.raw
    case "Name":
      return node.name
    case "Array":
      return `(array${node.elements.map((element) => ` ${expression(element)}`).join("")})`
    case "Object":
      return `(object${
        node.fields.map(({ name, quoted, value }) => ` (${quoted ? `'${name.name}'` : name.name} ${expression(value)})`)
          .join("")
      })`
    case "Access":
      return `(. ${expression(node.value)} ${node.name.name})`
    case "Index":
      return `(index ${expression(node.value)} ${expression(node.index)})`
    case "Call":
      return `(call ${[node.callee, ...node.args].map(expression).join(" ")})`
    case "Unary":
      return `(${node.operator} ${expression(node.operand)})`
    case "Binary":
      return `(${node.operator} ${expression(node.left)} ${expression(node.right)})`
    case "Paren":
      return `(paren ${expression(node.expression)})`
  }
}

const words = [
  ["a", "b", "null", "true", "x1", "é", "1", "0.5", "1e3", ".5", "\"s\"", "\"a\\n\"", "`r`", "`r\nr`", "\"\"", "1e"],
  ["||", "&&", "!", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^", ",", "."],
  ["{", "}", "(", ")", "[", "]", "\n", "\n", "\n", "\r\n", "\t", " ", " = ", ",\n", "{\n", "}\n", "a = ", "b {"],
  ["// c\n", "/* c */", "/* c\n */", "\"\\q\"", "\"open", "'q'", "`open", "/* open", "#", "😀", "|", "\ufeff", "\u0000"]
].flat()

/** Texts of tokens in any order: few are valid, all look like configurations. */
export const tokenSoup: Arbitrary.Arbitrary<string> = Arbitrary.array(Arbitrary.schema(Schema.Literals(words)), {
  maxLength: 40
}).pipe(Arbitrary.map((words) => words.join("")))

/** Any bytes, UTF-8 or not. */
export const bytes: Arbitrary.Arbitrary<Uint8Array> = Arbitrary.array(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))),
  { maxLength: 60 }
).pipe(Arbitrary.map((values) => Uint8Array.from(values)))

/** Expressions of every kind, with newlines wherever lists and objects that are not empty may have them. */
export const expressions: Arbitrary.Arbitrary<string> = Arbitrary.array(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 59 }))),
  { maxLength: 80 }
).pipe(Arbitrary.map((choices) => grow(choices)))

const leaves = ["a", "1", "2.5", "\"s\"", "`r\n  w`", "null", "é", "true", "bcd", "\"\\xff\""] as const
const keys = ["a", "bcd", "\"e f\"", "\"é\"", "\"\"", "`g`"] as const
const operators = ["+", "-", "*", "^", "&&", "=="] as const

/** Lets each number decide what comes next; behind the last all is simplest. */
const grow = (choices: ReadonlyArray<number>): string => {
  const rest = [...choices]
  const choose = (count: number): number => (rest.shift() ?? 0) % count
  const gap = (): string => ["", "\n", "\n\n"][choose(3)]!
  const list = (item: () => string): string => {
    const items = Array.from({ length: choose(4) }, () => `${gap()}${item()},`)
    return items.length === 0 ? "" : `${items.join(" ")}${gap()}`
  }
  const node = (depth: number): string => {
    const inner = (): string => node(depth + 1)
    switch (depth > 5 ? 0 : choose(10)) {
      case 1:
      case 2:
        return `[${list(inner)}]`
      case 3:
      case 4:
        return `{${list(() => `${keys[choose(keys.length)]} = ${inner()}`)}}`
      case 5:
        return `f(${list(inner)})`
      case 6:
        return `${inner()} ${operators[choose(operators.length)]} ${inner()}`
      case 7:
        return `-(${inner()})`
      case 8:
        return `${inner()} .x`
      case 9:
        return `x[${inner()}]`
      default:
        return leaves[choose(leaves.length)]!
    }
  }
  return node(0)
}
