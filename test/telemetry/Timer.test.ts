import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Timer from "../../src/telemetry/Timer.ts"

const cases: ReadonlyArray<readonly [Duration.Duration, number]> = [
  [Duration.zero, 0],
  [Duration.nanos(1n), 1],
  [Duration.micros(1500n), 2],
  [Duration.seconds(10), 10_000],
  [Duration.hours(596), 2_145_600_000],
  [Duration.hours(600), 2_147_483_647],
  [Duration.infinity, 2_147_483_647]
]

describe("Timer.millis", () => {
  for (const [duration, millis] of cases) {
    it(`gives a timer of ${millis} ms for ${Duration.format(duration)}`, () => {
      assert.strictEqual(Timer.millis(duration), millis)
    })
  }
})
