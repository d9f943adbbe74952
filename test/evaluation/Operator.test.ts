import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Operator from "../../src/evaluation/Operator.ts"
import * as Value from "../../src/evaluation/Value.ts"
import { bits, value } from "./values.ts"

const operators = ["||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^"] as const

const integers = {
  "+": (a: bigint, b: bigint) => a + b,
  "-": (a: bigint, b: bigint) => a - b,
  "*": (a: bigint, b: bigint) => a * b,
  "/": (a: bigint, b: bigint) => a / b,
  "%": (a: bigint, b: bigint) => a % b
} as const

describe("Operator", () => {
  it.prop("integer arithmetic is exact arithmetic, cut to 64 bits", { bits, other: bits }, ({ bits, other }) => {
    const [a, b] = [BigInt.asIntN(64, bits), BigInt.asIntN(64, other)]
    for (const [operator, exact] of Object.entries(integers)) {
      const divides = operator === "/" || operator === "%"
      const signed = Operator.binary(operator as keyof typeof integers, Value.int(a), Value.int(b))
      const unsigned = Operator.binary(operator as keyof typeof integers, Value.uint(bits), Value.uint(other))
      if (divides && other === 0n) {
        assert.isTrue(Result.isFailure(signed) && Result.isFailure(unsigned))
        continue
      }
      assert.deepStrictEqual(signed, Result.succeed(Value.int(BigInt.asIntN(64, exact(a, b)))))
      assert.deepStrictEqual(unsigned, Result.succeed(Value.uint(BigInt.asUintN(64, exact(bits, other)))))
    }
  })

  it.prop("an int and a uint meet as ints", { bits, other: bits }, ({ bits, other }) => {
    for (const operator of ["+", "*", "-", "<", "=="] as const) {
      assert.deepStrictEqual(
        Operator.binary(operator, Value.uint(bits), Value.int(other)),
        Operator.binary(operator, Value.int(bits), Value.int(other))
      )
    }
  })

  it.prop("a power is repeated multiplication", { base: bits, exponent: bits }, ({ base, exponent }) => {
    const small = exponent % 70n
    let product = 1n
    for (let i = 0n; i < small; i++) product *= base
    assert.deepStrictEqual(Operator.binary("^", Value.int(base), Value.int(small)), Result.succeed(Value.int(product)))
    assert.deepStrictEqual(
      Operator.binary("^", Value.uint(base), Value.uint(small)),
      Result.succeed(Value.uint(product))
    )
  })

  it.prop("negation wraps", [bits], ([bits]) => {
    assert.deepStrictEqual(Operator.unary("-", Value.uint(bits)), Result.succeed(Value.int(-bits)))
    assert.deepStrictEqual(Operator.unary("-", Value.int(bits)), Result.succeed(Value.int(-bits)))
  })

  it.prop(
    "any two values give a value or a fault, and never throw",
    { left: value, right: value },
    ({ left, right }) => {
      for (const operator of operators) assert.isTrue(Result.isResult(Operator.binary(operator, left, right)))
      for (const operator of ["!", "-"] as const) assert.isTrue(Result.isResult(Operator.unary(operator, left)))
    }
  )

  it.prop("equality is symmetric, and != is its opposite", { left: value, right: value }, ({ left, right }) => {
    const equal = Operator.binary("==", left, right)
    assert.deepStrictEqual(Operator.binary("==", right, left), equal)
    assert.deepStrictEqual(Operator.binary("!=", left, right), Result.succeed(Value.bool(!holds(equal))))
  })
})

const holds = (result: Result.Result<Value.Value, unknown>): boolean =>
  Result.isSuccess(result) && result.success._tag === "Bool" && result.success.value
