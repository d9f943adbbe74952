/**
 * What a component shows of its inside to whoever operates it, besides its health: the state of its endpoints, perhaps.
 */
import { Context, Effect, type Scope } from "effect"

/** Plain data, as JSON has it: no secret in it. */
export type Info = Readonly<Record<string, Json>>

/** A value of JSON. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [name: string]: Json }

export interface Reporter {
  /** Has `read` asked whenever somebody looks, until the scope closes. */
  readonly show: (read: () => Info) => Effect.Effect<void, never, Scope.Scope>
}

/** Without an engine nobody looks. */
export const Reporter = Context.Reference<Reporter>("pyroduct/telemetry/DebugInfo/Reporter", {
  defaultValue: () => ({ show: () => Effect.void })
})
