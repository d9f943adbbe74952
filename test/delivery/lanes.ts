/**
 * A lane whose endpoint is a function, and everything that happened to it by name and time.
 */
import { Clock, Duration, Effect, Exit, Scope } from "effect"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Lane from "../../src/delivery/Lane.ts"
import type { Outbound } from "../../src/delivery/Outbound.ts"
import type { PushError } from "../../src/delivery/PushError.ts"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import * as errors from "./errors.ts"

/** What the endpoint does with the `attempt`-th attempt, from 0, for the profile of that name. */
export type Endpoint = (name: string, attempt: number) => Effect.Effect<void, PushError>

export interface Options extends Partial<Omit<Lane.Settings, "retry" | "queue">> {
  readonly retry?: Partial<Lane.Settings["retry"]>
  readonly queue?: Partial<Lane.Settings["queue"]>
  /** From when the scope closes; without it, there is no hurry. */
  readonly drainFor?: Duration.Duration
}

/** Without jitter and one at a time, if nothing else is said. Half a second, doubled up to a minute, three times. */
const settingsOf = ({ queue, retry, ...options }: Options): Lane.Settings => ({
  endpoint: errors.endpoint,
  concurrency: 1,
  maxAge: Duration.hours(24),
  ...options,
  queue: { maxBytes: 1000, whenFull: "drop_oldest", ...queue },
  retry: {
    minBackoff: Duration.millis(500),
    maxBackoff: Duration.minutes(1),
    maxRetries: 3,
    retryRateLimited: true,
    jitter: false,
    ...retry
  }
})

const outbound = (name: string, bytes: number): Outbound => ({
  kind: "push",
  path: name,
  headers: {},
  body: new Uint8Array(bytes),
  size: bytes,
  profileBytes: bytes,
  profiles: 1
})

/** Times are in milliseconds since the lane was made. */
export interface Event {
  readonly name: string
  readonly at: number
}

export const make = Effect.fnUntraced(function*(endpoint: Endpoint, options: Options = {}) {
  const start = yield* Clock.currentTimeMillis
  const sinceStart = Effect.map(Clock.currentTimeMillis, (now) => now - start)
  const attempts: Array<Event> = []
  const settled: Array<Event & { readonly outcome: Outcome }> = []
  const pauses: Array<number> = []
  const retries: Array<{ readonly at: number; readonly delay: number }> = []
  let underWay = 0
  let mostUnderWay = 0
  let lost = 0

  const push = ({ path: name }: Outbound) =>
    Effect.suspend(() => {
      underWay += 1
      mostUnderWay = Math.max(mostUnderWay, underWay)
      const attempt = attempts.filter((other) => other.name === name).length
      return Effect.flatMap(sinceStart, (at) => {
        attempts.push({ name, at })
        return endpoint(name, attempt)
      })
    }).pipe(Effect.ensuring(Effect.sync(() => void (underWay -= 1))))

  const scope = yield* Scope.make()
  const lane = yield* Lane.make(settingsOf(options), push, {
    paused: () => Effect.map(sinceStart, (at) => void pauses.push(at)),
    retried: (_, delay) => Effect.map(sinceStart, (at) => void retries.push({ at, delay: Duration.toMillis(delay) })),
    settled: ({ path: name }, outcome) => Effect.map(sinceStart, (at) => void settled.push({ name, at, outcome }))
  }).pipe(
    Effect.provideService(Drain.Drain, {
      ...Drain.within(options.drainFor ?? Duration.infinity),
      lost: (_, profiles) => void (lost += profiles)
    }),
    Scope.provide(scope)
  )
  const offer = (name: string, bytes = 10) =>
    Effect.map(Clock.currentTimeMillis, (now) => lane.offer(outbound(name, bytes), now))
  return {
    lane,
    attempts,
    settled,
    pauses,
    retries,
    offer,
    /** Offers without interest in the outcome. */
    put: (name: string) => Effect.asVoid(offer(name)),
    underWay: () => underWay,
    mostUnderWay: () => mostUnderWay,
    lost: () => lost,
    close: Scope.close(scope, Exit.void)
  }
})

/** When the attempts for a profile, or for all, were made. */
export const timesOf = (events: ReadonlyArray<Event>, name?: string): ReadonlyArray<number> =>
  events.filter((event) => name === undefined || event.name === name).map(({ at }) => at)

export const namesOf = (events: ReadonlyArray<Event>): ReadonlyArray<string> => events.map(({ name }) => name)
