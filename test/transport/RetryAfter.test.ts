import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Schema } from "effect"
import * as RetryAfter from "../../src/transport/RetryAfter.ts"

const now = Date.UTC(2026, 10, 22, 12, 0, 0)

const seconds = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: -10_000, maximum: 10_000 })))

describe("RetryAfter.parse", () => {
  it("reads seconds", () => {
    assert.deepStrictEqual(RetryAfter.parse("0", now), Duration.zero)
    assert.deepStrictEqual(RetryAfter.parse(" 17 ", now), Duration.seconds(17))
  })

  it.each([
    "Sun, 22 Nov 2026 12:01:30 GMT",
    "Sunday, 22-Nov-26 12:01:30 GMT",
    "Sun Nov 22 12:01:30 2026"
  ])("reads the date %s, as what is left until then", (date) => {
    assert.deepStrictEqual(RetryAfter.parse(date, now), Duration.seconds(90))
    assert.deepStrictEqual(RetryAfter.parse(date, now + 89_500), Duration.millis(500))
  })

  it.prop("knows when any date is, up to one hour, and that it is over", { seconds }, ({ seconds }) => {
    assert.deepStrictEqual(
      RetryAfter.parse(new Date(now + seconds * 1000).toUTCString(), now),
      Duration.seconds(Math.min(Math.max(seconds, 0), 3600))
    )
  })

  it("believes up to one hour", () => {
    for (const header of ["3600", "3601", "9".repeat(40), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
      assert.deepStrictEqual(RetryAfter.parse(header, now), Duration.hours(1), header)
    }
    assert.deepStrictEqual(RetryAfter.parse("3599", now), Duration.seconds(3599))
  })

  it("finds nothing in what means nothing", () => {
    for (
      const header of [undefined, "", " ", "soon", "-1", "+1", "1.5", "1e3", "0x10", "Sun, 32 Nov 2026 12:00:00 GMT"]
    ) {
      assert.isUndefined(RetryAfter.parse(header, now), header)
    }
  })
})
