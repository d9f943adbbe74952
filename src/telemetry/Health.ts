/**
 * How a component is doing.
 */
import { Context, Effect } from "effect"

export type State = "unknown" | "healthy" | "unhealthy" | "exited"

export interface Health {
  readonly state: State
  readonly message: string
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
}

const severity: Record<State, number> = { healthy: 0, unknown: 1, unhealthy: 2, exited: 3 }

/** The worst of several, and of equally bad ones the newest. */
export const worst = (first: Health, ...others: ReadonlyArray<Health>): Health =>
  others.reduce((worst, health) => {
    const difference = severity[health.state] - severity[worst.state]
    return difference > 0 || (difference === 0 && health.updatedAt > worst.updatedAt) ? health : worst
  }, first)

/** Where a running component says what is the matter with it. Without an engine nobody listens. */
export interface Reporter {
  /** `undefined` when it is over. Of a component with several problems each is `about` something else. */
  readonly problem: (about: string, message: string | undefined) => Effect.Effect<void>
}

export const Reporter = Context.Reference<Reporter>("pyroduct/telemetry/Health/Reporter", {
  defaultValue: () => ({ problem: () => Effect.void })
})
