/**
 * The syntax tree: what the parser makes of a text. Every node knows its range; nothing in it is evaluated.
 *
 * Ranges: an attribute runs from its name to the end of its value, a block from its name to its closing brace, an
 * access from its value to the end of the name, an index or a call to its closing bracket, a unary expression from its
 * operator, a parenthesised one with its parentheses.
 */
import type { Range } from "./Source.ts"

export interface File {
  readonly name: string
  readonly body: Body
  /** In source order; `text` as written, without the `\r` of line ends. */
  readonly comments: ReadonlyArray<Comment>
}

export interface Comment {
  readonly text: string
  readonly range: Range
}

export type Body = ReadonlyArray<Statement>

export type Statement = Attribute | Block

export interface Identifier {
  readonly name: string
  readonly range: Range
}

export interface Attribute {
  readonly _tag: "Attribute"
  readonly name: Identifier
  readonly value: Expression
  readonly range: Range
}

export interface Block {
  readonly _tag: "Block"
  /** The dotted name: `["pyroscope", "write"]`. */
  readonly name: ReadonlyArray<string>
  readonly nameRange: Range
  /** The text between the quotes; an empty label is no label. */
  readonly label: Identifier | undefined
  /** The opening brace. */
  readonly open: Range
  readonly body: Body
  readonly range: Range
}

export type Expression =
  | Literal
  | Name
  | ArrayLiteral
  | ObjectLiteral
  | Access
  | Index
  | Call
  | Unary
  | Binary
  | Paren

/** A literal keeps its text as written; evaluation gives it a value. */
export interface Literal {
  readonly _tag: "Literal"
  readonly kind: "null" | "bool" | "number" | "float" | "string"
  readonly raw: string
  readonly range: Range
}

export interface Name {
  readonly _tag: "Name"
  readonly name: string
  readonly range: Range
}

export interface ArrayLiteral {
  readonly _tag: "Array"
  readonly elements: ReadonlyArray<Expression>
  readonly range: Range
}

export interface Field {
  /** The text between the quotes of a quoted key, used as it stands: escapes in keys are not processed. */
  readonly name: Identifier
  readonly quoted: boolean
  readonly value: Expression
}

export interface ObjectLiteral {
  readonly _tag: "Object"
  readonly fields: ReadonlyArray<Field>
  readonly range: Range
}

export interface Access {
  readonly _tag: "Access"
  readonly value: Expression
  readonly name: Identifier
  readonly range: Range
}

export interface Index {
  readonly _tag: "Index"
  readonly value: Expression
  readonly index: Expression
  readonly range: Range
}

export interface Call {
  readonly _tag: "Call"
  readonly callee: Expression
  readonly args: ReadonlyArray<Expression>
  readonly range: Range
}

export type UnaryOperator = "!" | "-"

export interface Unary {
  readonly _tag: "Unary"
  readonly operator: UnaryOperator
  readonly operand: Expression
  readonly range: Range
}

export type BinaryOperator =
  | "||"
  | "&&"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"

export interface Binary {
  readonly _tag: "Binary"
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
  readonly range: Range
}

export interface Paren {
  readonly _tag: "Paren"
  readonly expression: Expression
  readonly range: Range
}

/** `pyroscope.write.staging`: the block's name and label, its identity in a configuration. */
export const blockId = (block: Block): string =>
  block.label === undefined ? block.name.join(".") : `${block.name.join(".")}.${block.label.name}`
