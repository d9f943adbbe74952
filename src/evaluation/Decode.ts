/**
 * Values into the types that components declare.
 *
 * Each schema decodes a `Value` into plain data, so a component's arguments are a `Schema.Struct` of them, keyed as the
 * configuration spells its attributes. The message of an issue is what follows the expression to blame, such as
 * `should be string, got number`, and the issue's path leads to the element that does not fit. No message shows a
 * secret. Null is never refused but by a capsule: it is the zero value of its type.
 */
import { ByteSize as Size, Duration as Span, Effect, Option, Result, Schema, SchemaGetter, SchemaIssue } from "effect"
import * as Exposure from "../syntax/Exposure.ts"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import * as Suggestion from "../syntax/Suggestion.ts"
import * as Conversion from "./Conversion.ts"
import * as GoDuration from "./GoDuration.ts"
import * as Value from "./Value.ts"

/**
 * An annotation of schemas: the `Exposure` of what is written for one, where its type does not tell. Else all of a secret
 * is hidden, and in a block that has secrets whatever is refused.
 */
export const exposure = "pyroduct/exposure"

/**
 * An annotation of schemas: of a text as it is written and refused, what ends the text of the error, or nothing.
 *
 * @internal
 */
export const suggestion = "pyroduct/suggestion"

/**
 * An annotation of schemas: of the decoded value that is taken nevertheless, what an operator should know, if anything.
 *
 * @internal
 */
export const caution = "pyroduct/caution"

/**
 * An annotation of schemas: that an empty text means less than was meant, such as requests without credentials, where it
 * comes from a variable that is not set. Secrets are such settings.
 *
 * @internal
 */
export const credential = "pyroduct/credential"

/** A value as it is. */
export const Any = Schema.declare(Value.isValue)

const from = <To extends Schema.Constraint>(
  to: To,
  decode: (value: Value.Value) => Result.Result<To["Encoded"], string>,
  encode: (encoded: To["Encoded"]) => Value.Value
) =>
  Any.pipe(Schema.decodeTo<To, typeof Any>(to, {
    decode: SchemaGetter.transformEffect((value: Value.Value) =>
      Effect.mapError(
        Effect.fromResult(decode(value)),
        (message) => new SchemaIssue.InvalidValue({ message })
      )
    ),
    encode: SchemaGetter.transform(encode)
  }))

/** A text; a number becomes its decimal. */
export const String = from(Schema.String, Conversion.toText, Value.text)

/** Nothing else becomes a bool. */
export const Bool = from(
  Schema.Boolean,
  (value) => {
    if (value._tag === "Null") return Result.succeed(false)
    return value._tag === "Bool" ? Result.succeed(value.value) : Result.fail(Conversion.mismatch("bool", value))
  },
  Value.bool
)

/** A number or the text of one, as a float. */
export const Float = from(Schema.Number, (value) => Result.map(Conversion.toNumber(value), Number), Value.float)

const toInteger = (value: Value.Value): Result.Result<number, string> =>
  Result.flatMap(Conversion.toNumber(value), (number) => {
    const integer = Math.trunc(Number(number))
    return Number.isSafeInteger(integer)
      // Not the negative zero of -0.5.
      ? Result.succeed(integer + 0)
      : Result.fail(`should be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`)
  })

/** A number or the text of one, without its fraction. */
export const Int = from(Schema.Int, toInteger, Value.int)

/** Go's text of a duration, such as `1m30s`; a bare number has no unit and is refused, but for 0. */
export const Duration = from(
  Schema.Duration,
  (value) =>
    value._tag === "Null"
      ? Result.succeed(Span.zero)
      : Result.flatMap(Conversion.toText(value), GoDuration.parse),
  (duration) => Value.text(GoDuration.format(duration))
)

/** A secret or a text. */
export const Secret = from(
  Schema.Redacted(Schema.String),
  Conversion.toSecret,
  Value.secret
)

/** A number of bytes, or a text with a unit: `10KB` is 10000 bytes, `64MiB` is 67108864. */
export const ByteSize = from(
  Schema.Natural,
  (value) => {
    if (value._tag === "Text" && !/^[-\d]*$/.test(value.value)) {
      // Effect writes the kilo of the International System, a small letter; hardly anyone else does.
      const size = Size.fromString(value.value.replace(/K(?=B$)/, "k"))
      return Result.fromOption(
        Option.flatMap(size, Size.toNumber),
        () => "should be a size such as \"64MiB\" or \"10KB\""
      )
    }
    return Result.filterOrFail(toInteger(value), (bytes) => bytes >= 0, () => "should not be negative")
  },
  Value.int
)

/** The elements decode one by one. */
export const list = <Item extends Schema.Codec<unknown, Value.Value>>(item: Item) =>
  from(
    Schema.Array(item),
    (value) => {
      if (value._tag === "Null") return Result.succeed([])
      return value._tag === "List" ? Result.succeed(value.items) : Result.fail(Conversion.mismatch("array", value))
    },
    Value.list
  )

/** An object whose fields are all of one type. */
export const map = <Item extends Schema.Codec<unknown, Value.Value>>(item: Item) => {
  const record = Schema.Record(Schema.String, item)
  return from(
    record,
    (value) => {
      if (value._tag !== "Object" && value._tag !== "Null") return Result.fail(Conversion.mismatch("object", value))
      const fields = value._tag === "Object" ? value.fields : new Map<string, Value.Value>()
      // Whoever copies a record makes it the prototype, and nobody misses it. No label and no header has that name.
      if (fields.has("__proto__")) return Result.fail("cannot have a field \"__proto__\"")
      return Result.succeed(Object.fromEntries(fields) as typeof record.Encoded)
    },
    (fields) => Value.object(Object.entries(fields))
  )
}

/** One of a few texts. There is no zero value among them: null counts as the empty text. */
export const enumeration = <const Member extends string>(members: ReadonlyArray<Member>) =>
  from(
    Schema.Literals(members),
    (value) =>
      Result.flatMap(Conversion.toText(value), (text) => {
        const member = members.find((member) => member === text)
        const choice = members.map(StringLiteral.quote).join(", ")
        return member === undefined
          ? Result.fail(`must be one of ${choice}${Suggestion.didYouMean(text, members)}`)
          : Result.succeed(member)
      }),
    Value.text
  )

/** What only the language's own machinery makes, such as a receiver. There is none that null could stand for. */
export const capsule = <A>(type: string, is: (held: unknown) => held is A) =>
  from(
    Schema.declare(is),
    (value) =>
      value._tag === "Opaque" && value.type === type && is(value.value)
        ? Result.succeed(value.value)
        : Result.fail(Conversion.capsuleMismatch(type, value)),
    (held) => Value.opaque(type, held)
  ).annotate({ [exposure]: Exposure.reference })

/** An attribute that may be missing. */
export const optional = <S extends Schema.Constraint>(schema: S): Schema.optionalKey<S> => Schema.optionalKey(schema)

/** An attribute that is `value` where it is missing, in a configuration and in the schema's `make` alike. */
export const withDefault = <S extends Schema.Top & Schema.WithoutConstructorDefault>(
  schema: S,
  value: S["Type"] & S["~type.make.in"]
) =>
  schema.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(value)),
    Schema.withConstructorDefault(Effect.succeed(value))
  )
