import { Arbitrary, Redacted, Result, Schema } from "effect"
import * as Value from "../../src/evaluation/Value.ts"

const edges = [0n, 1n, -1n, 1n << 31n, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n]
const word = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 32 - 1 }))

/** 64 bits, as an unsigned number: the edges of the kinds among them. */
export const bits: Arbitrary.Arbitrary<bigint> = Arbitrary.schema(
  Schema.Union([Schema.Literals(edges), Schema.Tuple([word, word])])
).pipe(
  Arbitrary.map((drawn) =>
    typeof drawn === "bigint" ? BigInt.asUintN(64, drawn) : BigInt(drawn[0]) << 32n | BigInt(drawn[1])
  )
)

/** Texts that some type decodes, texts that look so, and any others. */
const text = Arbitrary.schema(
  Schema.Union([
    Schema.Literals([
      "",
      "0",
      "5",
      "-1.5",
      "1e3",
      "1e400",
      "1h30m",
      "-5ms",
      "1d",
      "64MiB",
      "10 KB",
      "9".repeat(30),
      "a"
    ]),
    Schema.String
  ])
)

const leaf: Arbitrary.Arbitrary<Value.Value> = Arbitrary.all({
  tag: Arbitrary.schema(
    Schema.Literals(["Null", "Int", "Uint", "Float", "Bool", "Text", "Function", "Secret", "Opaque"])
  ),
  bits,
  float: Arbitrary.schema(Schema.Number),
  text
}).pipe(Arbitrary.map(({ tag, bits, float, text }): Value.Value => {
  switch (tag) {
    case "Null":
      return Value.nil
    case "Int":
      return Value.int(bits)
    case "Uint":
      return Value.uint(bits)
    case "Float":
      return Value.float(float)
    case "Bool":
      return Value.bool(bits % 2n === 0n)
    case "Text":
      return Value.text(text)
    case "Function":
      return { _tag: "Function", parameters: [], variadic: "any", call: () => Result.succeed(Value.nil) }
    case "Secret":
      return Value.secret(Redacted.make(text))
    case "Opaque":
      return Value.opaque(bits % 2n === 0n ? "receiver" : "other", float)
  }
}))

const nested = (inner: Arbitrary.Arbitrary<Value.Value>): Arbitrary.Arbitrary<Value.Value> =>
  Arbitrary.all({
    shape: Arbitrary.schema(Schema.Literals(["self", "list", "object"])),
    inner,
    items: Arbitrary.array(inner, { maxLength: 4 }),
    names: Arbitrary.array(text, { minLength: 4, maxLength: 4 })
  }).pipe(Arbitrary.map(({ shape, inner, items, names }) => {
    if (shape === "self") return inner
    return shape === "list" ? Value.list(items) : Value.object(items.map((item, index) => [names[index] ?? "", item]))
  }))

/** Any value, up to three levels deep. */
export const value: Arbitrary.Arbitrary<Value.Value> = nested(nested(leaf))
