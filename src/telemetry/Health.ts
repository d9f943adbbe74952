/**
 * How a component is doing.
 */
import { Context, Effect, type Scope } from "effect"

/** `unknown` before there is something to tell, `exited` for one that has ended. */
export type State = "unknown" | "healthy" | "unhealthy" | "exited"

/** How a component is doing, and since when. */
export interface Health {
  /** In one word. */
  readonly state: State
  /** In one sentence. */
  readonly message: string
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
}

const severity: Record<State, number> = { healthy: 0, unknown: 1, unhealthy: 2, exited: 3 }

/**
 * The worst of several, and of equally bad ones the newest.
 *
 * @internal
 */
export const worst = (first: Health, ...others: ReadonlyArray<Health>): Health =>
  others.reduce((worst, health) => {
    const difference = severity[health.state] - severity[worst.state]
    return difference > 0 || (difference === 0 && health.updatedAt > worst.updatedAt) ? health : worst
  }, first)

/** Where a running component says what is the matter with it. Without an engine nobody listens. */
export interface Reporter {
  /**
   * `undefined` when it is over, or nobody looks after it any more. Of a component with several problems each is `about`
   * something else.
   */
  readonly problem: (about: string, message: string | undefined) => Effect.Effect<void>
}

export const Reporter = Context.Reference<Reporter>("pyroduct/telemetry/Health/Reporter", {
  defaultValue: () => ({ problem: () => Effect.void })
})

/** What each of those that use a reporter at the moment has told it, by what it is about. */
const told = new WeakMap<Reporter, Set<ReadonlyMap<string, string>>>()

/**
 * The reporter that there is, for as long as the scope is open: what is still the matter then is taken back, unless
 * another that uses it has told the same, as one has that takes this one's place.
 *
 * @internal
 */
export const reporter: Effect.Effect<Reporter, never, Scope.Scope> = Effect.gen(function*() {
  const reporter = yield* Reporter
  const all = told.get(reporter) ?? new Set()
  told.set(reporter, all)
  const own = new Map<string, string>()
  const problem: Reporter["problem"] = (about, message) =>
    Effect.suspend(() => {
      if (message === undefined) own.delete(about)
      else own.set(about, message)
      const others = Array.from(all, (one) => one.get(about)).find((one) => one !== undefined)
      return reporter.problem(about, message ?? others)
    })
  yield* Effect.acquireRelease(
    Effect.sync(() => all.add(own)),
    () =>
      Effect.andThen(
        Effect.forEach([...own.keys()], (about) => problem(about, undefined), { discard: true }),
        Effect.sync(() => all.delete(own))
      )
  )
  return { problem }
})

/**
 * For what several components use at a time, or one after the other: what is said here each of them says.
 *
 * @internal
 */
export interface Relay extends Reporter {
  /** Tells what is known so far, and then what changes, until the scope closes. */
  readonly follow: (follower: Reporter) => Effect.Effect<void, never, Scope.Scope>
}

/** @internal */
export const relay = (): Relay => {
  const problems = new Map<string, string>()
  const followers = new Set<Reporter>()
  return {
    problem: (about, message) =>
      Effect.suspend(() => {
        if (message === undefined) problems.delete(about)
        else problems.set(about, message)
        return Effect.forEach([...followers], (follower) => follower.problem(about, message), { discard: true })
      }),
    follow: (follower) =>
      Effect.gen(function*() {
        yield* Effect.acquireRelease(
          Effect.sync(() => followers.add(follower)),
          () => Effect.sync(() => followers.delete(follower))
        )
        yield* Effect.forEach([...problems], ([about, message]) => follower.problem(about, message), { discard: true })
      })
  }
}
