/**
 * Evaluation of expressions. Whatever fails names the expression to blame and points at it.
 *
 * All operands, elements and arguments are evaluated, left to right, before the operation on them: `&&` and `||` do not
 * stop early. The first failure ends the evaluation. What is made of an unknown value is unknown.
 */
import { Result } from "effect"
import * as Exposure from "../syntax/Exposure.ts"
import type { Mask } from "../syntax/Masking.ts"
import * as Printer from "../syntax/Printer.ts"
import type { Range } from "../syntax/Source.ts"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import * as Suggestion from "../syntax/Suggestion.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Conversion from "./Conversion.ts"
import * as Literal from "./Literal.ts"
import * as Operator from "./Operator.ts"
import type { Scope } from "./Scope.ts"
import * as Value from "./Value.ts"

export interface EvaluationError {
  /** Where an expression is to blame it begins with that, as far as the mask lets it be seen. */
  readonly message: (mask: Mask) => string
  readonly range: Range
}

type Evaluated = Result.Result<Value.Value, EvaluationError>

/** The value of an expression, or the first thing that is wrong with it. */
export const evaluate = (expr: Tree.Expression, scope: Scope): Evaluated => {
  switch (expr._tag) {
    case "Literal":
      return Result.mapError(Literal.evaluate(expr), () => ({
        message: (mask) => Literal.outOfRange(mask(expr).raw),
        range: expr.range
      }))
    case "Name": {
      const value = scope.lookup(expr.name)
      return value === undefined
        ? fail(expr.range, (mask) => `identifier ${StringLiteral.quote(mask(expr).name)} does not exist`)
        : Result.succeed(value)
    }
    case "Paren":
      return evaluate(expr.expression, scope)
    case "Array":
      return Result.map(evaluateAll(expr.elements, scope), Value.list)
    case "Object": {
      const values = evaluateAll(expr.fields.map((field) => field.value), scope)
      return Result.map(
        values,
        (values) => Value.object(expr.fields.map((field, index) => [field.name.name, values[index]!]))
      )
    }
    case "Access":
      return Result.flatMap(evaluate(expr.value, scope), (value) => access(expr, value))
    case "Index":
      return Result.gen(function*() {
        const value = yield* evaluate(expr.value, scope)
        return yield* element(expr, value, yield* evaluate(expr.index, scope))
      })
    case "Call":
      return Result.flatMap(evaluate(expr.callee, scope), (callee) => call(expr, callee, scope))
    case "Unary":
      return Result.flatMap(
        evaluate(expr.operand, scope),
        (operand) => Value.isKnown(operand) ? blame(expr.operand, Operator.unary(expr.operator, operand)) : unknown
      )
    case "Binary":
      return Result.gen(function*() {
        const left = yield* evaluate(expr.left, scope)
        const right = yield* evaluate(expr.right, scope)
        if (!Value.isKnown(left) || !Value.isKnown(right)) return Value.unknown
        return yield* Result.mapError(
          Operator.binary(expr.operator, left, right),
          ({ operand, message }) => blaming(expr[operand], message)
        )
      })
  }
}

const unknown: Evaluated = Result.succeed(Value.unknown)

/** What stands where there is no value. No schema takes it, but for those that take anything. */
const hole = Value.opaque("hole", undefined)

/**
 * The value of an expression with all that is wrong with it: `report` gets it together with the range of the element of a
 * literal list or object (or of the whole expression) that has no value, and the other elements have theirs. Where the
 * value is unknown, nothing is wrong.
 */
export const evaluateParts = (
  expr: Tree.Expression,
  scope: Scope,
  report: (error: EvaluationError | undefined, hole: Range) => void
): Value.Value => {
  switch (expr._tag) {
    case "Paren":
      return evaluateParts(expr.expression, scope, (error, hole) => {
        report(error, hole === expr.expression.range ? expr.range : hole)
      })
    case "Array":
      return Value.list(expr.elements.map((element) => evaluateParts(element, scope, report)))
    case "Object":
      return Value.object(expr.fields.map(({ name, value }) => [name.name, evaluateParts(value, scope, report)]))
    default: {
      const value = evaluate(expr, scope)
      if (Result.isSuccess(value) && Value.isKnown(value.success)) return value.success
      report(Result.isFailure(value) ? value.failure : undefined, expr.range)
      return hole
    }
  }
}

const evaluateAll = (exprs: ReadonlyArray<Tree.Expression>, scope: Scope) =>
  Result.gen(function*() {
    const values: Array<Value.Value> = []
    for (const expr of exprs) values.push(yield* evaluate(expr, scope))
    return values
  })

const access = (expr: Tree.Access, value: Value.Value): Evaluated => {
  if (value === Value.unknown) return unknown
  const { name, value: owner } = expr
  const field = (mask: Mask): string => StringLiteral.quote(mask(expr).name.name)
  switch (value._tag) {
    case "Object": {
      const found = value.fields.get(name.name)
      return found === undefined
        ? fail(name.range, (mask) => {
          // What is in an object that nobody refers to is none of a reader's business.
          const isShown = mask(expr).name.name === name.name
          return `field ${field(mask)} does not exist${isShown ? Suggestion.didYouMean(name.name, usable(value)) : ""}`
        })
        : Result.succeed(found)
    }
    case "Secret":
    case "Opaque":
      return blame(owner, Result.fail(sealed))
    default:
      return fail(
        owner.range,
        (mask) =>
          `${Printer.expression(mask(owner))} cannot access field ${field(mask)} on value of type ${
            Value.typeName(value)
          }`
      )
  }
}

/** The fields that can be suggested: no functions that are not here, and no keys that may be more than a name. */
const usable = ({ fields }: Value.Obj): ReadonlyArray<string> =>
  Array.from(fields).flatMap(([name, field]) =>
    Exposure.isName(name) && (field._tag !== "Function" || field.call !== undefined) ? [name] : []
  )

/** Unlike `.name`, `["name"]` of a field that is not there is null. */
const element = (expr: Tree.Index, value: Value.Value, index: Value.Value): Evaluated => {
  if (value === Value.unknown || index === Value.unknown) return unknown
  switch (value._tag) {
    case "List":
      return blame(
        expr.index,
        Result.flatMap(toPosition(index), (position) => {
          const item = value.items[Number(position)]
          return item === undefined
            ? Result.fail(`index ${position} is out of range of array with length ${value.items.length}`)
            : Result.succeed(item)
        })
      )
    case "Object":
      return index._tag === "Text"
        ? Result.succeed(value.fields.get(index.value) ?? Value.nil)
        : blame(expr.index, Result.fail(Conversion.mismatch("string", index)))
    case "Secret":
    case "Opaque":
      return blame(expr.value, Result.fail(sealed))
    default:
      return blame(expr.value, Result.fail(`expected object or array, got ${Value.typeName(value)}`))
  }
}

/** A number as it is: no text is a position. */
const toPosition = (index: Value.Value): Result.Result<bigint | number, string> => {
  switch (index._tag) {
    case "Int":
    case "Uint":
      return Result.succeed(BigInt.asIntN(64, index.value))
    case "Float":
      return Result.succeed(Math.trunc(index.value))
    default:
      return Result.fail(Conversion.mismatch("number", index))
  }
}

const sealed = "expected object or array or a capsule convertible to an object, got capsule"

const call = ({ callee, args }: Tree.Call, value: Value.Value, scope: Scope): Evaluated =>
  Result.gen(function*() {
    if (value === Value.unknown) return value
    if (value._tag !== "Function") return yield* blame(callee, Result.fail(Conversion.mismatch("function", value)))
    const { call, parameters, variadic } = value
    const given = yield* evaluateAll(args, scope)
    if (call === undefined) return yield* blame(callee, Result.fail("is not supported by pyroduct yet"))
    if (given.length < parameters.length || (given.length > parameters.length && variadic === undefined)) {
      const expected = variadic === undefined ? parameters.length : `at least ${parameters.length}`
      return yield* blame(callee, Result.fail(`expected ${expected} args, got ${given.length}`))
    }
    if (!given.every(Value.isKnown)) return Value.unknown
    const converted = yield* Result.all(
      given.map((arg, index) =>
        blame(args[index]!, Conversion.toParameter(parameters[index] ?? variadic ?? "any", arg))
      )
    )
    return yield* blame(callee, call(converted))
  })

const blaming = (expr: Tree.Expression, message: string): EvaluationError => ({
  message: (mask) => `${Printer.excerpt(mask(expr))} ${message}`,
  range: expr.range
})

const blame = <A>(expr: Tree.Expression, result: Result.Result<A, string>): Result.Result<A, EvaluationError> =>
  Result.mapError(result, (message) => blaming(expr, message))

const fail = (range: Range, message: EvaluationError["message"]): Result.Result<never, EvaluationError> =>
  Result.fail({ message, range })
