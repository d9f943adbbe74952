/**
 * Series of metrics that are there for as long as what they are about: before there is something to count, so that
 * `rate()` and `increase()` see the first event, and not any more when the last that has them is gone.
 *
 * What takes another's place, as at a reload, has the same series, and its counters go on.
 */
import { Context, Effect, Metric, type Scope } from "effect"

type AnyMetric = Metric.Metric<never, unknown>

/** What is shared of a series, and how it ends. */
export interface Opened<A> {
  readonly value: A
  readonly remove: () => void
}

interface Entry extends Opened<unknown> {
  readonly family: string
  readonly attributes: Metric.Metric.AttributeSet
  holders: number
}

const registries = new WeakMap<Metric.MetricRegistry, Map<string, Entry>>()

const entriesIn = (context: Context.Context<never>): Map<string, Entry> => {
  const registry = Context.get(context, Metric.MetricRegistry)
  const all = registries.get(registry) ?? new Map<string, Entry>()
  registries.set(registry, all)
  return all
}

/** The series that a metric has where it is used, whatever its own attributes. */
const familyOf = ({ id }: AnyMetric, context: Context.Context<never>): string =>
  JSON.stringify([id, Context.get(context, Metric.CurrentMetricAttributes)])

/**
 * The attributes of all series that a metric has now. Where they come up as things happen, what takes another's place
 * holds those that have: otherwise they would be gone with the other.
 */
export const attributesOf = (
  metric: AnyMetric,
  context: Context.Context<never>
): ReadonlyArray<Metric.Metric.AttributeSet> => {
  const family = familyOf(metric, context)
  return Array.from(entriesIn(context).values()).filter((entry) => entry.family === family)
    .map(({ attributes }) => attributes)
}

/** The series as the first that joined has opened it, and how to leave it, once. The last one that leaves removes it. */
export const join = <A>(
  metric: AnyMetric,
  context: Context.Context<never>,
  open: () => Opened<A>
): { readonly value: A; readonly leave: () => void } => {
  const all = entriesIn(context)
  const family = familyOf(metric, context)
  const attributes = metric.attributes ?? {}
  const key = family + JSON.stringify(attributes)
  const entry = all.get(key) ?? { ...open(), family, attributes, holders: 0 }
  all.set(key, entry)
  entry.holders++
  return {
    value: entry.value as A,
    leave: () => {
      if (--entry.holders > 0) return
      all.delete(key)
      entry.remove()
    }
  }
}

/** Has the series of the metrics that it is given there, from then on until the scope closes. */
export type Hold = <M extends AnyMetric>(metric: M) => M

export const holder: Effect.Effect<Hold, never, Scope.Scope> = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const leaves: Array<() => void> = []
  yield* Effect.addFinalizer(() => Effect.sync(() => leaves.forEach((leave) => leave())))
  return (metric) => {
    const open = (): Opened<void> => {
      metric.valueUnsafe(context)
      return { value: undefined, remove: () => Metric.removeUnsafe(metric, context) }
    }
    leaves.push(join(metric, context, open).leave)
    return metric
  }
})
