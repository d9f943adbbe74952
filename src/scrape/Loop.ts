/**
 * The scrapes of one target: a Stream of its profiles, run into a receiver for as long as the target is there.
 *
 * What the loop is told anew (labels, credentials, limits, the receiver) counts from its next scrape on; the moments of
 * its scrapes and what it knows of a cumulative profile stay. It never waits for a delivery. A scrape that takes longer
 * than an interval leaves out the next ones.
 *
 * Of a cumulative profile what was added since the last one that was taken is sent. One that fails, or that the receiver
 * refuses, is made up for by the next: no more is lost than what the target itself loses by a restart. Where only some of
 * several receivers refuse it, they lack it: the others are not to count it twice.
 */
import { Cause, Clock, Duration, Effect, type PartitionedSemaphore, Pull, Result, Schedule, Sink, Stream } from "effect"
import type * as Receiver from "../delivery/Receiver.ts"
import type { Baseline } from "../pprof/Delta.ts"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Budget from "../transport/Budget.ts"
import * as Difference from "./Difference.ts"
import * as Fetch from "./Fetch.ts"
import * as FixedRate from "./FixedRate.ts"
import * as ScrapeError from "./ScrapeError.ts"
import * as Target from "./Target.ts"
import type { TargetLog } from "./TargetLog.ts"
import type { TargetMetrics } from "./TargetMetrics.ts"
import * as TargetState from "./TargetState.ts"
import * as TargetText from "./TargetText.ts"

/** How targets are scraped, and where their profiles go. */
export interface Scraper extends Fetch.Means {
  readonly settings: Fetch.Settings
  readonly receiver: Receiver.Receiver
  readonly metrics: TargetMetrics
  readonly log: TargetLog
  readonly permits: Permits
}

/** What is done at a time. Those who wait have their turn by server: one that has many does not come before the others. */
export interface Permits {
  /** Requests: each may have a connection of its own. */
  readonly requests: PartitionedSemaphore.PartitionedSemaphore<string>
  /** Work on whole profiles, of which not too many are to be in memory. */
  readonly work: PartitionedSemaphore.PartitionedSemaphore<string>
}

export class Loop {
  readonly state: TargetState.TargetState
  private scraper: Scraper
  /** For its next moment. */
  private isWaiting = false
  /** Of a cumulative profile: the last that was handed over, and the one that is about to be, as long as it is. */
  private baseline: Baseline | undefined
  private next: Baseline | undefined

  constructor(target: Target.Target, scraper: Scraper) {
    this.state = TargetState.make(target)
    this.scraper = scraper
  }

  /**
   * The same target, as it is configured from now on. Gives whether the loop has to be run again, so as not to wait for a
   * moment that is none any more.
   */
  follow(target: Target.Target, scraper: Scraper): boolean {
    const { interval } = this.scraper.settings
    this.state.target = target
    this.scraper = scraper
    return this.isWaiting && !Duration.equals(scraper.settings.interval, interval)
  }

  /** Until it is interrupted. */
  get run(): Effect.Effect<void> {
    return Stream.run(this.profiles, Sink.forEach((profile: Profile.Profile) => this.handOver(profile)))
  }

  private get profiles(): Stream.Stream<Profile.Profile> {
    const rate = FixedRate.schedule(
      () => Duration.toMillis(this.scraper.settings.interval),
      Target.phase(this.state.target.id)
    )
    // One pull instead of a stream of moments that is mapped and filtered: loops are many.
    return Stream.fromPull(Effect.map(Schedule.toStepWithSleep(rate), (wait) => {
      const moment = Pull.catchDone(wait(undefined), () => Cause.done())
      const pull: Pull.Pull<readonly [Profile.Profile]> = Effect.suspend(() => {
        this.isWaiting = true
        return Effect.flatMap(moment, (skipped) => {
          this.isWaiting = false
          this.skip(skipped)
          return Effect.flatMap(this.scrape(), (profile) => profile === undefined ? pull : Effect.succeed([profile]))
        })
      })
      return pull
    }))
  }

  private skip(moments: number): void {
    if (moments === 0) return
    this.state.skipped += moments
    this.scraper.metrics.skipped(this.state.target.type, moments)
  }

  /** A profile to hand over, if there is one. */
  private scrape(): Effect.Effect<Profile.Profile | undefined> {
    return Effect.gen({ self: this }, function*() {
      const { state } = this
      state.lastScrape = yield* Clock.currentTimeMillis
      const began = yield* Monotonic.now
      const result = yield* Effect.result(
        Effect.catchDefect(this.attempt(began), (defect) => Effect.fail(errorOf(defect)))
      )
      state.lastDuration = (yield* Monotonic.now) - began
      state.scrapes++
      if (Result.isFailure(result)) {
        this.scraper.metrics.failed(state.target.type, result.failure.kind)
        yield* this.down(result.failure)
        return undefined
      }
      if (result.success === undefined) {
        yield* this.settle(this.next)
        return undefined
      }
      const { labels } = state.target
      // Storage is not to subtract again.
      const labelled = this.next === undefined ? labels : Labels.set(labels, "__delta__", "false")
      return Profile.series(labelled, [{ id: "", profile: result.success }])
    })
  }

  /** What there is to hand over, and `next` with it. */
  private attempt(began: number): Effect.Effect<Uint8Array | undefined, ScrapeError.ScrapeError> {
    return Effect.gen({ self: this }, function*() {
      const { scraper } = this
      const { budget, metrics, permits, settings } = scraper
      const { target } = this.state
      const body = yield* permits.requests.withPermit(target.origin)(Fetch.profile(target, scraper, settings))
      const seconds = ((yield* Monotonic.now) - began) / 1000
      this.next = undefined
      let profile: Uint8Array | undefined = body
      if (target.isCumulative) {
        // Bodies that wait for a permit are in memory, too.
        const difference = yield* Budget.hold(
          budget,
          body.byteLength,
          permits.work.withPermit(target.origin)(Difference.make(this.baseline, body, settings.maxBytes)),
          () => Effect.fail(new ScrapeError.NoRoom({ detail: budget.refusal }))
        )
        this.next = difference.baseline
        profile = difference.profile
      }
      this.state.lastSize = body.byteLength
      metrics.succeeded(target.type, { bytes: body.byteLength, seconds })
      return profile
    })
  }

  /** What is refused stops nothing. Nobody may stop between a profile that is taken and what is known of it. */
  private handOver(profile: Profile.Profile): Effect.Effect<void> {
    const handed = Effect.flatMap(
      this.scraper.receiver.offer(profile),
      () =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          this.state.lastProfile = now
          return this.settle(this.next)
        })
    )
    return handed.pipe(
      Effect.catchTag("Refused", (cause) => {
        // Those who have it are not to get it again. And what is too large only grows.
        if (cause.isPartial === true || cause.reason._tag === "ProfileTooLarge") this.keep(this.next)
        this.scraper.metrics.refused(this.state.target.type)
        return this.down(new ScrapeError.Refused({ cause }))
      }),
      Effect.catchDefect((defect) => this.down(errorOf(defect))),
      Effect.uninterruptible
    )
  }

  private settle(baseline: Baseline | undefined): Effect.Effect<void> {
    const { state } = this
    this.keep(baseline)
    state.health = "up"
    state.lastError = undefined
    return this.scraper.log.succeeded(state)
  }

  private keep(baseline: Baseline | undefined): void {
    this.baseline = baseline
    this.state.baselineBytes = baseline?.byteLength ?? 0
  }

  private down(error: ScrapeError.ScrapeError): Effect.Effect<void> {
    const { state } = this
    state.health = "down"
    this.next = undefined
    state.lastError = TargetText.error(state.target, error.message)
    state.failures++
    return this.scraper.log.failed(state, error.kind)
  }
}

const errorOf = (defect: unknown): ScrapeError.Defect =>
  new ScrapeError.Defect({ detail: Cause.pretty(Cause.die(defect)) })
