/**
 * A lane whose endpoint is a function, and everything that happened to it by name and time.
 */
import { Duration, Effect, Exit, Scope } from "effect"
import * as Backlog from "../../src/delivery/Backlog.ts"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Lane from "../../src/delivery/Lane.ts"
import type { Outbound } from "../../src/delivery/Outbound.ts"
import type { PushError } from "../../src/delivery/PushError.ts"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import * as Monotonic from "../../src/telemetry/Monotonic.ts"
import * as errors from "./errors.ts"

/** What the endpoint does with the `attempt`-th attempt, from 0, for the profile of that name. */
export type Endpoint = (name: string, attempt: number) => Effect.Effect<void, PushError>

export interface Options extends Partial<Omit<Lane.Settings, "retry" | "queue">> {
  readonly retry?: Partial<Lane.Settings["retry"]>
  readonly queue?: Partial<Lane.Settings["queue"]>
  /** From when the scope closes; without it, there is no hurry. */
  readonly drainFor?: Duration.Duration
  /** Instead of that. */
  readonly drain?: Drain.Drain
  /** Told after what is noted here. */
  readonly observer?: Partial<Lane.Observer>
  /** Instead of one of its own. */
  readonly backlog?: Backlog.Backlog
}

/** Without jitter and one at a time, if nothing else is said. Half a second, doubled up to a minute, three times. */
const settingsOf = (
  { backlog: _backlog, drain: _drain, drainFor: _drainFor, observer: _observer, queue, retry, ...options }: Options
): Lane.Settings => ({
  endpoint: errors.endpoint,
  name: "",
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
  profiles: 1,
  service: name
})

/** Times are in milliseconds since the lane was made. */
export interface Event {
  readonly name: string
  readonly at: number
}

export const make = Effect.fnUntraced(function*(endpoint: Endpoint, options: Options = {}) {
  const start = yield* Monotonic.now
  const sinceStart = Effect.map(Monotonic.now, (now) => now - start)
  const attempts: Array<Event> = []
  const settled: Array<Event & { readonly outcome: Outcome }> = []
  const pauses: Array<number> = []
  const closings: Array<number> = []
  const retries: Array<Event & { readonly delay: number }> = []
  const counts = new Map<string, number>()
  let inFlight = 0
  let mostInFlight = 0
  let lost = 0

  const begin = Effect.sync(() => {
    inFlight += 1
    mostInFlight = Math.max(mostInFlight, inFlight)
  })
  const push = ({ path: name }: Outbound) =>
    Effect.acquireUseRelease(
      begin,
      () => {
        const attempt = counts.get(name) ?? 0
        counts.set(name, attempt + 1)
        return Effect.flatMap(sinceStart, (at) => {
          attempts.push({ name, at })
          return endpoint(name, attempt)
        })
      },
      () => Effect.sync(() => void (inFlight -= 1))
    )

  const note = (times: Array<number>) => Effect.map(sinceStart, (at) => void times.push(at))
  const scope = yield* Scope.make()
  const { observer } = options
  const drain = Effect.provideService(Drain.Drain, {
    ...options.drain ?? Drain.within(options.drainFor ?? Duration.infinity),
    lost: (endpoint, profiles) => {
      lost += profiles
      options.drain?.lost(endpoint, profiles)
    }
  })
  const backlog = options.backlog ?? (yield* Backlog.make.pipe(drain, Scope.provide(scope)))
  const lane = yield* Lane.make(settingsOf(options), push, {
    opened: (error) => Effect.andThen(note(pauses), () => observer?.opened?.(error) ?? Effect.void),
    closed: () => Effect.andThen(note(closings), () => observer?.closed?.() ?? Effect.void),
    retried: (outbound, error, delay) =>
      Effect.flatMap(sinceStart, (at) => {
        retries.push({ name: outbound.path, at, delay: Duration.toMillis(delay) })
        return observer?.retried?.(outbound, error, delay) ?? Effect.void
      }),
    settled: (outbound, outcome, latency) =>
      Effect.flatMap(sinceStart, (at) => {
        settled.push({ name: outbound.path, at, outcome })
        return observer?.settled?.(outbound, outcome, latency) ?? Effect.void
      })
  }, backlog).pipe(drain, Scope.provide(scope))
  yield* lane.takeCharge
  const offer = Effect.fnUntraced(function*(name: string, bytes = 10) {
    const { commit, outcome } = lane.reserve(outbound(name, bytes), yield* Monotonic.now)
    yield* commit
    return outcome
  })
  return {
    lane,
    attempts,
    settled,
    pauses,
    closings,
    retries,
    offer,
    /** Offers without interest in the outcome. */
    put: (name: string) => Effect.asVoid(offer(name)),
    inFlight: () => inFlight,
    mostInFlight: () => mostInFlight,
    lost: () => lost,
    close: Scope.close(scope, Exit.void)
  }
})

/** When the attempts for a profile, or for all, were made. */
export const timesOf = (events: ReadonlyArray<Event>, name?: string): ReadonlyArray<number> =>
  events.filter((event) => name === undefined || event.name === name).map(({ at }) => at)

export const namesOf = (events: ReadonlyArray<Event>): ReadonlyArray<string> => events.map(({ name }) => name)
