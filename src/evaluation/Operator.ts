/**
 * The operators, on values. No operand is converted: the two sides of anything but `==` and `!=` have one type.
 *
 * Numbers of different kinds meet in the larger of uint < int < float. Integers wrap at 64 bits, division truncates.
 */
import { Equal, Redacted, Result } from "effect"
import type * as Tree from "../syntax/Tree.ts"
import * as Bytes from "./Bytes.ts"
import * as Conversion from "./Conversion.ts"
import * as Value from "./Value.ts"

/** What is wrong with an operation: the operand to blame, and the text that follows it. */
export interface Fault {
  readonly operand: "left" | "right"
  readonly message: string
}

const fault = (operand: Fault["operand"], message: string): Result.Result<never, Fault> =>
  Result.fail({ operand, message })

/** The failure is the text that follows the operand. */
export const unary = (operator: Tree.UnaryOperator, operand: Value.Value): Result.Result<Value.Value, string> => {
  if (operator === "!") {
    return operand._tag === "Bool"
      ? Result.succeed(Value.bool(!operand.value))
      : Result.fail(Conversion.mismatch("bool", operand))
  }
  if (!isNumber(operand)) return Result.fail(Conversion.mismatch("number", operand))
  return Result.succeed(operand._tag === "Float" ? Value.float(-operand.value) : Value.int(-operand.value))
}

export const binary = (
  operator: Tree.BinaryOperator,
  left: Value.Value,
  right: Value.Value
): Result.Result<Value.Value, Fault> => {
  const [a, b] = alignSecrets(left, right)
  if (operator === "==") return Result.succeed(Value.bool(equals(a, b)))
  if (operator === "!=") return Result.succeed(Value.bool(!equals(a, b)))

  const operation = operations[operator]
  const types = Object.keys(operation)
  const unfit = (value: Value.Value): string =>
    `should be one of [${types.join(" ")}] for binop ${operator}, got ${Value.typeName(value)}`
  if (!types.includes(Value.typeName(a))) return fault("left", unfit(a))
  if (!types.includes(Value.typeName(b))) return fault("right", unfit(b))

  if (operation.number && isNumber(a) && isNumber(b)) {
    if ((operator === "/" || operator === "%") && Number(b.value) === 0) return fault("right", "divide by zero error")
    return Result.succeed(operation.number(promote(a, b)))
  }
  if (operation.string && a._tag === "Text" && b._tag === "Text") {
    return Result.succeed(operation.string(a.value, b.value))
  }
  if (operation.bool && a._tag === "Bool" && b._tag === "Bool") {
    return Result.succeed(Value.bool(operation.bool(a.value, b.value)))
  }
  if (operation.capsule && a._tag === "Secret" && b._tag === "Secret") {
    return Result.succeed(operation.capsule(a.value, b.value))
  }
  return Value.typeName(a) === Value.typeName(b)
    ? fault("left", `could not perform binop ${operator} for unknown types lhs capsule rhs capsule`)
    : fault("right", Conversion.mismatch(Value.typeName(a), b))
}

/** Beside a secret a string counts as a secret, so that joining the two gives a secret and comparing them works. */
const alignSecrets = (left: Value.Value, right: Value.Value): readonly [Value.Value, Value.Value] => {
  if (left._tag === "Secret" && right._tag === "Text") return [left, Value.secret(Redacted.make(right.value))]
  if (left._tag === "Text" && right._tag === "Secret") return [Value.secret(Redacted.make(left.value)), right]
  return [left, right]
}

/**
 * Values of different types are never equal, and a function equals nothing, not even itself. Numbers compare after they
 * are brought to one kind, capsules by what they hold.
 */
export const equals = (left: Value.Value, right: Value.Value): boolean => {
  if (isNumber(left) && isNumber(right)) {
    const { a, b } = promote(left, right)
    return a === b
  }
  switch (left._tag) {
    case "Null":
      return right._tag === "Null"
    case "Bool":
    case "Text":
      return left._tag === right._tag && left.value === right.value
    case "List":
      return right._tag === "List" && left.items.length === right.items.length &&
        left.items.every((item, index) => equals(item, right.items[index] ?? Value.nil))
    case "Object":
      return right._tag === "Object" && left.fields.size === right.fields.size &&
        Array.from(left.fields).every(([name, value]) => {
          const other = right.fields.get(name)
          return other !== undefined && equals(value, other)
        })
    case "Secret":
      return right._tag === "Secret" && Equal.equals(left.value, right.value)
    case "Opaque":
      return right._tag === "Opaque" && left.type === right.type && Equal.equals(left.value, right.value)
    default:
      return false
  }
}

type Numeric = Value.Int | Value.Uint | Value.Float

const isNumber = (value: Value.Value): value is Numeric =>
  value._tag === "Int" || value._tag === "Uint" || value._tag === "Float"

/** Two numbers of one kind. */
type Pair =
  | { readonly kind: "float"; readonly a: number; readonly b: number }
  | { readonly kind: "int" | "uint"; readonly a: bigint; readonly b: bigint }

const promote = (left: Numeric, right: Numeric): Pair => {
  if (left._tag === "Float" || right._tag === "Float") {
    return { kind: "float", a: Number(left.value), b: Number(right.value) }
  }
  return left._tag === "Uint" && right._tag === "Uint"
    ? { kind: "uint", a: left.value, b: right.value }
    : { kind: "int", a: BigInt.asIntN(64, left.value), b: BigInt.asIntN(64, right.value) }
}

/** What an operator does, by type; its keys are the types it takes, in the order that error texts list them. */
interface Operation {
  readonly number?: (pair: Pair) => Value.Value
  readonly string?: (a: string, b: string) => Value.Value
  readonly bool?: (a: boolean, b: boolean) => boolean
  readonly capsule?: (a: Redacted.Redacted<string>, b: Redacted.Redacted<string>) => Value.Value
}

const arithmetic = (
  onFloats: (a: number, b: number) => number,
  onIntegers: (a: bigint, b: bigint) => bigint
): Operation => ({
  number: ({ kind, a, b }) => {
    if (kind === "float") return Value.float(onFloats(a, b))
    return kind === "int" ? Value.int(onIntegers(a, b)) : Value.uint(onIntegers(a, b))
  }
})

/** NaN is neither less than, equal to nor greater than anything: its sign is NaN. */
const ordering = (holds: (sign: number) => boolean): Operation => ({
  number: ({ a, b }) => Value.bool(holds(a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN)),
  string: (a, b) => Value.bool(holds(Bytes.compare(a, b)))
})

/** Modulo 2^64, which is all that survives the wrap. A negative exponent gives the base. */
const power = (base: bigint, exponent: bigint): bigint => {
  if (exponent < 0n) return base
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asUintN(64, result * square)
    square = BigInt.asUintN(64, square * square)
  }
  return result
}

const operations: Readonly<Record<Exclude<Tree.BinaryOperator, "==" | "!=">, Operation>> = {
  "||": { bool: (a, b) => a || b },
  "&&": { bool: (a, b) => a && b },
  "+": {
    ...arithmetic((a, b) => a + b, (a, b) => a + b),
    string: (a, b) => Value.text(Bytes.join(a, b)),
    capsule: (a, b) => Value.secret(Redacted.make(Bytes.join(Redacted.value(a), Redacted.value(b))))
  },
  "-": arithmetic((a, b) => a - b, (a, b) => a - b),
  "*": arithmetic((a, b) => a * b, (a, b) => a * b),
  "/": arithmetic((a, b) => a / b, (a, b) => a / b),
  "%": arithmetic((a, b) => a % b, (a, b) => a % b),
  "^": arithmetic(Math.pow, power),
  "<": ordering((sign) => sign < 0),
  "<=": ordering((sign) => sign <= 0),
  ">": ordering((sign) => sign > 0),
  ">=": ordering((sign) => sign >= 0)
}
