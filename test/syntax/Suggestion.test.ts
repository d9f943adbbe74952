import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Suggestion from "../../src/syntax/Suggestion.ts"

const names = ["url", "bearer_token", "min_version", "queue", "tls_config", "pyroscope.write", "profile.process_cpu"]

describe("Suggestion", () => {
  it.each([
    ["urll", "url"],
    ["ulr", "url"],
    ["URL", "url"],
    ["bearer_tokn", "bearer_token"],
    ["bearerToken", "bearer_token"],
    ["tsl_config", "tls_config"],
    ["queues", "queue"],
    ["pyrscope.writer", "pyroscope.write"],
    ["profile.proces_cpu", "profile.process_cpu"]
  ])("takes %s for %s", (written, meant) => {
    assert.strictEqual(Suggestion.didYouMean(written, names), `; did you mean "${meant}"?`)
  })

  it.each(["max_version", "uri.x", "write", "u", "", "token", "pyroscope", "é", "x".repeat(100_000)])(
    "takes %.12s for nothing",
    (written) => {
      assert.strictEqual(Suggestion.didYouMean(written, [...names, "y".repeat(100_000)]), "")
    }
  )

  it("does not choose among names that are equally close, and takes the closest", () => {
    assert.strictEqual(Suggestion.closest("TLS14", ["TLS12", "TLS13"]), undefined)
    assert.strictEqual(Suggestion.closest("TLS1.2", ["TLS12", "TLS13"]), undefined)
    assert.strictEqual(Suggestion.closest("receivr", ["receive", "receiver"]), undefined)
    assert.strictEqual(Suggestion.closest("recever", ["relieve", "receive", "receiver"]), "receiver")
  })

  it("takes few words for a longer name with them, if there is one with fewer others than the rest", () => {
    const meant = (written: string, ...names: ReadonlyArray<string>) => Suggestion.didYouMeanName(written, names)
    assert.strictEqual(meant("token", "bearer_token_file", "bearer_token"), "; did you mean \"bearer_token\"?")
    assert.strictEqual(
      meant("process_cpu", "profile.process_cpu", "profile.mutex"),
      "; did you mean \"profile.process_cpu\"?"
    )
    assert.strictEqual(meant("bearer_tokn", "bearer_tokn_file", "bearer_token"), "; did you mean \"bearer_token\"?")
    assert.strictEqual(meant("file", "ca_file", "key_file", "my_own_file"), "")
    assert.strictEqual(meant("timeout", "remote_timeouts"), "")
  })

  it("does not look for one among very many", () => {
    const names = Array.from({ length: 1_000_000 }, (_, index) => `name_${index}`)
    assert.strictEqual(Suggestion.didYouMean("bearer_tokn", ["bearer_token", ...names]), "")
  })

  const word = Arbitrary.array(Arbitrary.schema(Schema.Literals(["a", "b", "c"])), { maxLength: 6 }).pipe(
    Arbitrary.map((characters) => characters.join(""))
  )

  it.prop(
    "counts the same in both directions, nothing for the same, and one for each change",
    [word, word],
    ([a, b]) => {
      const distance = Suggestion.distance(a, b)
      assert.strictEqual(distance, Suggestion.distance(b, a))
      assert.strictEqual(distance === 0, a === b)
      assert.isAtMost(distance, Math.max(a.length, b.length))
      assert.isAtLeast(distance, Math.abs(a.length - b.length))
      assert.strictEqual(Suggestion.distance(a, `${a}d`), 1)
      assert.strictEqual(Suggestion.distance(`de${a}`, `ed${a}`), 1)
      assert.strictEqual(Suggestion.distance(`${a}${b}`, `${a}d${b}`), 1)
    }
  )
})
