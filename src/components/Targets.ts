/**
 * Targets in configurations: what `targets` takes and what discovery exports. In the language a target is an object of
 * texts, to a component it is its labels.
 *
 * Lists are long and few of their targets change: a target is looked at once, and gives the same labels as long as it is
 * the same value.
 */
import { Effect, Result, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as Conversion from "../evaluation/Conversion.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Value from "../evaluation/Value.ts"
import * as Labels from "../profile/Labels.ts"
import * as Exposure from "../syntax/Exposure.ts"

/** The labels of each target. */
export type Targets = ReadonlyArray<Labels.Labels>

const Decoded = Schema.declare((u): u is Targets => Array.isArray(u) && u.every((target) => target instanceof Map))

/**
 * `targets`. Numbers and bools become texts as Go's `%v` writes them, an empty text is no label, and labels that begin
 * with `__` are labels like others.
 */
export const Argument = Decode.Any.pipe(
  Schema.decodeTo(Decoded, {
    decode: SchemaGetter.transformEffect((value) => {
      if (value._tag === "Null") return Effect.succeed([])
      if (value._tag !== "List") return Effect.fail(invalid(Conversion.mismatch("array", value)))
      const targets: Array<Labels.Labels> = []
      const issues: Array<SchemaIssue.Issue> = []
      for (const [index, item] of value.items.entries()) {
        const target = fromValue(item)
        if (Result.isSuccess(target)) targets.push(target.success)
        else for (const issue of target.failure) issues.push(new SchemaIssue.Pointer([index], issue))
      }
      const [first, ...others] = issues
      return first === undefined
        ? Effect.succeed(targets)
        : Effect.fail(new SchemaIssue.Composite(Decoded.ast, [first, ...others]))
    }),
    encode: SchemaGetter.transform((targets) => Value.list(targets.map(toValue)))
  })
).annotate({ [Decode.exposure]: Exposure.text })

const labelsOf = new WeakMap<Value.Value, Labels.Labels>()
const valueOf = new WeakMap<Labels.Labels, Value.Value>()

/** A target for other blocks: the same value for the same labels, and for what it was made from. */
export const toValue = (labels: Labels.Labels): Value.Value => {
  const known = valueOf.get(labels)
  if (known !== undefined) return known
  const value = Value.object(Array.from(labels, ([name, text]) => [name, Value.text(text)]))
  valueOf.set(labels, value)
  labelsOf.set(value, labels)
  return value
}

/** The labels, or all that is wrong. */
const fromValue = (value: Value.Value): Result.Result<Labels.Labels, ReadonlyArray<SchemaIssue.Issue>> => {
  const known = labelsOf.get(value)
  if (known !== undefined) return Result.succeed(known)
  if (value._tag !== "Object") return Result.fail([invalid(Conversion.mismatch("object", value))])
  const texts = new Map<string, string>()
  const issues: Array<SchemaIssue.Issue> = []
  for (const [name, field] of value.fields) {
    const text = textOf(field)
    if (typeof text === "string") texts.set(name, text)
    else issues.push(new SchemaIssue.Pointer([name], text))
  }
  if (issues.length > 0) return Result.fail(issues)
  const labels = Labels.make(texts)
  labelsOf.set(value, labels)
  return Result.succeed(labels)
}

const textOf = (value: Value.Value): string | SchemaIssue.Issue => {
  switch (value._tag) {
    case "Text":
      return value.value
    case "Int":
    case "Uint":
    case "Bool":
      return String(value.value)
    case "Float":
      return formatFloat(value.value)
    case "Secret":
      return invalid("target::ConvertFrom: cannot use a secret as a target value")
    case "Null":
      return invalid("target::ConvertFrom: cannot convert a nil value to a target value")
    default:
      return invalid(Conversion.mismatch("string", value))
  }
}

/** As Go's `%v`: the shortest decimal that reads back as the same, with an exponent below 0.0001 and from a million on. */
const formatFloat = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
  if (Object.is(value, -0)) return "-0"
  const [mantissa, exponent = ""] = value.toExponential().split("e")
  const power = Math.abs(Number(exponent))
  const isPlain = power <= (exponent.startsWith("-") ? 4 : 5)
  return isPlain ? value.toString() : `${mantissa}e${exponent[0]}${String(power).padStart(2, "0")}`
}

const invalid = (message: string): SchemaIssue.Issue => new SchemaIssue.InvalidValue({ message })
