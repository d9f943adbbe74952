/**
 * What signals do to a run.
 *
 * The runtime interrupts the program at the first SIGINT or SIGTERM; a second one does not wait. SIGHUP never ends it.
 */
import { Effect } from "effect"
import { constants } from "node:os"
import * as Hangup from "./Hangup.ts"
import { leave } from "./Leave.ts"

const ending = ["SIGINT", "SIGTERM"] as const

/** Both effects run beside the program: `stop` before it is interrupted, `hangUp` each time. */
export interface Handlers {
  readonly stop: Effect.Effect<void>
  readonly hangUp: Effect.Effect<void>
}

export const handled = ({ hangUp, stop }: Handlers) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.context<never>().pipe(
    Effect.flatMap((context) => {
      const fork = Effect.runForkWith(context)
      let count = 0
      const listener = (signal: NodeJS.Signals): void => {
        count += 1
        if (count === 1) fork(stop)
        else leave(128 + constants.signals[signal])
      }
      return Effect.acquireUseRelease(
        Effect.sync(() => {
          Hangup.listen(() => fork(hangUp))
          for (const signal of ending) process.prependListener(signal, listener)
        }),
        () => self,
        () => Effect.sync(() => ending.forEach((signal) => process.off(signal, listener)))
      )
    })
  )
