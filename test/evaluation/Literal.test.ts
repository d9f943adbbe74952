import { assert, describe, it } from "@effect/vitest"
import { outcome } from "./evaluating.ts"

describe("Literal", () => {
  it.each([
    ["null", "null"],
    ["true", "true"],
    ["false", "false"],
    ["0", "0"],
    ["00", "0"],
    ["42", "42"],
    ["9223372036854775807", "9223372036854775807"],
    ["9223372036854775808", "9223372036854775808u"],
    ["18446744073709551615", "18446744073709551615u"],
    ["18446744073709551616", "18446744073709552000f"],
    ["1.", "1f"],
    [".5", "0.5f"],
    ["1.e3", "1000f"],
    ["1e-400", "0f"],
    ["2.50", "2.5f"]
  ])("%s is %s", (text, value) => assert.strictEqual(outcome(text), value))

  it.each([
    ["010", "8"],
    ["0777", "511"],
    ["00012", "10"],
    ["01777777777777777777777", "18446744073709551615u"],
    ["08", "8f"],
    ["019", "19f"],
    ["02000000000000000000000", "2e+21f"]
  ])("a leading zero makes octal where it can: %s is %s", (text, value) => assert.strictEqual(outcome(text), value))

  it("a number too large for a float is an error that shows where", () => {
    assert.strictEqual(outcome("1e400"), "1:1-5: strconv.ParseFloat: parsing \"1e400\": value out of range")
    const digits = "9".repeat(400)
    assert.strictEqual(
      outcome(`[1, ${digits}]`),
      `1:5-404: strconv.ParseFloat: parsing "${digits}": value out of range`
    )
  })

  it("strings are decoded", () => {
    assert.strictEqual(outcome("\"a\\tb\\u00e9\""), JSON.stringify("a\tbé"))
    assert.strictEqual(outcome("`a\\n`"), JSON.stringify("a\\n"))
    assert.strictEqual(outcome("\"\\xff\""), JSON.stringify("\udcff"))
  })
})
