/**
 * How targets are, as plain data for whoever looks. There may be tens of thousands, so that no more of them is made than
 * is shown, and no secret is.
 */
import { DateTime, Effect, type Scope } from "effect"
import * as Labels from "../profile/Labels.ts"
import * as DebugInfo from "../telemetry/DebugInfo.ts"
import type { TargetState } from "./TargetState.ts"
import * as TargetText from "./TargetText.ts"

export type Health = TargetState["health"]

/** What needs attention first comes first. */
export const healths: ReadonlyArray<Health> = ["down", "unknown", "up"]

/** How many there are of each health. */
export type Counts = Record<Health, number>

export const counts = (): Counts => ({ up: 0, down: 0, unknown: 0 })

const moment = (at: number | undefined) => at === undefined ? null : DateTime.formatIso(DateTime.makeUnsafe(at))

/** One, with the names that Alloy has for them. Durations and ages are in seconds; `now` is in milliseconds of the wall clock. */
export const row = (state: TargetState, now: number) => ({
  job: Labels.get(state.target.common, "job"),
  url: TargetText.url(state.target),
  type: state.target.type,
  health: state.health,
  labels: TargetText.labels(state.target),
  last_error: state.lastError ?? null,
  last_scrape: moment(state.lastScrape),
  last_scrape_duration: state.lastDuration === undefined ? null : Math.round(state.lastDuration * 10) / 10_000,
  last_size_bytes: state.lastSize ?? null,
  last_profile: moment(state.lastProfile),
  last_profile_age_seconds: state.lastProfile === undefined ? null : Math.max(0, now - state.lastProfile) / 1000,
  scrapes: state.scrapes,
  failures: state.failures,
  skipped: state.skipped,
  baseline_bytes: state.baselineBytes
})

export type Row = ReturnType<typeof row>

/** How many are among the debug info of a component. */
const most = 100

/** All in numbers, and the first of them, those that are down before others. */
export const info = (states: Iterable<TargetState>, now: number): DebugInfo.Info => {
  const numbers = counts()
  const first: Record<Health, Array<TargetState>> = { up: [], down: [], unknown: [] }
  for (const state of states) {
    numbers[state.health]++
    if (first[state.health].length < most) first[state.health].push(state)
  }
  const shown = healths.flatMap((health) => first[health]).slice(0, most)
  return { targets: numbers, target: shown.map((state) => row(state, now)) }
}

/** Has the component show its targets until the scope closes. */
export const show = Effect.fnUntraced(function*(
  read: () => Iterable<TargetState>
): Effect.fn.Return<void, never, Scope.Scope> {
  const { show } = yield* DebugInfo.Reporter
  const clock = yield* Effect.clockWith(Effect.succeed)
  yield* show(() => info(read(), clock.currentTimeMillisUnsafe()))
})
