/**
 * The scrapes of one target: a Stream of its profiles, run into a receiver for as long as the target is there.
 *
 * What the loop is told anew (labels, credentials, limits, the receiver) counts from its next scrape on; the moments of
 * its scrapes and what it knows of a cumulative profile stay. It never waits for a delivery. A scrape that takes longer
 * than an interval leaves out the next ones.
 *
 * Of a cumulative profile what was added since the last one that was taken is sent. One that fails, or that the receiver
 * refuses, is made up for by the next: no more is lost than what the target itself loses by a restart.
 */
import { Cause, Clock, Duration, Effect, Pull, Result, Schedule, type Semaphore, Sink, Stream } from "effect"
import type * as Receiver from "../delivery/Receiver.ts"
import type { Baseline } from "../pprof/Delta.ts"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import type { Client } from "../transport/Transport.ts"
import * as Difference from "./Difference.ts"
import * as Fetch from "./Fetch.ts"
import * as FixedRate from "./FixedRate.ts"
import * as ScrapeError from "./ScrapeError.ts"
import type * as Target from "./Target.ts"
import type { TargetLog } from "./TargetLog.ts"
import type { TargetMetrics } from "./TargetMetrics.ts"
import * as TargetState from "./TargetState.ts"

/** How targets are scraped, and where their profiles go. */
export interface Scraper {
  readonly settings: Fetch.Settings
  readonly client: Client
  readonly receiver: Receiver.Receiver
  readonly metrics: TargetMetrics
  readonly log: TargetLog
  /** For work on whole profiles, of which not too many are to be in memory at a time. */
  readonly work: Semaphore.Semaphore
}

export interface Loop {
  readonly state: TargetState.TargetState
  /** The same target, as it is configured from now on. */
  readonly follow: (target: Target.Target, scraper: Scraper) => void
  /** For its next moment; to take notice of another interval before that it has to be run again. */
  readonly isWaiting: () => boolean
  /** Until it is interrupted. */
  readonly run: Effect.Effect<void>
}

export const make = (first: Target.Target, by: Scraper, phase: number): Loop => {
  const state = TargetState.make(first)
  let scraper = by
  let isWaiting = false
  /** Of a cumulative profile: the last that was handed over, and the one that is about to be. */
  let baseline: Baseline | undefined
  let next: Baseline | undefined

  const keep = (kept: Baseline | undefined): void => {
    baseline = kept
    state.baselineBytes = kept?.byteLength ?? 0
  }

  const down = (error: ScrapeError.ScrapeError): Effect.Effect<void> => {
    state.health = "down"
    state.lastError = error.message
    state.failures++
    return scraper.log.failed(state, error.kind)
  }

  const up = Effect.suspend(() => {
    state.health = "up"
    state.lastError = undefined
    return scraper.log.succeeded(state)
  })

  /** What there is to hand over of an answer. */
  const profileOf = (body: Uint8Array): Effect.Effect<Uint8Array | undefined, ScrapeError.ScrapeError> => {
    next = undefined
    if (!state.target.isCumulative) return Effect.succeed(body)
    const { settings: { maxBytes }, work } = scraper
    return work.withPermit(Difference.make(baseline, body, maxBytes)).pipe(
      Effect.map((difference) => {
        next = difference.baseline
        return difference.profile
      })
    )
  }

  const attempt = Effect.gen(function*() {
    const { client, metrics, settings } = scraper
    const { target } = state
    const began = yield* Monotonic.now
    const body = yield* Fetch.profile(target, client, settings)
    const seconds = ((yield* Monotonic.now) - began) / 1000
    const profile = yield* profileOf(body)
    state.lastSize = body.byteLength
    metrics.succeeded(target.type, { bytes: body.byteLength, seconds })
    return profile
  })

  /** A profile to hand over, if there is one. */
  const scrape = Effect.gen(function*() {
    state.lastScrape = yield* Clock.currentTimeMillis
    const began = yield* Monotonic.now
    const result = yield* Effect.result(
      Effect.catchDefect(
        attempt,
        (defect) => Effect.fail(new ScrapeError.Defect({ detail: Cause.pretty(Cause.die(defect)) }))
      )
    )
    state.lastDuration = (yield* Monotonic.now) - began
    state.scrapes++
    if (Result.isFailure(result)) {
      scraper.metrics.failed(state.target.type, result.failure.kind)
      yield* down(result.failure)
      return undefined
    }
    if (result.success !== undefined) {
      const { labels } = state.target
      // Storage is not to subtract again.
      const labelled = next === undefined ? labels : Labels.set(labels, "__delta__", "false")
      return Profile.series(labelled, [{ id: "", profile: result.success }])
    }
    keep(next)
    yield* up
    return undefined
  })

  const profiles: Stream.Stream<Profile.Profile> = Stream.fromPull(Effect.map(
    Schedule.toStepWithSleep(FixedRate.schedule(() => Duration.toMillis(scraper.settings.interval), phase)),
    (wait) => {
      const moment = Effect.suspend(() => {
        isWaiting = true
        return Pull.catchDone(wait(undefined), () => Cause.done())
      })
      const pull: Pull.Pull<readonly [Profile.Profile]> = Effect.flatMap(moment, (skipped) => {
        isWaiting = false
        if (skipped > 0) {
          state.skipped += skipped
          scraper.metrics.skipped(state.target.type, skipped)
        }
        return Effect.flatMap(scrape, (profile) => profile === undefined ? pull : Effect.succeed([profile] as const))
      })
      return pull
    }
  ))

  /** What is refused stops nothing. */
  const handOver = (profile: Profile.Profile): Effect.Effect<void> =>
    Effect.matchEffect(scraper.receiver.offer(profile), {
      onFailure: (refused) => {
        scraper.metrics.refused(state.target.type)
        return down(new ScrapeError.Refused({ cause: refused }))
      },
      onSuccess: () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          state.lastProfile = now
          keep(next)
          return up
        })
    })

  return {
    state,
    follow: (target, by) => {
      state.target = target
      scraper = by
    },
    isWaiting: () => isWaiting,
    run: Stream.run(profiles, Sink.forEach((profile: Profile.Profile) => Effect.uninterruptible(handOver(profile))))
  }
}
