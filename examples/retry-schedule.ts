/**
 * Prints when a push is tried again, without a clock or a socket.
 *
 *     node examples/retry-schedule.ts
 *
 * In your application the modules come from "pyroduct" and "pyroduct/testing".
 */
import { Console, Duration, Effect } from "effect"
import { PushError, RetrySchedule } from "../src/index.ts"
import { Schedules } from "../src/testing.ts"

const down = new PushError.PushError({
  endpoint: "http://127.0.0.1:4040",
  reason: new PushError.Unreachable({ code: "ECONNREFUSED", detail: "connection refused" })
})

const busy = new PushError.PushError({
  endpoint: "http://127.0.0.1:4040",
  reason: new PushError.RateLimited({ detail: "slow down", retryAfter: Duration.seconds(90) })
})

const print = Effect.fnUntraced(function*(title: string, settings: RetrySchedule.Settings, error: PushError.PushError) {
  // The same error again and again, more often than it is retried.
  const delays = yield* Schedules.delays(RetrySchedule.make(settings), Array.from({ length: 20 }, () => error))
  const lines = delays.map((delay) => Duration.format(Duration.millis(Math.round(Duration.toMillis(delay)))))
  yield* Console.log(`${title}:\n  ${lines.join("\n  ")}`)
})

await Effect.runPromise(Effect.gen(function*() {
  yield* print("defaults, without jitter", { ...RetrySchedule.defaults, jitter: false }, down)
  yield* print("defaults", RetrySchedule.defaults, down)
  yield* print("with a Retry-After of 90 seconds", { ...RetrySchedule.defaults, maxRetries: 3, jitter: false }, busy)
}))
