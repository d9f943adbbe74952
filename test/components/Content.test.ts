/**
 * What Alloy calls an optional secret is a string here where it is none, and else a secret.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result, Schema, Stream } from "effect"
import * as Content from "../../src/components/Content.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import type * as Value from "../../src/evaluation/Value.ts"
import { evaluate, outcome, secret } from "../evaluation/evaluating.ts"

const valueOf = (text: string, isSecret: boolean): Value.Value =>
  Effect.runSync(Effect.gen(function*() {
    const content = yield* Content.make(text, isSecret)
    const [value] = yield* Stream.runCollect(
      Stream.take(Content.exported.make("").values(Content.Content.context(content)), 1)
    )
    return value!
  }))

const variables = { plain: valueOf("5", false), hidden: valueOf("6", true), s: secret("7") }

describe("The content of a component", () => {
  it.each([
    // string + secret, and any mix, is as secret as its parts.
    ["\"a\" + plain", "\"a5\""],
    ["plain + plain", "\"55\""],
    ["\"a\" + hidden", "secret(a6)"],
    ["plain + hidden", "secret(56)"],
    ["hidden + plain", "secret(65)"],
    ["plain + s", "secret(57)"],
    ["s + hidden", "secret(76)"],
    // Texts are compared.
    ["plain == \"5\"", "true"],
    ["plain != \"5\"", "false"],
    ["hidden == \"6\"", "true"],
    ["hidden == s", "false"],
    ["plain < \"6\"", "true"],
    ["hidden < \"7\"", "1:1-6: hidden should be one of [number string] for binop <, got capsule"],
    // Parameters of functions.
    ["trim_space(plain)", "\"5\""],
    ["trim_space(hidden)", "1:12-17: hidden secrets may not be converted into strings"],
    ["nonsensitive(plain)", "\"5\""],
    ["nonsensitive(hidden)", "\"6\""],
    ["coalesce(\"\", hidden)", "secret(6)"]
  ])("%s -> %s", (text, expected) => assert.strictEqual(outcome(text, variables), expected))

  it.each([
    ["plain", "5", Redacted.make("5"), 5],
    ["hidden", undefined, Redacted.make("6"), undefined]
  ])("that is %s is this string, secret and number", (name, text, secret, number) => {
    const value = Result.getOrThrow(evaluate(name, variables))
    const decoded = <A>(schema: Schema.Codec<A, Value.Value>) =>
      Result.getOrUndefined(Schema.decodeResult(schema)(value))
    assert.deepStrictEqual(
      [decoded(Decode.String), decoded(Decode.Secret), decoded(Decode.Int)],
      [text, secret, number]
    )
  })
})
