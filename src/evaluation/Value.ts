/**
 * The values of the language.
 *
 * Numbers come in three kinds: `int` and `uint` are 64-bit and wrap, `float` is a double. Strings are bytes to the
 * language: most are text, and one that is not valid UTF-8 (made by `"\xff"`) keeps its bytes as lone surrogates
 * `U+DC80..U+DCFF`, one per byte that does not decode.
 * A capsule carries what the language cannot look into: a secret, a receiver. `type` names it in error texts.
 */
import { Redacted, type Result } from "effect"

/** Any value. */
export type Value = Null | Int | Uint | Float | Bool | Text | List | Obj | Func | Capsule

/** No value. */
export interface Null {
  readonly _tag: "Null"
}
/** A 64-bit signed integer. */
export interface Int {
  readonly _tag: "Int"
  /** From -2^63 to 2^63 - 1. */
  readonly value: bigint
}
/** A 64-bit unsigned integer. */
export interface Uint {
  readonly _tag: "Uint"
  /** From 0 to 2^64 - 1. */
  readonly value: bigint
}
/** A double. */
export interface Float {
  readonly _tag: "Float"
  /** Any double. */
  readonly value: number
}
/** `true` or `false`. */
export interface Bool {
  readonly _tag: "Bool"
  /** What it is. */
  readonly value: boolean
}
/** A string. */
export interface Text {
  readonly _tag: "Text"
  /** Bytes that are no UTF-8 are lone surrogates, as told above. */
  readonly value: string
}
/** Values in an order. */
export interface List {
  readonly _tag: "List"
  /** Of any types. */
  readonly items: ReadonlyArray<Value>
}
/** A `Map`, so that no key is special. */
export interface Obj {
  readonly _tag: "Object"
  /** By their names. */
  readonly fields: ReadonlyMap<string, Value>
}
/**
 * `parameters` are decoded before `call`; a failure of `call` is the function's own error text. One without `call` is
 * the language's, but not here.
 */
export interface Func {
  readonly _tag: "Function"
  /** What its first arguments must be. */
  readonly parameters: ReadonlyArray<Parameter>
  /** The type of all further arguments, or `undefined` when the function takes none. */
  readonly variadic: Parameter | undefined
  /** Gets as many arguments as it needs. */
  readonly call: ((args: ReadonlyArray<Value>) => Result.Result<Value, string>) | undefined
  /**
   * What there is to say of the empty text that it gives, in an error or a warning; see `Remarks`.
   *
   * @internal
   */
  readonly remark?: (args: ReadonlyArray<Value>) => string | undefined
}
/** What an argument must be: any value, text, a secret (or text), a list. */
export type Parameter = "any" | "string" | "secret" | "list"

/** What the language cannot look into. */
export type Capsule = SecretCapsule | OpaqueCapsule
/** A text that is not shown. */
export interface SecretCapsule {
  readonly _tag: "Secret"
  /** The text. */
  readonly value: Redacted.Redacted<string>
}
/** `type` is a key such as `"receiver"` that a consumer checks; `value` is whatever was put in. */
export interface OpaqueCapsule {
  readonly _tag: "Opaque"
  /** Such as `pyroscope.Receiver`. */
  readonly type: string
  /** Whatever was put in. */
  readonly value: unknown
}

/** No value. */
export const nil: Value = { _tag: "Null" }
/** Wraps to 64 bits. */
export const int = (value: bigint | number): Value => ({ _tag: "Int", value: BigInt.asIntN(64, BigInt(value)) })
/** Wraps to 64 bits. */
export const uint = (value: bigint | number): Value => ({ _tag: "Uint", value: BigInt.asUintN(64, BigInt(value)) })
/** A number as a double. */
export const float = (value: number): Value => ({ _tag: "Float", value })
/** `true` or `false`. */
export const bool = (value: boolean): Value => ({ _tag: "Bool", value })
/** A string. */
export const text = (value: string): Value => ({ _tag: "Text", value })
/** Values in this order. */
export const list = (items: ReadonlyArray<Value>): Value => ({ _tag: "List", items })
/** Of two fields with one name the later counts. */
export const object = (fields: Iterable<readonly [string, Value]>): Value => ({
  _tag: "Object",
  fields: new Map(fields)
})
/** A text that is not shown. */
export const secret = (value: Redacted.Redacted<string>): Value => ({ _tag: "Secret", value })
/** A capsule, and what it is one of. */
export const opaque = (type: string, value: unknown): Value => ({ _tag: "Opaque", type, value })

/** Stands for a value that only a running component knows, while a configuration is checked. */
export const unknown = opaque("unknown", undefined)

/** Whether nothing in a value is unknown. */
export const isKnown = (value: Value): boolean => {
  if (value._tag === "List") return value.items.every(isKnown)
  return value._tag === "Object" ? Array.from(value.fields.values()).every(isKnown) : value !== unknown
}

/**
 * Of a text or a secret.
 *
 * @internal
 */
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

/** Whether it is a value of the language. */
export const isValue = (u: unknown): u is Value =>
  typeof u === "object" && u !== null && "_tag" in u && tags.has(u._tag)
