/**
 * Which names an expression refers to.
 */
import type { Range } from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"

/** `a.b.c` as `["a", "b", "c"]`, from the first name to the last. */
export interface Reference {
  readonly path: ReadonlyArray<string>
  /** Where each of these names is. */
  readonly names: ReadonlyArray<Range>
  readonly range: Range
}

/**
 * The references of an expression, in source order: every name with all the `.name` that follow it directly. An index or
 * a call ends a reference; what is inside brackets is looked into by itself. The keys of objects refer to nothing.
 */
export const references = (expr: Tree.Expression): ReadonlyArray<Reference> => {
  const names: Array<Tree.Identifier> = []
  let root = expr
  for (; root._tag === "Access"; root = root.value) names.push(root.name)
  if (root._tag !== "Name") return children(root).flatMap(references)
  const path = [root, ...names.reverse()]
  return [{ path: path.map(({ name }) => name), names: path.map(({ range }) => range), range: expr.range }]
}

/** The references of all attributes of a body, those of its nested blocks included. */
export const bodyReferences = (body: Tree.Body): ReadonlyArray<Reference> =>
  body.flatMap((statement) =>
    statement._tag === "Attribute" ? references(statement.value) : bodyReferences(statement.body)
  )

const children = (expr: Exclude<Tree.Expression, Tree.Access | Tree.Name>): ReadonlyArray<Tree.Expression> => {
  switch (expr._tag) {
    case "Literal":
      return []
    case "Array":
      return expr.elements
    case "Object":
      return expr.fields.map((field) => field.value)
    case "Index":
      return [expr.value, expr.index]
    case "Call":
      return [expr.callee, ...expr.args]
    case "Unary":
      return [expr.operand]
    case "Binary":
      return [expr.left, expr.right]
    case "Paren":
      return [expr.expression]
  }
}
