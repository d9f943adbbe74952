/**
 * Relabelling of profiles on their way: rules that change the labels that others see, or drop profiles. What is inside a
 * profile is not looked at.
 *
 * ```ts
 * const Profiles = Relabelling.layer({
 *   rules: [{ action: "drop", sourceLabels: ["service_name"], regex: "test-.*" }]
 * }).pipe(Layer.provide(Forward.layer({ endpoints: [{ url: "http://pyroscope:4040" }] })))
 * ```
 *
 * A profile that is dropped is a success, and so is one that the rules leave no label. One that comes without labels is
 * passed on as it is.
 */
import { Effect, Layer, type Metric, type Scope } from "effect"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Relabel from "../profile/Relabel.ts"
import * as Cache from "../profile/relabel/Cache.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Series from "../telemetry/Series.ts"
import { type InvalidOptions, read } from "./Options.ts"
import * as Receipt from "./Receipt.ts"
import { before, Receiver } from "./Receiver.ts"

/** What is done to labels. */
export interface Options {
  /** Applied in their order. */
  readonly rules: ReadonlyArray<Relabel.Options>
  /** For how many sets of labels it is remembered what the rules make of them. Default: 10,000. */
  readonly maxCacheSize?: number
}

/** What is not written about it. */
export const defaults = { maxCacheSize: 10_000 }

/** A rule that means nothing, or a size that is none. */
export type Failure = Relabel.InvalidRule | InvalidOptions

/** The receiver with the rules in front of it. */
export const make = Effect.fnUntraced(function*(
  options: Options,
  receiver: Receiver
): Effect.fn.Return<Receiver, Failure, Scope.Scope> {
  const maxSize = yield* Effect.fromResult(
    read(
      "relabelling",
      ({ whole }) => whole("maxCacheSize", options.maxCacheSize, defaults.maxCacheSize, { minimum: 1 })
    )
  )
  // No server takes labels with other names, so that no rule makes one.
  const cache = new Cache.Cache(yield* Effect.fromResult(Relabel.compile(options.rules, Labels.isName)), maxSize)
  yield* Gauge.observe(Metrics.relabelCacheSize(), () => cache.size)
  const context = yield* Effect.context<never>()
  const hold = yield* Series.holder
  const counter = (metric: Metric.Counter<number>): () => void => {
    hold(metric)
    return () => metric.updateUnsafe(1, context)
  }
  const processed = counter(Metrics.relabelProcessed())
  const written = counter(Metrics.relabelWritten())
  const dropped = counter(Metrics.relabelDropped())
  const hit = counter(Metrics.relabelCacheHits())
  const missed = counter(Metrics.relabelCacheMisses())

  /** What the rules make of a profile that comes, or is only looked at, if anything. */
  const relabel = (profile: Profile.Profile, comes: boolean): Profile.Profile | undefined => {
    if (profile.labels.size === 0) return profile
    const entry = cache.of(profile.labels)
    if (comes) {
      if (entry.isKnown) hit()
      else missed()
      entry.isKnown = true
    }
    return entry.labels && Profile.withLabels(profile, entry.labels)
  }

  const offer: Receiver["offer"] = (profile) =>
    Effect.suspend(() => {
      processed()
      const relabelled = relabel(profile, true)
      if (relabelled === undefined) {
        dropped()
        return Effect.succeed(Receipt.none)
      }
      return Effect.map(receiver.offer(relabelled), (receipt) => {
        written()
        return receipt
      })
    })

  const check: Receiver["check"] = (profile) => {
    const relabelled = relabel(profile, false)
    return relabelled && receiver.check(relabelled)
  }

  return before(receiver, offer, check)
})

/** In front of the receiver that it needs. */
export const layer = (options: Options): Layer.Layer<Receiver, Failure, Receiver> =>
  Layer.effect(Receiver, Effect.flatMap(Receiver, (receiver) => make(options, receiver)))
