import { assert, describe, it } from "@effect/vitest"
import { Layer, Result, Schema } from "effect"
import * as Block from "../../src/engine/Block.ts"
import type { Component } from "../../src/engine/Component.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Source from "../../src/syntax/Source.ts"
import { stdlib } from "../evaluation/evaluating.ts"

const Lamp = Schema.Struct({
  name: Decode.optional(Decode.String),
  size: Decode.optional(Decode.Int),
  mode: Decode.optional(Decode.enumeration(["bright", "dark"])),
  holders: Decode.optional(Decode.list(Decode.map(Decode.String))),
  pin: Decode.optional(Decode.Secret),
  pins: Decode.optional(Decode.map(Decode.list(Decode.Secret))),
  holder: Block.many(Schema.Struct({
    pin: Decode.withDefault(Decode.Int, 0),
    mode: Decode.withDefault(Decode.enumeration(["bright", "dark"]), "dark"),
    key: Decode.optional(Decode.Secret)
  })),
  plain: Block.optional(Schema.Struct({ mode: Decode.optional(Decode.enumeration(["bright", "dark"])) }))
})

const component: Component<typeof Lamp.Type> = {
  name: "lamp",
  arguments: Lamp,
  exports: {},
  layer: () => Layer.empty
}

/** The message, and the line that it is about, for a lamp with that line. */
const problem = (line: string): readonly [message: string, line: string] => {
  const source = Source.make("a", `lamp "a" {\n${line}\n}`)
  const checked = Plan.check({ sources: [source], registry: Registry.make(component), stdlib })
  assert(Result.isFailure(checked))
  const { diagnostics, sources } = checked.failure
  const shown = Diagnostic.renderAll(diagnostics.slice(0, 1), sources, { color: false }).split("\n").find((text) =>
    text.startsWith("2 | ")
  )
  return [diagnostics[0]!.message, shown!.slice(4)]
}

describe("what an error shows of a value", () => {
  it.each([
    [`pin = "hunter2" * 2`, `"***" should be one of [number] for binop *, got string`, `pin = "***" * ***`],
    [`pin = 12345678`, `*** should be capsule, got number`, `pin = ***`],
    [
      `pin = hunter2`,
      `component "***" does not exist or is out of scope (a text is written in double quotes)`,
      `pin = ***`
    ],
    [`pin = sys.evn("hunter2")`, `field "evn" does not exist; did you mean "env"?`, `pin = sys.evn("***")`],
    [`pin = "hunter2".x`, `"***" cannot access field "***" on value of type string`, `pin = "***".***`],
    [`pins = { "X-Key" = "hunter2" }`, `"***" should be array, got string`, `pins = { "X-Key" = "***" }`],
    [`pins = { "X: hunter2" = [1] }`, `*** should be capsule, got number`, `pins = { "***" = [***] }`],
    [`size = "hunter2"`, `"***" should be number, got string`, `size = "***"`],
    [`size = "big"`, `"big" should be number, got string`, `size = "big"`],
    [`size = true // hunter2`, `true should be number, got bool`, `size = true //***`],
    [`mode = "hunter2"`, `"***" must be one of "bright", "dark"`, `mode = "***"`],
    [`mode = "bright" * 2`, `"bright" should be one of [number] for binop *, got string`, `mode = "bright" * 2`],
    [`name = "first" * 2`, `"first" should be one of [number] for binop *, got string`, `name = "first" * 2`],
    [
      `name = { "__param_token" = "hunter2", "__param_n" = "5", a = "b" }`,
      `{"__param_token" = "***", "__param_n" = "5", a = "b"} should be string, got object`,
      `name = { "__param_token" = "***", "__param_n" = "5", a = "b" }`
    ],
    [`Pin = "hunter2"`, `unrecognized attribute name "Pin"; did you mean "pin"?`, `Pin = "***"`],
    [`inner { pin = "hunter2" }`, `unrecognized block name "inner"`, `inner { pin = "***" }`],
    [
      `holder { mode = "bright" * 2 }`,
      `"bright" should be one of [number] for binop *, got string`,
      `holder { mode = "bright" * 2 }`
    ],
    [
      `holder { mode = "light" }`,
      `"***" must be one of "bright", "dark"; did you mean "bright"?`,
      `holder { mode = "***" }`
    ],
    [
      `plain { mode = "light" }`,
      `"light" must be one of "bright", "dark"; did you mean "bright"?`,
      `plain { mode = "light" }`
    ],
    [
      `holders = [{ "__address__" = "a:1", "__param_token" = "hunter2" }, { "__address__" = "u:hunter2@a" }, 1]`,
      `1 should be object, got number`,
      `holders = [{ "__address__" = "a:1", "__param_token" = "***" }, { "__address__" = "***" }, 1]`
    ],
    [
      `plain { pin = "hunter2" }`,
      `unrecognized attribute name "pin"; its place is outside of the block "plain"`,
      `plain { pin = "***" }`
    ]
  ])("%s", (line, message, shown) => {
    assert.deepStrictEqual(problem(line), [message, shown])
  })
})
