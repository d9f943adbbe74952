import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Metric } from "effect"
import { HttpServerRequest } from "effect/http"
import * as ProfileApi from "../../src/server/ProfileApi.ts"
import * as Requests from "../../src/server/Requests.ts"
import * as Metrics from "../../src/telemetry/Metrics.ts"

/** Two seconds pass from each look to the next, while the wall clock is set back by an hour. */
const setBack = (clock: Clock.Clock): Clock.Clock => {
  let looks = 0
  const monotonic = () => BigInt(looks++) * 2_000_000_000n
  const wall = () => 1_700_000_000_000 - looks++ * 3_600_000
  return {
    ...clock,
    currentTimeMillisUnsafe: wall,
    currentTimeMillis: Effect.sync(wall),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic)
  }
}

describe("ProfileApi", () => {
  it.effect("measures how long a request took, whatever the wall clock does", () =>
    Effect.gen(function*() {
      const requests = yield* Requests.make({ duration: Metrics.requestDuration, refused: Metrics.requestsRefused })
      const handler = ProfileApi.make({ maxBytes: 1, check: () => undefined, accept: () => Effect.void, requests })
      const request = HttpServerRequest.fromWeb(new Request("http://any.example/nowhere"))
      yield* Effect.provideService(handler, HttpServerRequest.HttpServerRequest, request)
      const sums = (yield* Metric.snapshot).flatMap(({ state }) => "sum" in state ? [state.sum] : [])
      assert.deepStrictEqual(sums, [2])
    }).pipe(
      Effect.provideServiceEffect(Clock.Clock, Effect.map(Clock.Clock, setBack)),
      (self) => Effect.suspend(() => Effect.provideService(self, Metric.MetricRegistry, new Map()))
    ))
})
