/**
 * What an operator should know of a block that is right: credentials that are empty or incomplete, as an environment
 * variable is not set, and values of which an attribute has a `Decode.caution`.
 */
import { Result, Schema, type SchemaAST } from "effect"
import { memoize } from "effect/Function"
import * as Decode from "../evaluation/Decode.ts"
import * as Expression from "../evaluation/Expression.ts"
import * as Remarks from "../evaluation/Remarks.ts"
import type { Scope } from "../evaluation/Scope.ts"
import * as Value from "../evaluation/Value.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import type * as Tree from "../syntax/Tree.ts"
import type { Arguments } from "./Arguments.ts"
import * as Exposures from "./Exposures.ts"

export const of = <A>(
  { ast }: Arguments<A>,
  block: Tree.Block,
  file: string,
  scope: Scope
): ReadonlyArray<Diagnostic.Diagnostic> => inBody(block.body, concernsOf(ast), file, scope)

/** What there may be to say of the attributes and the blocks of a block. */
interface Concerns {
  readonly attributes: ReadonlyMap<string, (value: Tree.Expression, scope: Scope) => string | undefined>
  readonly blocks: ReadonlyMap<string, Concerns>
}

const concernsOf = memoize((ast: SchemaAST.AST): Concerns => {
  const attributes = new Map<string, (value: Tree.Expression, scope: Scope) => string | undefined>()
  const blocks = new Map<string, Concerns>()
  for (const { name, type } of ast._tag === "Objects" ? ast.propertySignatures : []) {
    const block = Exposures.blockOf(type)
    const caution = Exposures.annotation(type, Decode.caution)
    if (block !== undefined) blocks.set(String(name), concernsOf(block))
    else if (Exposures.annotation(type, Decode.credential) === true || Exposures.hasSecrets(type)) {
      attributes.set(String(name), (value, scope) => missingIn(value, String(name), scope))
    } else if (caution !== undefined) {
      const decode = Schema.decodeUnknownResult(Schema.make<Schema.Codec<unknown, unknown>>(type))
      attributes.set(String(name), (value, scope) => {
        const decoded = Result.flatMap(Expression.evaluate(value, scope), decode)
        const problem = Result.isSuccess(decoded) &&
          (caution as (value: unknown) => string | undefined)(decoded.success)
        return problem ? `${String(name)} ${problem}` : undefined
      })
    }
  }
  return { attributes, blocks }
})

const inBody = (
  body: Tree.Body,
  { attributes, blocks }: Concerns,
  file: string,
  scope: Scope
): ReadonlyArray<Diagnostic.Diagnostic> =>
  body.flatMap((statement) => {
    if (statement._tag === "Block") {
      const inner = blocks.get(statement.name.join("."))
      return inner === undefined ? [] : inBody(statement.body, inner, file, scope)
    }
    const problem = attributes.get(statement.name.name)?.(statement.value, scope)
    return problem === undefined ? [] : [Diagnostic.warning(problem, file, statement.value.range)]
  })

/** `bearer_token is empty; the environment variable TOKEN is not set`. */
const missingIn = (expr: Tree.Expression, name: string, scope: Scope): string | undefined => {
  const because = Remarks.because(partsOf(expr), scope)
  if (because === "") return undefined
  const value = Expression.evaluate(expr, scope)
  const isEmpty = Result.isSuccess(value) && Value.isEmptyText(value.success)
  return `${name} is ${isEmpty ? "empty" : "incomplete"}${because}`
}

/** Of a list or an object that is written there what is in it. */
const partsOf = (expr: Tree.Expression): ReadonlyArray<Tree.Expression> => {
  switch (expr._tag) {
    case "Paren":
      return partsOf(expr.expression)
    case "Array":
      return expr.elements.flatMap(partsOf)
    case "Object":
      return expr.fields.flatMap(({ value }) => partsOf(value))
    default:
      return [expr]
  }
}
