/**
 * What a value becomes where a type is asked for: an attribute, a function's parameter, the element of a list.
 *
 * Null becomes the type's zero value. Numbers and strings convert into each other, and a string into a secret; nothing
 * converts to or from a bool, and a secret never becomes a string. A failure is the text that follows the expression to
 * blame: `should be string, got bool`. Operators convert nothing.
 */
import { Redacted, Result } from "effect"
import * as Value from "./Value.ts"

/** The text for a value of the wrong type. */
export const mismatch = (expected: string, actual: Value.Value): string =>
  `should be ${expected}, got ${Value.typeName(actual)}`

/** The text for a value that is not a capsule of `type`. */
export const capsuleMismatch = (type: string, actual: Value.Value): string => {
  if (actual._tag !== "Secret" && actual._tag !== "Opaque") return mismatch("capsule", actual)
  return `should be capsule("${type}"), got capsule("${actual._tag === "Secret" ? "secret" : actual.type}")`
}

export const toText = (value: Value.Value): Result.Result<string, string> => {
  switch (value._tag) {
    case "Null":
      return Result.succeed("")
    case "Text":
      return Result.succeed(value.value)
    case "Int":
    case "Uint":
      return Result.succeed(value.value.toString())
    case "Float":
      return Result.succeed(formatFloat(value.value))
    case "Secret":
      return Result.fail("secrets may not be converted into strings")
    default:
      return Result.fail(mismatch("string", value))
  }
}

export const toSecret = (value: Value.Value): Result.Result<Redacted.Redacted<string>, string> => {
  switch (value._tag) {
    case "Null":
      return Result.succeed(Redacted.make(""))
    case "Text":
      return Result.succeed(Redacted.make(value.value))
    case "Secret":
      return Result.succeed(value.value)
    default:
      return Result.fail(capsuleMismatch("secret", value))
  }
}

/** A bigint where the number is an integer of the language, a number where it is a float. */
export const toNumber = (value: Value.Value): Result.Result<bigint | number, string> => {
  switch (value._tag) {
    case "Null":
      return Result.succeed(0n)
    case "Int":
    case "Uint":
    case "Float":
      return Result.succeed(value.value)
    case "Text": {
      const number = parseNumber(value.value)
      return number === undefined ? Result.fail(mismatch("number", value)) : Result.succeed(number)
    }
    default:
      return Result.fail(mismatch("number", value))
  }
}

/**
 * A leading minus allows only a signed integer, so `"-1.5"` is no number; anything of `.eE` makes a float; what remains
 * is an unsigned integer. Integers are decimal and fit into 64 bits, floats are finite.
 */
const parseNumber = (text: string): bigint | number | undefined => {
  if (/^-?\d+$/.test(text)) {
    const integer = BigInt(text)
    return integer >= -(1n << 63n) && integer < 1n << 64n ? integer : undefined
  }
  if (!/^\+?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) || !/[.e]/i.test(text)) return undefined
  const float = Number(text)
  return Number.isFinite(float) ? float : undefined
}

/** The shortest decimal that reads back as the same float, never with an exponent. */
const formatFloat = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
  if (Object.is(value, -0)) return "-0"
  const [mantissa = "", exponent] = value.toString().split("e")
  if (exponent === undefined) return mantissa
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(mantissa) ?? []
  const shift = Number(exponent)
  return shift < 0
    ? `${sign}0.${"0".repeat(-shift - 1)}${whole}${fraction}`
    : `${sign}${whole}${fraction.padEnd(shift, "0")}`
}

/** An argument as the function wants it. A list stays as it is, and null is none. */
export const toParameter = (parameter: Value.Parameter, value: Value.Value): Result.Result<Value.Value, string> => {
  switch (parameter) {
    case "any":
      return Result.succeed(value)
    case "string":
      return Result.map(toText(value), Value.text)
    case "secret":
      return Result.map(toSecret(value), Value.secret)
    case "list":
      return value._tag === "List" ? Result.succeed(value) : Result.fail(mismatch("array", value))
  }
}
