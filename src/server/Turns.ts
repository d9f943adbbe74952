/**
 * Turns of the event loop, of which each has so much work.
 *
 * Requests that have arrived together are otherwise taken apart one right after the other, and whoever else asks for
 * something waits for all of them.
 */
import { Effect } from "effect"

/** Waits, if this turn has its work, for one that has not, in the order of asking; at once where nobody waits. */
export type Turns = (work: number) => Effect.Effect<void>

/** What is begun in a turn is done in it, so the last of it may be more than `workPerTurn`, whose unit is the caller's. */
export const make = (workPerTurn: number): Turns => {
  let done = 0
  const waiting: Array<() => void> = []
  const next = (): void => {
    done = 0
    while (waiting.length > 0 && done < workPerTurn) waiting.shift()!()
    if (done > 0) setImmediate(next)
  }
  return (work) =>
    Effect.callback((resume) => {
      const begin = (): void => {
        done += Math.max(1, work)
        resume(Effect.void)
      }
      if (done >= workPerTurn) return void waiting.push(begin)
      if (done === 0) setImmediate(next)
      begin()
    })
}
