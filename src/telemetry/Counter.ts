/**
 * Counters that something else keeps, such as the operating system: they are read when somebody looks.
 */
import { Effect, Metric, type Scope } from "effect"

/** Exports `read` as the counter's value until the scope closes. */
export const observe = (
  counter: Metric.Counter<number>,
  read: () => number
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const get = () => ({ count: read(), incremental: true })
    return Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => Metric.registerUnsafe(counter, context, { get, update: ignore, modify: ignore })),
      ({ remove }) => Effect.sync(remove)
    ))
  })

const ignore = (): void => {}
