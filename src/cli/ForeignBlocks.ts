/**
 * What a command does about blocks of other engines, and what it says of those that it leaves out.
 */
import { Effect } from "effect"
import type * as Graph from "../engine/Graph.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"

export const flag = EnvironmentFlag.choice("components.foreign", ["error", "ignore"], {
  description: "What to do about components of Alloy's that are not pyroduct's",
  fallback: "error",
  shown: "error"
})

/** In the log, a line for each. */
export const log = (ignored: ReadonlyArray<Graph.Ignored>): Effect.Effect<void> =>
  Effect.forEach(
    ignored,
    ({ id, reason }) => Effect.logWarning("block is left out").pipe(Effect.annotateLogs({ component_id: id, reason })),
    { discard: true }
  )

export const warnings = (ignored: ReadonlyArray<Graph.Ignored>): ReadonlyArray<Diagnostic.Diagnostic> =>
  ignored.map(({ block, file, id, reason }) =>
    Diagnostic.warning(`${id} is left out: ${reason}`, file, block.nameRange)
  )
