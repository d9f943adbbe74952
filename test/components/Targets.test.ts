import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Targets from "../../src/components/Targets.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Labels from "../../src/profile/Labels.ts"
import { evaluate, outcome } from "../evaluation/evaluating.ts"
import { problemsOf } from "./arguments.ts"

const decode = Schema.decodeResult(Targets.Argument)

const targets = (text: string): Targets.Targets => Result.getOrThrow(decode(Result.getOrThrow(evaluate(text))))

const Arguments = Schema.Struct({ targets: Targets.Argument })

describe("Targets.Argument", () => {
  it("makes labels in the order of their names, and an empty text is none", () => {
    const [target] = targets(`[{"zone" = "b", "__address__" = "x:80", "__meta_pod" = "p", "empty" = ""}]`)
    assert.deepStrictEqual([...target!], [["__address__", "x:80"], ["__meta_pod", "p"], ["zone", "b"]])
  })

  it("writes numbers and bools as Go does", () => {
    for (
      const [expression, text] of [
        ["5", "5"],
        ["-5", "-5"],
        ["true", "true"],
        ["1.5", "1.5"],
        ["1e5", "100000"],
        ["999999.0", "999999"],
        ["1e6", "1e+06"],
        ["1234567.5", "1.2345675e+06"],
        ["0.0001", "0.0001"],
        ["0.000012345", "1.2345e-05"],
        ["1e100", "1e+100"],
        ["-0.5", "-0.5"]
      ] as const
    ) assert.strictEqual(targets(`[{x = ${expression}}]`)[0]!.get("x"), text)
  })

  it("says of each value that is none for a target what is wrong, where it stands", () => {
    assert.deepStrictEqual(
      problemsOf(
        Arguments,
        "targets = [",
        "  {a = \"1\", b = secret},",
        "  {a = null, \"c d\" = [1]},",
        "  \"host:80\",",
        "  {a = \"fine\"},",
        "]"
      ),
      [
        "3:17-3:22 secret target::ConvertFrom: cannot use a secret as a target value",
        "4:8-4:11 null target::ConvertFrom: cannot convert a nil value to a target value",
        "4:22-4:24 [1] should be string, got array",
        "5:3-5:11 \"host:80\" should be object, got string"
      ]
    )
    assert.deepStrictEqual(problemsOf(Arguments, "targets = {}"), ["2:11-2:12 {} should be array, got object"])
  })

  it("gives the same labels for the same value, and the same value for the same labels", () => {
    const one = Value.object([["a", Value.text("1")]])
    const two = Value.object([["a", Value.text("2")]])
    const first = Result.getOrThrow(decode(Value.list([one, two])))
    const second = Result.getOrThrow(decode(Value.list([Value.object([["a", Value.text("3")]]), two])))
    assert.strictEqual(second[1], first[1])
    assert.notStrictEqual(second[0], first[0])

    const labels = Labels.make({ a: "1" })
    const value = Targets.toValue(labels)
    assert.strictEqual(Targets.toValue(labels), value)
    assert.strictEqual(Result.getOrThrow(decode(Value.list([value])))[0], labels)
  })

  it("is an object in the language: what is missing is null by index, and a mistake by name", () => {
    const target = { t: Targets.toValue(Labels.make({ __address__: "x:80", a: "1" })) }
    assert.strictEqual(outcome("t[\"a\"] + t.a + t.__address__", target), "\"11x:80\"")
    assert.strictEqual(outcome("t[\"b\"]", target), "null")
    assert.include(outcome("t.b", target), "field \"b\" does not exist")
    assert.strictEqual(outcome("coalesce({}, t).a", target), "\"1\"")
  })
})
