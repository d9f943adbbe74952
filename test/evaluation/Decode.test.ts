import { assert, describe, it } from "@effect/vitest"
import { Duration, Equal, Redacted, Result, Schema, SchemaIssue } from "effect"
import * as Culprit from "../../src/evaluation/Culprit.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Value from "../../src/evaluation/Value.ts"
import { evaluate, parse, secret } from "./evaluating.ts"
import { value } from "./values.ts"

interface Receiver {
  readonly push: () => void
}
const isReceiver = (u: unknown): u is Receiver => typeof u === "object" && u !== null && "push" in u
const receiver: Receiver = { push: () => {} }

const variables = {
  s: secret("hunter2"),
  receiver: Value.opaque("receiver", receiver),
  targets: Value.opaque("targets", []),
  object: Value.object([["field1", Value.list([Value.int(15), Value.int(30), Value.text("Hello")])]])
}

const Receivers = Decode.capsule("receiver", isReceiver)
const Level = Decode.enumeration(["debug", "info"])

const schemas = {
  string: Decode.String,
  bool: Decode.Bool,
  int: Decode.Int,
  float: Decode.Float,
  duration: Decode.Duration,
  secret: Decode.Secret,
  bytes: Decode.ByteSize,
  strings: Decode.list(Decode.String),
  headers: Decode.map(Decode.list(Decode.Secret)),
  labels: Decode.map(Decode.String),
  level: Level,
  receiver: Receivers,
  receivers: Decode.list(Receivers),
  any: Decode.Any
}

const issues = (error: Schema.SchemaError) => SchemaIssue.makeFormatterStandardSchemaV1()(error.issue).issues

const decode = (schema: Schema.Codec<unknown, Value.Value>, text: string) =>
  Schema.decodeResult(schema, { errors: "all" })(Result.getOrThrow(evaluate(text, variables)))

/** The decoded data, or the issues as `path: message`. */
const outcome = (schema: Schema.Codec<unknown, Value.Value>, text: string): unknown => {
  const result = decode(schema, text)
  if (Result.isSuccess(result)) return result.success
  return issues(result.failure).map(({ message, path = [] }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  )
}

const table = (
  name: keyof typeof schemas,
  rows: ReadonlyArray<readonly [expression: string, decoded: unknown]>
) =>
  describe(name, () => {
    it.each(rows)("%s", (text, expected) => assert.deepStrictEqual(outcome(schemas[name], text), expected))
  })

describe("Decode", () => {
  table("string", [
    ["\"text\"", "text"],
    ["null", ""],
    ["15", "15"],
    ["-15", "-15"],
    ["18446744073709551615", "18446744073709551615"],
    ["1.0", "1"],
    ["1.5", "1.5"],
    ["1e21", "1000000000000000000000"],
    ["1.25e22", "12500000000000000000000"],
    ["-1.5e-7", "-0.00000015"],
    ["1e-7", "0.0000001"],
    ["-0.0", "-0"],
    ["1e308 * 10", "+Inf"],
    ["-1e308 * 10", "-Inf"],
    ["1e308 * 10 - 1e308 * 10", "NaN"],
    ["true", ["should be string, got bool"]],
    ["[]", ["should be string, got array"]],
    ["{}", ["should be string, got object"]],
    ["env", ["should be string, got function"]],
    ["receiver", ["should be string, got capsule"]],
    ["s", ["secrets may not be converted into strings"]]
  ])

  table("bool", [
    ["true", true],
    ["false", false],
    ["null", false],
    ["\"true\"", ["should be bool, got string"]],
    ["1", ["should be bool, got number"]],
    ["s", ["should be bool, got capsule"]]
  ])

  table("int", [
    ["15", 15],
    ["-15", -15],
    ["null", 0],
    ["1.9", 1],
    ["-1.9", -1],
    ["-0.5", 0],
    ["\"010\"", 10],
    ["\"-7\"", -7],
    ["\"1.9\"", 1],
    ["\"1e3\"", 1000],
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", ["should be between -9007199254740991 and 9007199254740991"]],
    ["18446744073709551615", ["should be between -9007199254740991 and 9007199254740991"]],
    ["1e300", ["should be between -9007199254740991 and 9007199254740991"]],
    ["1e308 * 10", ["should be between -9007199254740991 and 9007199254740991"]],
    ["true", ["should be number, got bool"]],
    ["s", ["should be number, got capsule"]]
  ])

  table("float", [
    ["1.5", 1.5],
    ["3", 3],
    ["18446744073709551615", 18446744073709552000],
    ["null", 0],
    ["\"1.5\"", 1.5],
    ["\"+1.5\"", 1.5],
    ["\".5\"", 0.5],
    ["\"5.\"", 5],
    ["\"1E3\"", 1000],
    ["\"-5\"", -5],
    ["\"-9223372036854775808\"", -9223372036854775808],
    ["\"18446744073709551615\"", 18446744073709552000],
    ...[
      "",
      "-1.5",
      "-1e3",
      "+5",
      "0x10",
      " 1",
      "1_0",
      "Inf",
      "NaN",
      "abc",
      ".",
      "e",
      "1e400",
      "--1",
      "-9223372036854775809",
      "18446744073709551616"
    ]
      .map((text) => [`"${text}"`, ["should be number, got string"]] as const),
    ["[]", ["should be number, got array"]],
    ["env", ["should be number, got function"]]
  ])

  table("duration", [
    ["\"1m30s\"", Duration.seconds(90)],
    ["\"500ms\"", Duration.millis(500)],
    ["\"0\"", Duration.millis(0)],
    ["0", Duration.millis(0)],
    ["null", Duration.millis(0)],
    ["5", ["time: missing unit in duration"]],
    ["1.5", ["time: missing unit in duration"]],
    ["\"\"", ["time: invalid duration"]],
    ["\"1d\"", ["time: unknown unit in duration"]],
    ["true", ["should be string, got bool"]],
    ["s", ["secrets may not be converted into strings"]]
  ])

  table("secret", [
    ["1", ["should be capsule, got number"]],
    ["true", ["should be capsule, got bool"]],
    ["{}", ["should be capsule, got object"]],
    ["receiver", ["should be capsule(\"secret\"), got capsule(\"receiver\")"]]
  ])

  it.each([["\"text\"", "text"], ["s", "hunter2"], ["s + \"x\"", "hunter2x"], ["null", ""]])(
    "%s is the secret %s",
    (text, expected) => {
      const decoded = Result.getOrThrow(
        Schema.decodeResult(Decode.Secret)(Result.getOrThrow(evaluate(text, variables)))
      )
      assert.strictEqual(Redacted.value(decoded), expected)
      assert.notInclude(JSON.stringify(decoded), expected || "\"\"")
    }
  )

  table("bytes", [
    ["1024", 1024],
    ["1.9", 1],
    ["null", 0],
    ["\"1024\"", 1024],
    ["\"64MiB\"", 67108864],
    ["\"10KB\"", 10000],
    ["\"10kB\"", 10000],
    ["\"4KiB\"", 4096],
    ["\"1.5 GiB\"", 1610612736],
    ["\"7B\"", 7],
    ["-1", ["should not be negative"]],
    ["\"-1\"", ["should not be negative"]],
    ["\"\"", ["should be number, got string"]],
    ["\"64Mib\"", ["should be a size such as \"64MiB\" or \"10KB\""]],
    ["\"-1MB\"", ["should be a size such as \"64MiB\" or \"10KB\""]],
    ["\"0.5B\"", ["should be a size such as \"64MiB\" or \"10KB\""]],
    ["\"9000000TB\"", ["should be a size such as \"64MiB\" or \"10KB\""]],
    ["true", ["should be number, got bool"]],
    ["s", ["should be number, got capsule"]]
  ])

  table("strings", [
    ["[]", []],
    ["null", []],
    ["[\"a\", 1, null]", ["a", "1", ""]],
    ["\"a\"", ["should be array, got string"]],
    ["s", ["should be array, got capsule"]],
    ["[true, \"a\", \"b\", []]", ["0: should be string, got bool", "3: should be string, got array"]]
  ])

  table("labels", [
    ["{}", {}],
    ["null", {}],
    ["{a = \"x\", \"b c\" = 1}", { "a": "x", "b c": "1" }],
    ["[]", ["should be object, got array"]],
    ["receiver", ["should be object, got capsule"]],
    ["{a = true, b = 1, c = s}", [
      "a: should be string, got bool",
      "c: secrets may not be converted into strings"
    ]]
  ])

  table("headers", [["{a = [\"x\", 1], b = 2}", [
    "a.1: should be capsule, got number",
    "b: should be array, got number"
  ]]])

  table("level", [
    ["\"debug\"", "debug"],
    ["\"trace\"", ["must be one of \"debug\", \"info\""]],
    ["null", ["must be one of \"debug\", \"info\""]],
    ["1", ["must be one of \"debug\", \"info\""]],
    ["\"\\n\"", ["must be one of \"debug\", \"info\""]],
    ["true", ["should be string, got bool"]],
    ["s", ["secrets may not be converted into strings"]]
  ])

  table("receivers", [
    ["[receiver]", [receiver]],
    ["null", []],
    ["[receiver, null, \"x\", s, targets]", [
      "1: should be capsule, got null",
      "2: should be capsule, got string",
      "3: should be capsule(\"receiver\"), got capsule(\"secret\")",
      "4: should be capsule(\"receiver\"), got capsule(\"targets\")"
    ]]
  ])

  it("a capsule of the right type that holds something else is refused", () => {
    assert.isTrue(Result.isFailure(Schema.decodeResult(Receivers)(Value.opaque("receiver", {}))))
  })

  it("a field of any name decodes, but for the one that a record loses on its way", () => {
    const fields = Value.object([["toString", Value.text("a")], ["constructor", Value.text("b")]])
    const decoded = Result.getOrThrow(Schema.decodeResult(schemas.labels)(fields))
    assert.deepStrictEqual(Object.entries(decoded), [["toString", "a"], ["constructor", "b"]])
    const refused = Schema.decodeResult(schemas.labels)(Value.object([["__proto__", Value.text("a")]]))
    assert.match(String(Result.isFailure(refused) && refused.failure), /cannot have a field "__proto__"/)
  })

  it("any keeps the value", () => {
    assert.strictEqual(outcome(Decode.Any, "receiver"), variables.receiver)
    assert.deepStrictEqual(outcome(Decode.Any, "[1.0, null]"), Value.list([Value.float(1), Value.nil]))
  })

  it("what is no value is refused", () => {
    for (const schema of Object.values(schemas)) {
      for (const junk of [undefined, null, 1, "x", {}, { _tag: "Some" }]) {
        assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(schema)(junk)))
      }
    }
  })

  it.prop(
    "any value decodes or fails, without throwing, and encodes back to what decodes alike",
    [value],
    ([value]) => {
      for (const [name, schema] of Object.entries<Schema.Codec<unknown, Value.Value>>(schemas)) {
        const decoded = Schema.decodeResult(schema, { errors: "all" })(value)
        if (Result.isFailure(decoded)) {
          assert.isNotEmpty(issues(decoded.failure))
          continue
        }
        const encoded = Result.getOrThrow(Schema.encodeResult(schema)(decoded.success))
        const again = Result.getOrThrow(Schema.decodeResult(schema)(encoded))
        assert.isTrue(Equal.equals(again, decoded.success), name)
      }
    }
  )

  it("no message shows a secret, even when input is to be reported", () => {
    for (const schema of Object.values<Schema.Codec<unknown, Value.Value>>(schemas)) {
      for (const text of ["s", "[s]", "{a = s}", "{a = [s, 1]}"]) {
        const value = Result.getOrThrow(evaluate(text, variables))
        const result = Schema.decodeResult(schema, { errors: "all", reportInput: true })(value)
        if (Result.isFailure(result)) assert.notInclude(JSON.stringify(issues(result.failure)), "hunter2")
      }
    }
  })

  describe("arguments", () => {
    const Arguments = Schema.Struct({
      url: Decode.String,
      remote_timeout: Decode.withDefault(Decode.Duration, Duration.seconds(10)),
      headers: Decode.withDefault(Decode.map(Decode.String), {}),
      forward_to: Decode.withDefault(Decode.list(Receivers), []),
      password: Decode.optional(Decode.Secret),
      level: Decode.withDefault(Level, "info")
    })
    const decodeArguments = Schema.decodeUnknownResult(Arguments, { errors: "all", onExcessProperty: "error" })

    it("what is absent takes its default, and null is no default", () => {
      assert.deepStrictEqual(
        decodeArguments({ url: Value.text("http://localhost") }),
        Result.succeed({
          url: "http://localhost",
          remote_timeout: Duration.seconds(10),
          headers: {},
          forward_to: [],
          level: "info" as const
        })
      )
      const nothing = Result.getOrThrow(decodeArguments({ url: Value.nil, remote_timeout: Value.nil }))
      assert.strictEqual(nothing.url, "")
      assert.isTrue(Duration.isZero(nothing.remote_timeout))
    })

    it("make takes the same defaults", () => {
      const made = Arguments.make({ url: "http://localhost" })
      assert.deepStrictEqual(Result.succeed(made), decodeArguments({ url: Value.text("http://localhost") }))
      const chosen = Arguments.make({
        url: "",
        remote_timeout: Duration.seconds(1),
        forward_to: [receiver],
        level: "debug"
      })
      assert.deepStrictEqual(chosen.forward_to, [receiver])
      assert.strictEqual(chosen.level, "debug")
    })

    it("all issues come at once, and the missing and the unknown are told apart", () => {
      const result = decodeArguments({
        remote_timeout: Value.text("5"),
        headers: Value.object([["a", Value.bool(true)]]),
        password: Value.int(1),
        uri: Value.text("")
      })
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) {
        assert.sameDeepMembers(issues(result.failure).map(({ message, path }) => ({ message, path: path ?? [] })), [
          { message: "Missing key", path: ["url"] },
          { message: "time: missing unit in duration", path: ["remote_timeout"] },
          { message: "should be string, got bool", path: ["headers", "a"] },
          { message: "should be capsule, got number", path: ["password"] },
          { message: "Expected no excess property", path: ["uri"] }
        ])
      }
    })

    it("with the culprit's text an issue makes the whole message", () => {
      const messages = (schema: Schema.Codec<unknown, Value.Value>, text: string) => {
        const result = decode(schema, text)
        return Result.isSuccess(result) ? [] : issues(result.failure).map(({ message, path = [] }) => {
          const culprit = Culprit.locate(
            parse(text),
            path.map((step) => typeof step === "number" ? step : String(step))
          )
          return `${culprit.range.start.column}: ${culprit.text} ${message}`
        })
      }
      const Numbers = Decode.map(Decode.list(Decode.Int))
      assert.deepStrictEqual(messages(Numbers, "{field1 = [15, \"Hello\"]}"), [
        "16: \"Hello\" should be number, got string"
      ])
      assert.deepStrictEqual(messages(Numbers, "object"), ["1: object.field1[2] should be number, got string"])
    })
  })
})
