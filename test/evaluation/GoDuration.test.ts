import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Result, Schema } from "effect"
import * as GoDuration from "../../src/evaluation/GoDuration.ts"
import { bits } from "./values.ts"

const longest = 9223372036854775807n

describe("GoDuration", () => {
  it.each([
    ["0", 0n],
    ["-0", 0n],
    ["+0", 0n],
    ["0s", 0n],
    ["5s", 5_000_000_000n],
    ["-5s", -5_000_000_000n],
    ["+5s", 5_000_000_000n],
    ["1h30m", 5_400_000_000_000n],
    ["1h1h", 7_200_000_000_000n],
    ["500ms", 500_000_000n],
    ["10us", 10_000n],
    ["10\u00b5s", 10_000n],
    ["10\u03bcs", 10_000n],
    ["3ns", 3n],
    ["1.5h", 5_400_000_000_000n],
    [".5s", 500_000_000n],
    ["1.s", 1_000_000_000n],
    ["1.9ns", 1n],
    ["39h9m14.425s", 140_954_425_000_000n],
    ["0.3333333333333333333h", 1_200_000_000_000n],
    ["0.100000000000000000000h", 360_000_000_000n],
    ["0.0000000000000000000000001h", 0n],
    [`0.${"1".repeat(400)}s`, 111_111_111n],
    ["9223372036854775807ns", longest],
    ["-9223372036854775808ns", -longest - 1n],
    ["2562047h47m16.854775807s", longest]
  ])(
    "%s is %d ns",
    (text, nanos) => assert.strictEqual(Duration.toNanosUnsafe(Result.getOrThrow(GoDuration.parse(text))), nanos)
  )

  it.each([
    ["", "time: invalid duration"],
    ["5", "time: missing unit in duration"],
    ["1m5", "time: missing unit in duration"],
    ["1..5s", "time: missing unit in duration"],
    ["1d", "time: unknown unit in duration"],
    ["5 s", "time: unknown unit in duration"],
    ["1S", "time: unknown unit in duration"],
    ["-", "time: invalid duration"],
    ["--5s", "time: invalid duration"],
    [".", "time: invalid duration"],
    [".s", "time: invalid duration"],
    ["abc", "time: invalid duration"],
    ["5\u00e9", "time: unknown unit in duration"],
    ["\u007f", "time: invalid duration"],
    ["\udcff\n\"\\", "time: invalid duration"],
    ["9223372036854775808ns", "time: invalid duration"],
    ["99999999999999999999x", "time: invalid duration"],
    ["2562048h", "time: invalid duration"],
    ["2562047h47m16.854775808s", "time: invalid duration"],
    ["-2562047h47m16.854775809s", "time: invalid duration"]
  ])("%s is refused: %s", (text, message) => assert.deepStrictEqual(GoDuration.parse(text), Result.fail(message)))

  it.each([
    [Duration.zero, "0s"],
    [Duration.nanos(1n), "1ns"],
    [Duration.nanos(1_100n), "1.1\u00b5s"],
    [Duration.nanos(2_200_000n), "2.2ms"],
    [Duration.millis(500), "500ms"],
    [Duration.millis(3_300), "3.3s"],
    [Duration.seconds(60), "1m0s"],
    [Duration.seconds(245), "4m5s"],
    [Duration.hours(5), "5h0m0s"],
    [Duration.millis(5_400_001), "1h30m0.001s"],
    [Duration.seconds(-90), "-1m30s"],
    [Duration.millis(0.5), "500\u00b5s"],
    [Duration.infinity, "2562047h47m16.854775807s"],
    [Duration.negativeInfinity, "-2562047h47m16.854775808s"],
    [Duration.weeks(100_000), "2562047h47m16.854775807s"]
  ])("%s is written as %s", (duration, text) => assert.strictEqual(GoDuration.format(duration), text))

  it.prop("what is written reads back as the same duration", [bits], ([bits]) => {
    const duration = Duration.nanos(BigInt.asIntN(64, bits))
    const read = Result.getOrThrow(GoDuration.parse(GoDuration.format(duration)))
    assert.isTrue(Duration.equals(read, duration), GoDuration.format(duration))
  })

  const soup = Arbitrary.array(
    Arbitrary.schema(
      Schema.Literals(["1", "0", "9223372036854775807", ".", "-", "+", "h", "m", "s", "n", "\u00b5", "d", " "])
    )
  )

  it.prop(
    "any text is a duration that Go could hold, or an error that does not repeat the text",
    [soup],
    ([pieces]) => {
      const text = pieces.join("")
      const result = GoDuration.parse(text)
      if (Result.isFailure(result)) assert.match(result.failure, /^time: [a-z ]+ duration$/)
      else {assert.isTrue(
          BigInt.asIntN(64, Duration.toNanosUnsafe(result.success)) === Duration.toNanosUnsafe(result.success)
        )}
    }
  )
})
