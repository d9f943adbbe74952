/**
 * Prints when a push is tried again, without a clock or a socket.
 *
 *     node examples/retry-schedule.ts
 */
import { Console, Duration, Effect } from "effect"
import { PushError, RetrySchedule } from "../src/index.ts"

const down = new PushError.PushError({
  endpoint: "http://127.0.0.1:4040",
  reason: new PushError.Unreachable({ code: "ECONNREFUSED", detail: "connection refused" })
})

const busy = new PushError.PushError({
  endpoint: "http://127.0.0.1:4040",
  reason: new PushError.RateLimited({ detail: "slow down", retryAfter: Duration.seconds(90) })
})

const print = Effect.fnUntraced(function*(title: string, settings: RetrySchedule.Settings, error: PushError.PushError) {
  const next = yield* RetrySchedule.start(RetrySchedule.make(settings))
  const delays: Array<string> = []
  for (let delay = yield* next(0, error); delay !== undefined; delay = yield* next(0, error)) {
    delays.push(Duration.format(Duration.millis(Math.round(Duration.toMillis(delay)))))
  }
  yield* Console.log(`${title}:\n  ${delays.join("\n  ")}`)
})

await Effect.runPromise(Effect.gen(function*() {
  yield* print("defaults, without jitter", { ...RetrySchedule.defaults, jitter: false }, down)
  yield* print("defaults", RetrySchedule.defaults, down)
  yield* print("with a Retry-After of 90 seconds", { ...RetrySchedule.defaults, maxRetries: 3, jitter: false }, busy)
}))
