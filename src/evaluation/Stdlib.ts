/**
 * The standard library: the names that every expression knows.
 *
 * The namespaced names are today's, the plain ones are older and mean the same.
 */
import { Redacted, Result } from "effect"
import * as Exposure from "../syntax/Exposure.ts"
import * as Conversion from "./Conversion.ts"
import * as Value from "./Value.ts"
import * as Whitespace from "./Whitespace.ts"

/** What the library says about the machine and the program. */
export interface Host {
  /** The value of a variable of the environment. */
  readonly env: (name: string) => string | undefined
  /**
   * What a variable is that is not set: an empty text by default, `Value.unknown` where it may be anything.
   *
   * @internal
   */
  readonly unset?: (name: string) => Value.Value
  /** The name of the machine. */
  readonly hostname: string
  /** As Go calls it, like `arch`: see `goName`. */
  readonly os: string
  /** As Go calls it: `amd64`. */
  readonly arch: string
  /** With a leading `v`. */
  readonly version: string
}

/** The library by its names: `sys`, `string`, `constants` and others. */
export const make = (host: Host): ReadonlyMap<string, Value.Value> => {
  const env = envOf(host)
  return new Map([
    [
      "constants",
      Value.object([
        ["hostname", Value.text(host.hostname)],
        ["os", Value.text(host.os)],
        ["arch", Value.text(host.arch)],
        ["version", Value.text(host.version)]
      ])
    ],
    ["env", env],
    ["sys", Value.object([["env", env]])],
    ["concat", concat],
    ["array", Value.object([["concat", concat], ...unsupported("combine_maps", "group_by")])],
    ["nonsensitive", nonsensitive],
    ["convert", Value.object([["nonsensitive", nonsensitive]])],
    ["coalesce", coalesce],
    ["trim_space", trimSpace],
    ["string", Value.object([["trim_space", trimSpace], ...unsupported(...texts)])],
    [
      "encoding",
      Value.object(unsupported(
        "from_json",
        "from_yaml",
        "from_base64",
        "from_URLbase64",
        "to_json",
        "to_base64",
        "to_URLbase64",
        "url_encode",
        "url_decode"
      ))
    ],
    ["file", Value.object(unsupported("path_join"))],
    ...unsupported(...texts, "json_decode", "json_path", "yaml_decode", "base64_decode")
  ])
}

const envOf = ({ env, unset = () => Value.text("") }: Host): Value.Value => ({
  ...define(["string"], ([name = Value.nil]) =>
    Result.map(Conversion.toText(name), (name) => {
      const value = env(name)
      return value === undefined ? unset(name) : Value.text(value)
    })),
  remark: ([name]) => {
    if (name?._tag !== "Text") return undefined
    // Its name is no secret, if it is one.
    const variable = Exposure.isVariable(`"${name.value}"`)
      ? `the environment variable ${name.value}`
      : "an environment variable"
    return `${variable} is ${env(name.value) === undefined ? "not set" : "empty"}`
  }
})

const define = (
  parameters: ReadonlyArray<Value.Parameter>,
  call: Value.Func["call"],
  variadic?: Value.Parameter
): Value.Func => ({ _tag: "Function", parameters, variadic, call })

const trimSpace = define(
  ["string"],
  ([text = Value.nil]) => Result.map(Conversion.toText(text), (text) => Value.text(Whitespace.trim(text)))
)

const concat = define(
  [],
  (lists) => Result.succeed(Value.list(lists.flatMap((list) => list._tag === "List" ? list.items : []))),
  "list"
)

const nonsensitive = define(
  ["secret"],
  ([secret = Value.nil]) => Result.map(Conversion.toSecret(secret), (secret) => Value.text(Redacted.value(secret)))
)

/** The first argument that says something, otherwise the last one. */
const coalesce = define(
  [],
  (values) => Result.succeed(values.find((value) => !isEmpty(value)) ?? values.at(-1) ?? Value.nil),
  "any"
)

const isEmpty = (value: Value.Value): boolean => {
  switch (value._tag) {
    case "Null":
      return true
    case "Int":
    case "Uint":
      return value.value === 0n
    case "Float":
      return Object.is(value.value, 0)
    case "Bool":
      return !value.value
    case "List":
      return value.items.length === 0
    case "Object":
      return value.fields.size === 0
    case "Text":
    case "Secret":
      return Value.isEmptyText(value)
    case "Function":
    case "Opaque":
      return false
  }
}

/** The functions on text that are not here. */
const texts = [
  "format",
  "join",
  "replace",
  "split",
  "to_lower",
  "to_upper",
  "trim",
  "trim_prefix",
  "trim_suffix"
]

/** Functions of the language that are not here: a call of one says so, which is better than that it does not exist. */
const unsupported = (...names: ReadonlyArray<string>): ReadonlyArray<readonly [string, Value.Value]> =>
  names.map((name) => [name, define([], undefined, "any")])

/** Go's name for what Node calls `process.platform` or `process.arch`. */
export const goName = (nodeName: string): string => goNames.get(nodeName) ?? nodeName

const goNames: ReadonlyMap<string, string> = new Map([
  ["win32", "windows"],
  ["sunos", "solaris"],
  ["x64", "amd64"],
  ["ia32", "386"],
  ["mipsel", "mipsle"]
])
