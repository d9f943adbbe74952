/**
 * What happens, in the order in which it does, for tests that wait for it.
 */
import { Effect } from "effect"

export interface Journal<A> {
  /** All so far. Grows. */
  readonly all: ReadonlyArray<A>
  readonly add: (item: A) => void
  /** Waits until the condition holds for all there is; a test that waits too long dies with what there was instead. */
  readonly until: (condition: (all: ReadonlyArray<A>) => boolean) => Effect.Effect<ReadonlyArray<A>>
  /** Waits for so many. */
  readonly atLeast: (count: number) => Effect.Effect<ReadonlyArray<A>>
}

export const makeJournal = <A>(show: (item: A) => string): Journal<A> => {
  const all: Array<A> = []
  const waiting = new Set<() => void>()
  const until = (condition: (all: ReadonlyArray<A>) => boolean): Effect.Effect<ReadonlyArray<A>> =>
    Effect.callback<ReadonlyArray<A>>((resume) => {
      const look = (): void => {
        if (!condition(all)) return
        waiting.delete(look)
        resume(Effect.succeed(all))
      }
      waiting.add(look)
      look()
      return Effect.sync(() => waiting.delete(look))
    }).pipe(
      Effect.timeoutOrElse({
        duration: "20 seconds",
        orElse: () => Effect.die(new Error(`waited in vain for ${condition}, there was:\n${all.map(show).join("\n")}`))
      })
    )
  return {
    all,
    add: (item) => {
      all.push(item)
      for (const look of Array.from(waiting)) look()
    },
    until,
    atLeast: (count) => until((all) => all.length >= count)
  }
}
