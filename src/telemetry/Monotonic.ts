/**
 * Time that only goes forward, for whatever is measured or due: back-off, ages, deadlines. The wall clock, which an
 * operator or NTP may set at any moment, is for what is shown or sent.
 */
import { type Clock, Effect } from "effect"

/** Milliseconds since an arbitrary moment, with fractions. */
export const now: Effect.Effect<number> = Effect.clockWith((clock) => Effect.succeed(read(clock)))

export const read = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
