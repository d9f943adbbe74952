/**
 * What a shutdown grants to queues that are not empty: time, and somebody who hears about what was left.
 *
 * An engine provides one for all its endpoints, so that they share a deadline. Without one, each endpoint has thirty
 * seconds from the moment its scope closes.
 */
import { Clock, Context, Duration, Effect } from "effect"

export interface Drain {
  /** Until when deliveries may go on, in milliseconds since the epoch. */
  readonly deadline: Effect.Effect<number>
  /** Called with the number of profiles that an endpoint had to give up. */
  readonly abandoned: (endpoint: string, profiles: number) => Effect.Effect<void>
}

export const Drain = Context.Reference<Drain>("pyroduct/delivery/Drain", {
  defaultValue: () => within(Duration.seconds(30))
})

export const within = (timeout: Duration.Duration): Drain => ({
  deadline: Effect.map(Clock.currentTimeMillis, (now) => now + Duration.toMillis(timeout)),
  abandoned: () => Effect.void
})
