/**
 * What does not work for a while is told once when it begins and once when it is over, in the log and in the component's
 * health, however often it is tried in between.
 */
import { Effect, type Scope } from "effect"
import * as Health from "./Health.ts"

export interface Outages {
  /** `what` does not work, such as `cannot write files`. Health shows the newest `reason`. */
  readonly begin: (what: string, reason: string) => Effect.Effect<void>
  /** It works again, or has all the time. */
  readonly end: (what: string) => Effect.Effect<void>
}

export const make: Effect.Effect<Outages, never, Scope.Scope> = Effect.gen(function*() {
  const reporter = yield* Health.reporter
  const reasons = new Map<string, string>()
  return {
    begin: Effect.fnUntraced(function*(what, reason) {
      const known = reasons.get(what)
      if (known === reason) return
      reasons.set(what, reason)
      yield* reporter.problem(what, `${what}: ${reason}`)
      if (known === undefined) yield* Effect.logWarning(what).pipe(Effect.annotateLogs({ err: reason }))
    }),
    end: Effect.fnUntraced(function*(what) {
      if (!reasons.delete(what)) return
      yield* reporter.problem(what, undefined)
      yield* Effect.logInfo("recovered").pipe(Effect.annotateLogs({ from: what }))
    })
  }
})
