/**
 * The values of the language.
 *
 * Numbers come in three kinds: `int` and `uint` are 64-bit and wrap, `float` is a double. Strings are bytes to the
 * language: most are text, and one that is not valid UTF-8 (made by `"\xff"`) keeps its bytes as lone surrogates
 * `U+DC80..U+DCFF`, one per byte that does not decode.
 * A capsule carries what the language cannot look into: a secret, a receiver. `type` names it in error texts.
 */
import { Redacted, type Result } from "effect"

export type Value = Null | Int | Uint | Float | Bool | Text | List | Obj | Func | Capsule

export interface Null {
  readonly _tag: "Null"
}
/** A 64-bit signed integer. */
export interface Int {
  readonly _tag: "Int"
  readonly value: bigint
}
/** A 64-bit unsigned integer. */
export interface Uint {
  readonly _tag: "Uint"
  readonly value: bigint
}
export interface Float {
  readonly _tag: "Float"
  readonly value: number
}
export interface Bool {
  readonly _tag: "Bool"
  readonly value: boolean
}
export interface Text {
  readonly _tag: "Text"
  readonly value: string
}
export interface List {
  readonly _tag: "List"
  readonly items: ReadonlyArray<Value>
}
/** A `Map`, so that no key is special. */
export interface Obj {
  readonly _tag: "Object"
  readonly fields: ReadonlyMap<string, Value>
}
/**
 * `parameters` are decoded before `call`; a failure of `call` is the function's own error text. One without `call` is
 * the language's, but not here.
 */
export interface Func {
  readonly _tag: "Function"
  readonly parameters: ReadonlyArray<Parameter>
  /** The type of all further arguments, or `undefined` when the function takes none. */
  readonly variadic: Parameter | undefined
  readonly call: ((args: ReadonlyArray<Value>) => Result.Result<Value, string>) | undefined
  /** What there is to say of the empty text that it gives, in an error or a warning; see `Remarks`. */
  readonly remark?: (args: ReadonlyArray<Value>) => string | undefined
}
/** What an argument must be: any value, text, a secret (or text), a list. */
export type Parameter = "any" | "string" | "secret" | "list"

export type Capsule = SecretCapsule | OpaqueCapsule
export interface SecretCapsule {
  readonly _tag: "Secret"
  readonly value: Redacted.Redacted<string>
}
/** `type` is a key such as `"receiver"` that a consumer checks; `value` is whatever was put in. */
export interface OpaqueCapsule {
  readonly _tag: "Opaque"
  readonly type: string
  readonly value: unknown
}

export const nil: Value = { _tag: "Null" }
export const int = (value: bigint | number): Value => ({ _tag: "Int", value: BigInt.asIntN(64, BigInt(value)) })
export const uint = (value: bigint | number): Value => ({ _tag: "Uint", value: BigInt.asUintN(64, BigInt(value)) })
export const float = (value: number): Value => ({ _tag: "Float", value })
export const bool = (value: boolean): Value => ({ _tag: "Bool", value })
export const text = (value: string): Value => ({ _tag: "Text", value })
export const list = (items: ReadonlyArray<Value>): Value => ({ _tag: "List", items })
export const object = (fields: Iterable<readonly [string, Value]>): Value => ({
  _tag: "Object",
  fields: new Map(fields)
})
export const secret = (value: Redacted.Redacted<string>): Value => ({ _tag: "Secret", value })
export const opaque = (type: string, value: unknown): Value => ({ _tag: "Opaque", type, value })

/** Stands for a value that only a running component knows, while a configuration is checked. */
export const unknown = opaque("unknown", undefined)

/** Whether nothing in a value is unknown. */
export const isKnown = (value: Value): boolean => {
  if (value._tag === "List") return value.items.every(isKnown)
  return value._tag === "Object" ? Array.from(value.fields.values()).every(isKnown) : value !== unknown
}

/** Of a text or a secret. */
export const isEmptyText = (value: Value): boolean =>
  value._tag === "Secret" ? Redacted.value(value.value) === "" : value._tag === "Text" && value.value === ""

/** The type's name as error texts say it. */
export const typeName = (value: Value): string => {
  switch (value._tag) {
    case "Null":
      return "null"
    case "Int":
    case "Uint":
    case "Float":
      return "number"
    case "Bool":
      return "bool"
    case "Text":
      return "string"
    case "List":
      return "array"
    case "Object":
      return "object"
    case "Function":
      return "function"
    case "Secret":
    case "Opaque":
      return "capsule"
  }
}

const tags: ReadonlySet<unknown> = new Set<Value["_tag"]>([
  "Null",
  "Int",
  "Uint",
  "Float",
  "Bool",
  "Text",
  "List",
  "Object",
  "Function",
  "Secret",
  "Opaque"
])

export const isValue = (u: unknown): u is Value =>
  typeof u === "object" && u !== null && "_tag" in u && tags.has(u._tag)
