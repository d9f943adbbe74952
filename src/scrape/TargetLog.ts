/**
 * What is said of targets in the log: what changes, once. Where many change together the first are named and the rest
 * are counted, by the reason why they fail.
 */
import { Effect, type Scope } from "effect"
import * as Tally from "../telemetry/Tally.ts"
import type * as ScrapeError from "./ScrapeError.ts"
import type { TargetState } from "./TargetState.ts"
import * as TargetText from "./TargetText.ts"
import * as Trouble from "./Trouble.ts"

export interface TargetLog {
  /** To be called after each scrape that failed, when the state knows the error. */
  readonly failed: (state: TargetState, reason: ScrapeError.Kind) => Effect.Effect<void>
  /** To be called after each other scrape. */
  readonly succeeded: (state: TargetState) => Effect.Effect<void>
}

/** So many that fail for one reason are named in a minute. */
const named = 10

/** It keeps no target that has gone. */
interface Example {
  readonly target: string
  readonly type: string
  readonly reason?: ScrapeError.Kind
  readonly err?: string
  readonly hint?: string
}

/** Not every process has every profile, which is no reason to go on asking. */
const hints: Partial<Record<ScrapeError.Kind, string>> = {
  not_found: "a type of profile that the targets do not have can be disabled"
}

/** A target that is gone while it is in trouble is not spoken of again. */
export const make: Effect.Effect<TargetLog, never, Scope.Scope> = Effect.gen(function*() {
  const began = yield* tally(Effect.logWarning("cannot scrape"))
  const flapping = yield* tally(Effect.logWarning("scrapes fail on and off"))
  const ended = yield* tally(Effect.logInfo("scrapes succeed again"))
  const exampleOf = ({ target }: TargetState): Example => ({ target: TargetText.url(target), type: target.type })

  return {
    failed: (state, reason) =>
      Effect.suspend(() => {
        const [trouble, news] = Trouble.next(state.trouble, true)
        state.trouble = trouble
        if (news === undefined) return Effect.void
        const failing = news === "began" ? began : flapping
        const hint = hints[reason]
        return failing.note(reason, 1, {
          ...exampleOf(state),
          reason,
          err: state.lastError ?? reason,
          ...(hint !== undefined && { hint })
        })
      }),
    succeeded: (state) =>
      Effect.suspend(() => {
        if (state.trouble === undefined) return Effect.void
        const [trouble, news] = Trouble.next(state.trouble, false)
        state.trouble = trouble
        return news === undefined ? Effect.void : ended.note("", 1, exampleOf(state))
      })
  }
})

/** It is said of one by itself, or of so many of which one is an example. */
const tally = (say: Effect.Effect<void>) =>
  Tally.make(
    (targets, { target, ...others }: Example) =>
      Effect.annotateLogs(say, targets === 1 ? { target, ...others } : { targets, example: target, ...others }),
    named
  )
