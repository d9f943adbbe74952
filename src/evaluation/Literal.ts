/**
 * The values that literals denote.
 */
import { Result } from "effect"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Value from "./Value.ts"

/** Fails only for a number that is too large for a float. */
export const evaluate = ({ kind, raw }: Tree.Literal): Result.Result<Value.Value, string> => {
  switch (kind) {
    case "null":
      return Result.succeed(Value.nil)
    case "bool":
      return Result.succeed(Value.bool(raw === "true"))
    case "string":
      return Result.succeed(Value.text(StringLiteral.decode(raw)))
    case "number":
    case "float":
      return number(raw)
  }
}

/**
 * Digits are an int, beyond that a uint, beyond that a float. After a leading zero they are octal, and a float where they
 * are not: `010` is 8 and `08` is 8.0.
 */
const number = (raw: string): Result.Result<Value.Value, string> => {
  const octal = /^0[0-7]+$/.test(raw)
  if (octal || /^([1-9]\d*|0)$/.test(raw)) {
    const integer = BigInt(octal ? `0o${raw}` : raw)
    if (integer < 1n << 63n) return Result.succeed(Value.int(integer))
    if (integer < 1n << 64n) return Result.succeed(Value.uint(integer))
  }
  const float = Number(raw)
  return Number.isFinite(float)
    ? Result.succeed(Value.float(float))
    : Result.fail(outOfRange(raw))
}

export const outOfRange = (raw: string): string => `strconv.ParseFloat: parsing "${raw}": value out of range`
