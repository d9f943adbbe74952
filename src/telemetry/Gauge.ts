/**
 * Gauges that are read when somebody looks, instead of being updated at every change.
 */
import { Effect, Metric } from "effect"
import type { Scope } from "effect"

/** Exports `read` as the gauge's value until the scope closes. */
export const observe = (
  gauge: Metric.Gauge<number>,
  read: () => number
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.context<never>().pipe(
    Effect.flatMap((context) =>
      Effect.acquireRelease(
        Effect.sync(() =>
          Metric.registerUnsafe(gauge, context, {
            get: () => ({ value: read() }),
            update: () => {},
            modify: () => {}
          })
        ),
        (registration) => Effect.sync(() => registration.remove())
      )
    ),
    Effect.asVoid
  )
