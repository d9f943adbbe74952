/**
 * What a shutdown grants to queues that are not empty: time.
 *
 * It is an event that all endpoints see at once, at the signal, while the sources in front of them are still closing:
 * each tries at once what it holds. One deadline, counted from the signal, is for all of them. An endpoint that closes
 * without the event, as in an application or on a reload, has that much time for itself.
 */
import { Context, Deferred, Duration, Effect, type Scope } from "effect"
import * as Monotonic from "../telemetry/Monotonic.ts"

/** How long what is closing may go on delivering. */
export interface Drain {
  /** Waits for the event and gives the deadline, by the monotonic clock. */
  readonly begun: Effect.Effect<number>
  /** Until when what closes now may go on: the event's deadline, or the drain's time from now. */
  readonly deadline: Effect.Effect<number>
  /** Counts a queue, until the scope closes, among those that the shutdown waits for. */
  readonly enter: (queue: Waiting) => Effect.Effect<void, never, Scope.Scope>
  /** So many profiles, that had been accepted, an endpoint will never get. */
  readonly lost: (endpoint: string, profiles: number) => void
}

/** A queue, for the log of a shutdown. */
export interface Waiting {
  /** The endpoint's URL without credentials. */
  readonly endpoint: string
  /** How many it holds at the moment. */
  readonly profiles: () => number
}

/** Twenty seconds: within what Kubernetes (30) and systemd (90) grant. Docker grants ten by default. */
export const defaultTimeout: Duration.Duration = Duration.seconds(20)

/** Each endpoint by itself has so much time from when its scope closes; 20 seconds where nothing is said. */
export const within = (timeout: Duration.Input): Drain => ({
  begun: Effect.never,
  deadline: after(timeout),
  enter: () => Effect.void,
  lost: () => {}
})

/** Without one, each endpoint by itself has 20 seconds. */
export const Drain = Context.Reference<Drain>("pyroduct/delivery/Drain", {
  defaultValue: () => within(defaultTimeout)
})

/** A drain that somebody begins, for everything that runs in an engine. */
export interface Shutdown extends Drain {
  /** Begins it, once. */
  readonly begin: Effect.Effect<void>
  /** Whether it has begun. */
  readonly hasBegun: () => boolean
  /** The queues that hold something. */
  readonly waiting: () => ReadonlyArray<Waiting>
  /** How many profiles were lost before it has begun, and since. */
  readonly losses: () => { readonly before: number; readonly since: number }
}

/**
 * A drain that has so much time from `begin`.
 *
 * ```ts
 * const shutdown = Drain.make("10 seconds")
 * const Profiles = Forward.layer(options).pipe(Layer.provide(Layer.succeed(Drain.Drain, shutdown)))
 * process.once("SIGTERM", () => Effect.runFork(shutdown.begin))
 * ```
 */
export const make = (timeout: Duration.Input): Shutdown => {
  const deadline = Deferred.makeUnsafe<number>()
  const queues = new Set<Waiting>()
  const losses = { before: 0, since: 0 }
  const hasBegun = () => Deferred.isDoneUnsafe(deadline)
  return {
    begin: Effect.flatMap(after(timeout), (at) => Deferred.succeed(deadline, at)),
    hasBegun,
    begun: Deferred.await(deadline),
    deadline: Effect.suspend(() => hasBegun() ? Deferred.await(deadline) : after(timeout)),
    enter: (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => void queues.add(queue)),
        () => Effect.sync(() => void queues.delete(queue))
      ),
    waiting: () => [...queues].filter((queue) => queue.profiles() > 0),
    lost: (_endpoint, profiles) => {
      losses[hasBegun() ? "since" : "before"] += profiles
    },
    losses: () => ({ ...losses })
  }
}

const after = (timeout: Duration.Input): Effect.Effect<number> =>
  Effect.map(Monotonic.now, (now) => now + Duration.toMillis(timeout))
