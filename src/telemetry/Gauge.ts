/**
 * Gauges that are read when somebody looks, instead of being updated at every change.
 */
import { Effect, Metric, type Scope } from "effect"

/** What several that have a name and attributes in common show together. */
export type Combine = (values: ReadonlyArray<number>) => number

export const sum: Combine = (values) => values.reduce((total, value) => total + value, 0)

export const largest: Combine = (values) => Math.max(...values)

/** Who reads a series: registering it again would take the place of those that are there. */
interface Series {
  readonly readers: Set<() => number>
  readonly registration: Metric.Registration
}

const registries = new WeakMap<object, Map<string, Series>>()

/** Exports `read` as the gauge's value until the scope closes; of several for one series what `combine` makes of them. */
export const observe = Effect.fnUntraced(function*(
  gauge: Metric.Gauge<number>,
  read: () => number,
  combine: Combine = sum
): Effect.fn.Return<void, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const registry = yield* Metric.MetricRegistry
  const all = registries.get(registry) ?? new Map<string, Series>()
  registries.set(registry, all)
  const key = JSON.stringify([gauge.id, gauge.attributes, yield* Metric.CurrentMetricAttributes])
  const register = (): Series => {
    const readers = new Set<() => number>()
    const get = () => ({ value: combine(Array.from(readers, (read) => read())) })
    return { readers, registration: Metric.registerUnsafe(gauge, context, { get, update: () => {}, modify: () => {} }) }
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const series = all.get(key) ?? register()
      all.set(key, series)
      series.readers.add(read)
      return series
    }),
    ({ readers, registration }) =>
      Effect.sync(() => {
        readers.delete(read)
        if (readers.size > 0) return
        all.delete(key)
        registration.remove()
      })
  )
})
