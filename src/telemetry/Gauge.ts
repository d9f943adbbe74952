/**
 * Gauges that are read when somebody looks, instead of being updated at every change.
 */
import { Effect, Metric, type Scope } from "effect"
import * as Series from "./Series.ts"

/** What several that have a name and attributes in common show together. */
export type Combine = (values: ReadonlyArray<number>) => number

export const sum: Combine = (values) => values.reduce((total, value) => total + value, 0)

export const largest: Combine = (values) => Math.max(...values)

export const smallest: Combine = (values) => Math.min(...values)

type Read = () => number

/** Exports `read` as the gauge's value until the scope closes; of several for one series what `combine` makes of them. */
export const observe = Effect.fnUntraced(function*(
  gauge: Metric.Gauge<number>,
  read: Read,
  combine: Combine = sum
): Effect.fn.Return<void, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const open = (): Series.Opened<Set<Read>> => {
    const readers = new Set<Read>()
    const get = () => ({ value: combine(Array.from(readers, (read) => read())) })
    return {
      value: readers,
      remove: Metric.registerUnsafe(gauge, context, { get, update: ignore, modify: ignore }).remove
    }
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const series = Series.join(gauge, context, open)
      series.value.add(read)
      return series
    }),
    (series) =>
      Effect.sync(() => {
        series.value.delete(read)
        series.leave()
      })
  )
})

const ignore = (): void => {}
