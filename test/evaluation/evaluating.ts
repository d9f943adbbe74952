import { Redacted, Result } from "effect"
import * as Expression from "../../src/evaluation/Expression.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Masking from "../../src/syntax/Masking.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import type * as Tree from "../../src/syntax/Tree.ts"

export const parse = (text: string): Tree.Expression =>
  Result.getOrThrowWith(
    Parser.parseExpression(Source.make("test", text)),
    (diagnostics) => new Error(diagnostics.map((diagnostic) => diagnostic.message).join("; "))
  )

export const stdlib = Stdlib.make({
  env: (name) => name === "HOME" ? "/home/test" : undefined,
  hostname: "localhost",
  os: Stdlib.goName("linux"),
  arch: Stdlib.goName("x64"),
  version: "v0.1.0"
})

/** Evaluates with the standard library and `variables`. */
export const evaluate = (text: string, variables: Readonly<Record<string, Value.Value>> = {}) =>
  Expression.evaluate(parse(text), Scope.make(new Map(Object.entries(variables)), stdlib))

/** The value's notation, or the error as `line:column: message`. */
export const outcome = (text: string, variables: Readonly<Record<string, Value.Value>> = {}): string => {
  const result = evaluate(text, variables)
  if (Result.isSuccess(result)) return show(result.success)
  const { message, range } = result.failure
  return `${range.start.line}:${range.start.column}-${range.end.column}: ${message(Masking.none)}`
}

/** `1` is an int, `1u` a uint and `1f` a float; a secret shows its text. */
export const show = (value: Value.Value): string => {
  switch (value._tag) {
    case "Null":
      return "null"
    case "Int":
      return `${value.value}`
    case "Uint":
      return `${value.value}u`
    case "Float":
      return Object.is(value.value, -0) ? "-0f" : `${value.value}f`
    case "Bool":
      return `${value.value}`
    case "Text":
      return JSON.stringify(value.value)
    case "List":
      return `[${value.items.map(show).join(", ")}]`
    case "Object":
      return `{${Array.from(value.fields, ([name, field]) => `${name}=${show(field)}`).join(", ")}}`
    case "Function":
      return "function"
    case "Secret":
      return `secret(${Redacted.value(value.value)})`
    case "Opaque":
      return `capsule(${value.type})`
  }
}

export const secret = (text: string): Value.Value => Value.secret(Redacted.make(text))
