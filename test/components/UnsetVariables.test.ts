/**
 * A configuration that is checked where its variables are not set, as in CI.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as Components from "../../src/cli/Components.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Source from "../../src/syntax/Source.ts"

type Environment = Readonly<Record<string, string>>

const host = { hostname: "host", os: "linux", arch: "amd64", version: "v1" }

const problems = (text: string, stdlib: ReadonlyMap<string, Value.Value>): ReadonlyArray<string> => {
  const checked = Plan.check({ sources: [Source.make("a", text)], registry: Components.registry, stdlib })
  return Result.isSuccess(checked) ? [] : checked.failure.diagnostics.map(({ message }) => message)
}

const inEnvironment = (text: string, env: Environment) =>
  problems(text, Stdlib.make({ ...host, env: (name) => env[name] }))

const whereUnset = (text: string) =>
  problems(text, Stdlib.make({ ...host, env: () => undefined, unset: () => Value.unknown }))

const endpoint = (lines: ReadonlyArray<string>): string =>
  `pyroscope.write "a" {\nendpoint {\n${
    (lines.some((line) => line.startsWith("url")) ? lines : ["url = \"http://localhost\"", ...lines]).join("\n")
  }\n}\n}\n`

const attributes = [
  "url",
  "name",
  "remote_timeout",
  "max_backoff_retries",
  "backoff_jitter",
  "headers",
  "bearer_token",
  "proxy_url"
]

const expressions = [
  "sys.env(\"A\")",
  "env(\"B\")",
  "\"http://\" + sys.env(\"A\") + \":1\"",
  "coalesce(env(\"A\"), \"5s\")",
  "trim_space(env(\"A\") + \"s\")",
  "{ a = env(\"A\"), b = \"c\" }",
  "{ a = env(\"A\") }[\"a\"]",
  "[env(\"A\"), \"5s\"][1]",
  "env(\"A\") == \"5s\"",
  "env(\"A\") < env(\"B\") || true",
  "!(env(\"A\") != env(\"B\"))",
  "nonsensitive(env(\"B\"))",
  "env(env(\"A\"))",
  "concat([env(\"A\")], [\"5s\"])[0]",
  "-1",
  "\"5s\""
]

const values = ["", "5", "5s", "0", "true", "host", "http://host", "A"]

const oneOf = (texts: ReadonlyArray<string>) => Arbitrary.schema(Schema.Literals(texts))

describe("a variable that is not set, and may be anything", () => {
  it.prop("is no reason to refuse what is right in some environment", {
    first: oneOf(attributes),
    second: oneOf(attributes),
    one: oneOf(expressions),
    other: oneOf(expressions),
    a: oneOf(values),
    b: oneOf(values)
  }, ({ a, b, first, one, other, second }) => {
    const text = endpoint(first === second ? [`${first} = ${one}`] : [`${first} = ${one}`, `${second} = ${other}`])
    if (inEnvironment(text, { A: a, B: b }).length === 0) assert.deepStrictEqual(whereUnset(text), [], text)
  }, { arbitrary: { runs: 100 } })

  it("does not hide what is wrong whatever it is", () => {
    assert.deepStrictEqual(
      whereUnset(
        endpoint([
          "name = env(\"A\")",
          "remote_timeot = env(\"A\")",
          "backoff_jitter = \"yes\"",
          "headers = [env(\"A\")]"
        ])
      ),
      [
        "unrecognized attribute name \"remote_timeot\"; did you mean \"remote_timeout\"?",
        "\"yes\" should be bool, got string",
        "[env(\"A\")] should be object, got array"
      ]
    )
  })
})
