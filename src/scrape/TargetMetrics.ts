/**
 * What is counted of targets, by type of profile. Updates are direct, and gauges are read when somebody looks: a metric
 * costs no effect in a target's loop.
 */
import { Effect, type Scope } from "effect"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Series from "../telemetry/Series.ts"
import * as ScrapeError from "./ScrapeError.ts"
import type { TargetState } from "./TargetState.ts"

/** `type` is that of the target. */
export interface TargetMetrics {
  /** A profile has come, of so many bytes as they came. */
  readonly succeeded: (type: string, scrape: { readonly seconds: number; readonly bytes: number }) => void
  readonly failed: (type: string, reason: ScrapeError.Kind) => void
  readonly skipped: (type: string, scrapes: number) => void
  /** A profile has come that nobody took. */
  readonly refused: (type: string) => void
}

/** Until the scope closes. Types that there are from the start are shown before anything happens. */
export const make = Effect.fnUntraced(function*(
  types: Iterable<string>
): Effect.fn.Return<TargetMetrics, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const hold = yield* Series.holder
  const metricsOf = (type: string) => ({
    scrapes: hold(Metrics.scrapes({ type })),
    failures: new Map(ScrapeError.kinds.map((reason) => [reason, hold(Metrics.scrapeFailures({ type, reason }))])),
    skipped: hold(Metrics.scrapesSkipped({ type })),
    refused: hold(Metrics.scrapesRefused({ type })),
    bytes: hold(Metrics.scrapedBytes({ type })),
    duration: hold(Metrics.scrapeDuration({ type }))
  })
  const all = new Map(Array.from(types, (type) => [type, metricsOf(type)]))
  const of = (type: string) => {
    const known = all.get(type) ?? metricsOf(type)
    all.set(type, known)
    return known
  }
  return {
    succeeded: (type, { bytes, seconds }) => {
      const metrics = of(type)
      metrics.scrapes.updateUnsafe(1, context)
      metrics.bytes.updateUnsafe(bytes, context)
      metrics.duration.updateUnsafe(seconds, context)
    },
    failed: (type, reason) => {
      const { failures, scrapes } = of(type)
      scrapes.updateUnsafe(1, context)
      failures.get(reason)!.updateUnsafe(1, context)
    },
    skipped: (type, scrapes) => of(type).skipped.updateUnsafe(scrapes, context),
    refused: (type) => of(type).refused.updateUnsafe(1, context)
  }
})

/** Of the targets of one type. */
interface Summary {
  up: number
  down: number
  unknown: number
  baselineBytes: number
  /** When the profile came that is the oldest of those that came last. */
  oldest: number
}

const none: Readonly<Summary> = { up: 0, down: 0, unknown: 0, baselineBytes: 0, oldest: Infinity }

const summarize = (states: Iterable<TargetState>): ReadonlyMap<string, Readonly<Summary>> => {
  const summaries = new Map<string, Summary>()
  for (const { baselineBytes, health, lastProfile, target } of states) {
    let summary = summaries.get(target.type)
    if (summary === undefined) summaries.set(target.type, summary = { ...none })
    summary[health]++
    summary.baselineBytes += baselineBytes
    if (lastProfile !== undefined && lastProfile < summary.oldest) summary.oldest = lastProfile
  }
  return summaries
}

/** Shows how the targets of these types are until the scope closes. They are gone through once for all gauges. */
export const observe = Effect.fnUntraced(function*(
  types: Iterable<string>,
  read: () => Iterable<TargetState>
): Effect.fn.Return<void, never, Scope.Scope> {
  const clock = yield* Effect.clockWith(Effect.succeed)
  /** Of this look: all metrics are read in one turn. */
  let summaries: ReadonlyMap<string, Readonly<Summary>> | undefined
  const of = (type: string): Readonly<Summary> => {
    if (summaries === undefined) {
      summaries = summarize(read())
      queueMicrotask(() => {
        summaries = undefined
      })
    }
    return summaries.get(type) ?? none
  }
  for (const type of types) {
    for (const health of ["up", "down", "unknown"] as const) {
      yield* Gauge.observe(Metrics.scrapeTargets({ type, health }), () => of(type)[health])
    }
    yield* Gauge.observe(Metrics.scrapeBaselineBytes({ type }), () => of(type).baselineBytes)
    yield* Gauge.observe(
      Metrics.scrapeOldestProfileSeconds({ type }),
      () => Math.max(0, (clock.currentTimeMillisUnsafe() - of(type).oldest) / 1000),
      Gauge.largest
    )
  }
})
