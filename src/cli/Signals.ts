/**
 * What signals do to a run.
 *
 * The first SIGINT, SIGTERM or SIGQUIT interrupts the program, a second one does not wait. SIGHUP never ends it.
 */
import { Effect } from "effect"
import { constants } from "node:os"
import * as Hangup from "./Hangup.ts"
import { leave } from "./Leave.ts"

const ending = ["SIGINT", "SIGTERM", "SIGQUIT"] as const

/** Both effects run beside the program: `stop` before it is interrupted, `hangUp` each time. */
export interface Handlers {
  readonly stop: Effect.Effect<void>
  readonly hangUp: Effect.Effect<void>
}

export const handled = ({ hangUp, stop }: Handlers) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.withFiber<A, E, R>((fiber) => {
    const fork = Effect.runForkWith(fiber.context)
    let count = 0
    const listener = (signal: NodeJS.Signals): void => {
      count += 1
      if (count > 1) return leave(128 + constants.signals[signal])
      fork(stop)
      // The runtime does so itself at the others.
      if (signal === "SIGQUIT") fiber.interruptUnsafe()
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
