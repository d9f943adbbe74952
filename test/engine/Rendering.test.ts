import { assert, describe, it } from "@effect/vitest"
import { Predicate, Redacted, Result, Schema } from "effect"
import * as Block from "../../src/engine/Block.ts"
import * as Exposures from "../../src/engine/Exposures.ts"
import * as Rendering from "../../src/engine/Rendering.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Exposure from "../../src/syntax/Exposure.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import type { Shown, Statement } from "../../src/telemetry/ComponentStatus.ts"
import { secret, stdlib } from "../evaluation/evaluating.ts"

const Plug = Schema.Struct({
  name: Decode.optional(Decode.String),
  size: Decode.optional(Decode.Int),
  url: Decode.optional(Decode.String.annotate({ [Decode.exposure]: Exposure.url })),
  key: Decode.optional(Decode.Secret),
  keys: Decode.optional(Decode.map(Decode.list(Decode.Secret))),
  mode: Decode.optional(Decode.enumeration(["on", "off"])),
  forward_to: Decode.optional(Decode.list(Decode.capsule("a.Receiver", Predicate.isObject))),
  socket: Block.many(Schema.Struct({ key: Decode.optional(Decode.Secret), size: Decode.optional(Decode.Int) }))
})

const receiver = Value.opaque("a.Receiver", {})

const scope = Scope.make(
  new Map([
    ["a", Value.object([["b", Value.object([["receiver", receiver]])]])],
    ["password", secret("hunter2")]
  ]),
  stdlib
)

const argumentsOf = (body: string): ReadonlyArray<Statement> => {
  const { body: [block] } = Result.getOrThrow(Parser.parse(Source.make("a", `plug "a" {\n${body}\n}`)))
  assert(block?._tag === "Block")
  return Rendering.argumentsOf(block, scope, Exposures.ofArguments(Plug))
}

const valueOf = (expression: string, name = "name"): Shown => {
  const [statement] = argumentsOf(`${name} = ${expression}`)
  assert(statement?.type === "attr")
  return statement.value
}

describe("what is shown of arguments", () => {
  it("are the statements of the block in their order, with values in the place of expressions", () => {
    assert.deepStrictEqual(
      argumentsOf(`size = 1 + 2\nsocket {\n key = "hunter2"\n size = 4\n}\nname = env("HOME") + "/a"\nsocket { }`),
      [
        { name: "size", type: "attr", value: { type: "number", value: 3 } },
        {
          name: "socket",
          type: "block",
          body: [
            { name: "key", type: "attr", value: { type: "capsule", value: "(secret)" } },
            { name: "size", type: "attr", value: { type: "number", value: 4 } }
          ]
        },
        { name: "name", type: "attr", value: { type: "string", value: "/home/test/a" } },
        { name: "socket", type: "block", body: [] }
      ]
    )
  })

  it("has every type of value as Alloy's API has it, and the keys of objects in order", () => {
    assert.deepStrictEqual(valueOf("[null, true, 1.5, \"a\", { b = 1, a = 2 }, env]"), {
      type: "array",
      value: [
        { type: "null", value: null },
        { type: "bool", value: true },
        { type: "number", value: 1.5 },
        { type: "string", value: "a" },
        {
          type: "object",
          value: [{ key: "a", value: { type: "number", value: 2 } }, { key: "b", value: { type: "number", value: 1 } }]
        },
        { type: "function", value: "function" }
      ]
    })
  })

  it("names a receiver as the configuration does, and by its type where that has no name for it", () => {
    const shown = (value: string): Shown => ({ type: "array", value: [{ type: "capsule", value }] })
    assert.deepStrictEqual(valueOf("[a.b.receiver]", "forward_to"), shown("a.b.receiver"))
    assert.deepStrictEqual(valueOf("array.concat([a.b.receiver])", "forward_to"), shown("capsule(\"a.Receiver\")"))
    assert.deepStrictEqual(valueOf("[a[\"b\"].receiver]", "forward_to"), shown("capsule(\"a.Receiver\")"))
  })

  it.each([
    ["key", `"hunter2"`, `{"type":"capsule","value":"(secret)"}`],
    ["key", `password`, `{"type":"capsule","value":"(secret)"}`],
    ["key", `env("NOTHING")`, `{"type":"capsule","value":"(secret)"}`],
    [
      "keys",
      `{ a = ["hunter2"] }`,
      `[{"key":"a","value":{"type":"array","value":[{"type":"capsule","value":"(secret)"}]}}]`
    ],
    ["keys", `{ "hunter2 " = [] }`, `[{"key":"***","value":{"type":"array","value":[]}}]`],
    ["name", `"a" + password`, `{"type":"capsule","value":"(secret)"}`],
    ["unknown", `"hunter2"`, `{"type":"capsule","value":"(secret)"}`],
    ["unknown", `12345678`, `{"type":"capsule","value":"(secret)"}`],
    ["mode", `"hunter2"`, `{"type":"capsule","value":"(secret)"}`],
    ["mode", `"on"`, `{"type":"string","value":"on"}`],
    ["url", `"http://u:" + nonsensitive(password) + "@h/p"`, `"http://***@h/p"`],
    ["url", `"http://h/p?a=" + nonsensitive(password)`, `"http://h/p?***"`],
    ["url", `"http://h/p"`, `"http://h/p"`],
    ["name", `"http://u:" + nonsensitive(password) + "@h/p"`, `"http://***@h/p"`],
    ["name", `nonsensitive(password)`, `{"type":"string","value":"hunter2"}`]
  ])("%s = %s", (name, expression, expected) => {
    assert.include(JSON.stringify(valueOf(expression, name)), expected)
  })

  it("is no more than an answer may have, however much there is", () => {
    assert.deepStrictEqual(valueOf(`"${"a".repeat(5000)}"`), {
      type: "string",
      value: `${"a".repeat(1024)}… (3976 more characters)`
    })
    const list = valueOf(`[${"1,".repeat(5000)}]`)
    assert(list.type === "array")
    assert.strictEqual(list.value.length, 1001)
    assert.deepStrictEqual(list.value.at(-1), { type: "capsule", value: "(4000 more)" })
    const nested = `[${`[${`"${"a".repeat(100)}",`.repeat(200)}],`.repeat(200)}]`
    for (const body of [`name = ${nested}`, "socket { }\n".repeat(5000)]) {
      assert.isBelow(JSON.stringify(argumentsOf(body)).length, 1_000_000)
    }
  })
})

describe("what is shown of exports", () => {
  it("are values, but for secrets, receivers and what looks like a credential", () => {
    assert.deepStrictEqual(
      Rendering.exportsOf([
        ["content", Value.secret(Redacted.make("hunter2"))],
        ["receiver", receiver],
        ["targets", Value.list([Value.object([["__address__", Value.text("a:1")]])])],
        [
          "tokens",
          Value.object(
            Object.entries({ __address__: "u:hunter2@a:1", __param_gc: "1", __param_token: "hunter2" })
              .map(([name, text]) => [name, Value.text(text)])
          )
        ],
        ["url", Value.text("http://u:hunter2@h")]
      ]),
      [
        { name: "content", type: "attr", value: { type: "capsule", value: "(secret)" } },
        { name: "receiver", type: "attr", value: { type: "capsule", value: "capsule(\"a.Receiver\")" } },
        {
          name: "targets",
          type: "attr",
          value: {
            type: "array",
            value: [{ type: "object", value: [{ key: "__address__", value: { type: "string", value: "a:1" } }] }]
          }
        },
        {
          name: "tokens",
          type: "attr",
          value: {
            type: "object",
            value: [
              { key: "__address__", value: { type: "capsule", value: "(secret)" } },
              { key: "__param_gc", value: { type: "string", value: "1" } },
              { key: "__param_token", value: { type: "capsule", value: "(secret)" } }
            ]
          }
        },
        { name: "url", type: "attr", value: { type: "string", value: "http://***@h" } }
      ]
    )
  })
})
