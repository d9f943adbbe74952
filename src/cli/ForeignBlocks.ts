/**
 * What a command does about blocks of other engines, and what it says of those that it leaves out.
 */
import { Console, Effect } from "effect"
import { Flag } from "effect/cli"
import type * as Graph from "../engine/Graph.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"

export const flag = Flag.Literals("components.foreign", ["error", "ignore"]).pipe(
  Flag.withDescription("What to do about components of Alloy's that are not pyroduct's (default error)"),
  Flag.withDefault("error")
)

/** In the log, a line for each. */
export const log = (ignored: ReadonlyArray<Graph.Ignored>): Effect.Effect<void> =>
  Effect.forEach(
    ignored,
    ({ id, reason }) => Effect.logWarning("block is left out").pipe(Effect.annotateLogs({ component_id: id, reason })),
    { discard: true }
  )

/** On a terminal, a line for each. */
export const print = (ignored: ReadonlyArray<Graph.Ignored>): Effect.Effect<void> =>
  Effect.forEach(
    ignored,
    ({ block, file, id, reason }) => {
      const warning = Diagnostic.warning(`${id} is left out: ${reason}`, file, block.nameRange)
      return Console.error(Diagnostic.render(warning, new Map(), { color: process.stderr.isTTY }).slice(0, -1))
    },
    { discard: true }
  )
