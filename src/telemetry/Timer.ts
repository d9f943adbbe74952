/**
 * Durations as Node's timers take them.
 */
import { Duration } from "effect"

/** Some 24 days. Node takes what is longer for a millisecond. */
const longest = 2 ** 31 - 1

/** In whole milliseconds, not fewer than `duration` has, but for what no timer lasts. */
export const millis = (duration: Duration.Duration): number => Math.min(Math.ceil(Duration.toMillis(duration)), longest)
