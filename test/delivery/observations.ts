/**
 * What there is to see of what goes on: the log and the metrics.
 */
import { type Cause, Effect, Logger, Metric, References } from "effect"

export interface Line {
  readonly level: string
  readonly message: unknown
  readonly annotations: Readonly<Record<string, unknown>>
  readonly cause: Cause.Cause<unknown>
}

/** Runs with every line that is logged, of every level. */
export const withLog = <A, E, R>(test: (log: ReadonlyArray<Line>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const log: Array<Line> = []
    const logger = Logger.make(({ cause, fiber, logLevel, message }) => {
      const annotations = fiber.getRef(References.CurrentLogAnnotations)
      log.push({ level: logLevel, message: Array.isArray(message) ? message[0] : message, annotations, cause })
    })
    return test(log).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "All")
    )
  })

/** Runs with metrics of its own. */
export const ownRegistry = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(test, Metric.MetricRegistry, new Map()))
