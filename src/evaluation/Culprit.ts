/**
 * The expression to blame for a value that does not fit.
 */
import * as Masking from "../syntax/Masking.ts"
import * as Printer from "../syntax/Printer.ts"
import type { Range } from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"

/** Where the blame goes, and how an error text names it. */
export interface Culprit {
  readonly expr: Tree.Expression
  readonly range: Range
  readonly text: string
}

/**
 * The place of what lies at `path` (positions in arrays, names of fields) below the value of `expr`. The elements of
 * literal arrays and objects are places of their own; from where the value comes from elsewhere the rest of the path
 * follows the expression: `key_value.object.field1[2]`. `mask` has the last word on what of it is shown.
 */
export const locate = (
  expr: Tree.Expression,
  path: ReadonlyArray<string | number>,
  mask: Masking.Mask = Masking.none
): Culprit => {
  const [step, ...rest] = path
  const inner = step === undefined ? undefined : child(expr, step)
  if (inner !== undefined) return locate(inner, rest, mask)
  const suffix = path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`)
  // Of many that do not fit few are shown.
  return {
    expr,
    range: expr.range,
    get text() {
      return Printer.excerpt(mask(expr)) + suffix.join("")
    }
  }
}

/** Every field of an object may be a culprit. */
const fields = new WeakMap<Tree.ObjectLiteral, ReadonlyMap<string, Tree.Expression>>()

const fieldsOf = (expr: Tree.ObjectLiteral): ReadonlyMap<string, Tree.Expression> => {
  const known = fields.get(expr) ?? new Map(expr.fields.map(({ name, value }) => [name.name, value]))
  fields.set(expr, known)
  return known
}

const child = (expr: Tree.Expression, step: string | number): Tree.Expression | undefined => {
  switch (expr._tag) {
    case "Paren":
      return child(expr.expression, step)
    case "Array":
      return typeof step === "number" ? expr.elements[step] : undefined
    case "Object":
      return typeof step === "string" ? fieldsOf(expr).get(step) : undefined
    default:
      return undefined
  }
}
