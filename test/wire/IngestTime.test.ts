import { assert, describe, it } from "@effect/vitest"
import * as IngestTime from "../../src/wire/IngestTime.ts"

const now = 1_800_000_000_123_456_789n

const second = 1_000_000_000n
const hour = 3600n * second
const day = 24n * hour

describe("IngestTime", () => {
  it.each(["20260131", "0", "1800000000", "1800000000123", "1800000000123456", "1800000000123456789", "1_800_000_000"])(
    "leaves %s as it is, which is the same whenever it is read",
    (text) => {
      assert.strictEqual(IngestTime.absolute(text, now), text)
    }
  )

  it.each<[text: string, time: bigint]>([
    ["", now],
    ["now", now],
    ["yesterday", now],
    ["now-10s", now - 10n * second],
    ["now-1h", now - hour],
    ["now - 1 h", now - hour],
    ["now-90min", now - 90n * 60n * second],
    ["now-90m", now - 90n * 60n * second],
    ["now-2d", now - 2n * day],
    ["now-1w", now - 7n * day],
    ["now-1mon", now - 30n * day],
    ["now-1M", now - 30n * day],
    ["now-1y", now - 365n * day],
    ["now+5m", now + 300n * second],
    ["anything-5s", now - 5n * second],
    ["-5s", now - 5n * second],
    ["now-1h30m", now - hour],
    ["now-1h+5s", now + 5n * second],
    ["now-h", now],
    ["now-5", now],
    ["now-5parsecs", now]
  ])("reads %s when it comes", (text, time) => {
    assert.strictEqual(IngestTime.absolute(text, now), String(time))
  })

  it("always gives the 19 digits by which nanoseconds are told", () => {
    assert.strictEqual(IngestTime.absolute("", 5n), "0000000000000000005")
    assert.strictEqual(IngestTime.absolute("now-100y", now), "0000000000000000000")
    assert.strictEqual(IngestTime.absolute("now+9999999y", now), "9223372036854775807")
  })
})
