/**
 * Why the value of an expression may be less than was meant: functions have remarks on what they give, such as that a
 * variable is not set.
 */
import { Result } from "effect"
import type * as Tree from "../syntax/Tree.ts"
import * as Expression from "./Expression.ts"
import type { Scope } from "./Scope.ts"
import * as Value from "./Value.ts"

/** What calls in an expression have to say of an empty text that they give, and that becomes part of the whole. */
export const of = (expr: Tree.Expression, scope: Scope): ReadonlyArray<string> => {
  switch (expr._tag) {
    case "Paren":
      return of(expr.expression, scope)
    case "Binary":
      return expr.operator === "+" ? [...of(expr.left, scope), ...of(expr.right, scope)] : []
    case "Call":
      return ofCall(expr, scope)
    default:
      return []
  }
}

const ofCall = (expr: Tree.Call, scope: Scope): ReadonlyArray<string> => {
  const evaluate = (inner: Tree.Expression): Value.Value | undefined =>
    Result.getOrUndefined(Expression.evaluate(inner, scope))
  const value = evaluate(expr)
  // As `coalesce` has of several values one that says something.
  if (value === undefined || !Value.isEmptyText(value)) return []
  const callee = evaluate(expr.callee)
  const args = expr.args.map((arg) => evaluate(arg) ?? Value.nil)
  const remark = callee?._tag === "Function" ? callee.remark?.(args) : undefined
  return remark === undefined ? expr.args.flatMap((arg) => of(arg, scope)) : [remark]
}

/** `; the environment variable HOST is not set`, or nothing: it ends the text of an error. */
export const because = (exprs: ReadonlyArray<Tree.Expression>, scope: Scope): string =>
  Array.from(new Set(exprs.flatMap((expr) => of(expr, scope))), (remark) => `; ${remark}`).join("")
