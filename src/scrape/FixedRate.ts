/**
 * When a target's scrapes begin: at a fixed rate, each target at its own moment of the interval.
 */
import { Duration, Effect, Schedule } from "effect"
import * as Monotonic from "../telemetry/Monotonic.ts"

/**
 * Waits for the next of the moments that are `phase` (from 0 to 1) of an interval after a multiple of it, the first time
 * for less than an interval. Gives how many such moments have passed meanwhile, because what was done at the last one
 * took longer than an interval: they are left out, so that the rate stays what it is. It goes by the monotonic clock.
 *
 * `interval`, in milliseconds, is asked for each time.
 */
export const schedule = (interval: () => number, phase: number): Schedule.Schedule<number> =>
  Schedule.fromStep(Effect.sync(() => {
    let last: number | undefined
    return () =>
      Effect.map(Monotonic.now, (now): [number, Duration.Duration] => {
        const period = interval()
        const offset = Math.floor(phase * period)
        // A timer may ring a little early: half a period from the last moment it is the next one's turn in any case.
        const after = last === undefined ? now : Math.max(now, last + period / 2)
        const next = Math.ceil((after - offset) / period) * period + offset
        const skipped = last === undefined ? 0 : Math.max(0, Math.round((next - last) / period) - 1)
        last = next
        return [skipped, Duration.millis(Math.max(0, next - now))]
      })
  }))
