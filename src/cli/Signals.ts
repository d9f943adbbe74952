/**
 * SIGINT and SIGTERM. The runtime interrupts the program at the first; the second does not wait.
 */
import { Effect } from "effect"
import { constants } from "node:os"

const signals = ["SIGINT", "SIGTERM"] as const

/** Runs `onFirst` when the first signal comes, and ends the process at the second. */
export const exitAtOnceOnSecond = (onFirst: Effect.Effect<void>) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.context<never>().pipe(
    Effect.flatMap((context) => {
      let count = 0
      const listener = (signal: NodeJS.Signals): void => {
        count += 1
        if (count === 1) Effect.runForkWith(context)(onFirst)
        else process.exit(128 + constants.signals[signal])
      }
      return Effect.acquireUseRelease(
        Effect.sync(() => signals.forEach((signal) => process.prependListener(signal, listener))),
        () => self,
        () => Effect.sync(() => signals.forEach((signal) => process.off(signal, listener)))
      )
    })
  )
