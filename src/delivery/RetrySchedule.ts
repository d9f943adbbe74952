/**
 * When a push is tried again, as a value: exponential from `minBackoff`, capped at `maxBackoff`, at most `maxRetries`
 * times, no sooner than a Retry-After allows, and only for errors that concern the endpoint.
 *
 * A schedule holds no state and no clock: step it with `Schedule.toStep`, or hand it to `Effect.retry`. Randomness
 * comes from the `Random` service.
 */
import { Duration, Effect, Pull, Random, Schedule } from "effect"
import type { PushError } from "./PushError.ts"

/** When a push that failed is made again, and how often. */
export interface Settings {
  /** The base of the first delay; each further base is twice the one before. */
  readonly minBackoff: Duration.Duration
  /** No delay is longer, but for a Retry-After. Wins over a longer `minBackoff`. */
  readonly maxBackoff: Duration.Duration
  /** Retries after the first attempt; 0 is without end. */
  readonly maxRetries: number
  /** Whether 429 is retried. */
  readonly retryRateLimited: boolean
  /** On: a delay is uniform between its base and twice its base. Off: it is the base. */
  readonly jitter: boolean
}

/** Those of an endpoint about which nothing is written. */
export const defaults: Settings = {
  minBackoff: Duration.millis(500),
  maxBackoff: Duration.minutes(5),
  maxRetries: 10,
  retryRateLimited: true,
  jitter: true
}

/** What the delays depend on. */
export type Backoff = Pick<Settings, "minBackoff" | "maxBackoff" | "jitter">

/**
 * The delay before retry `k`, from 0. `random` is from 0 to 1: how far it is between its base and twice its base, where
 * there is jitter.
 */
export const delay = ({ jitter, maxBackoff, minBackoff }: Backoff, k: number, random: number): Duration.Duration =>
  Duration.min(Duration.times(minBackoff, 2 ** k * (jitter ? 1 + random : 1)), maxBackoff)

/** The delays alone, without end. */
export const backoff = (settings: Backoff): Schedule.Schedule<Duration.Duration> =>
  Schedule.forever.pipe(
    Schedule.modifyDelay(({ output }) => Effect.map(Random.next, (random) => delay(settings, output, random))),
    Schedule.map(({ duration }) => duration)
  )

/**
 * Steps with the error of each failed attempt; its output is the delay. Where `retries` were made before, there are as
 * many less.
 */
export const make = (settings: Settings, retries = 0): Schedule.Schedule<Duration.Duration, PushError> => {
  const delays = backoff(settings)
  const bounded = settings.maxRetries === 0
    ? delays
    : Schedule.upTo(delays, { times: Math.max(0, settings.maxRetries - retries) })
  return bounded.pipe(
    Schedule.setInputType<PushError>(),
    Schedule.while(({ input }) =>
      input.isRetryable && (settings.retryRateLimited || input.reason._tag !== "RateLimited")
    ),
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.succeed(input.retryAfter === undefined ? duration : Duration.max(duration, input.retryAfter))
    ),
    Schedule.map(({ duration }) => duration)
  )
}

/**
 * Gives the delay before the next attempt, or `undefined` when the schedule is through.
 *
 * @internal
 */
export type Step<Input, Env = never> = (
  now: number,
  input: Input
) => Effect.Effect<Duration.Duration | undefined, never, Env>

/**
 * Starts a schedule from its beginning: the one place where a schedule has state.
 *
 * @internal
 */
export const start = <Output, Input, Env>(
  schedule: Schedule.Schedule<Output, Input, never, Env>
): Effect.Effect<Step<Input, Env>, never, Env> =>
  Effect.map(Schedule.toStep(schedule), (step) => (now, input) =>
    step(now, input).pipe(
      Effect.map(([, delay]): Duration.Duration | undefined => delay),
      Pull.catchDone(() => Effect.succeed(undefined))
    ))
