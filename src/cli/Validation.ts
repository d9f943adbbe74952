/**
 * Reports every problem of a configuration and starts nothing.
 */
import { Console, Effect, Result } from "effect"
import type * as Foreign from "../engine/Foreign.ts"
import * as Plan from "../engine/Plan.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"
import * as Host from "./Host.ts"
import { giveUp } from "./Reported.ts"

/** What the flags say. */
export interface Settings {
  readonly path: string
  readonly foreign: Foreign.Policy
  readonly unheeded: ReadonlyArray<ReadonlyArray<string>>
}

export const validate = Effect.fnUntraced(function*({ foreign, path, unheeded }: Settings) {
  yield* AlloyFlags.print(AlloyFlags.ofValidate.given(unheeded))
  const sources = yield* ConfigFile.readOrGiveUp(path)
  if (sources.length === 0) yield* Console.error(`Warning: ${ConfigFile.nothingIn(path)}`)
  const checked = Plan.check({ sources, registry: Components.registry, stdlib: Host.stdlib(), foreign })
  if (Result.isSuccess(checked)) {
    const { ignored, warnings } = checked.success
    const all = [...warnings.map(({ diagnostic }) => diagnostic), ...ForeignBlocks.warnings(ignored)]
    return yield* Effect.forEach(all, print, { discard: true })
  }
  yield* ConfigFile.report(checked.failure)
  return yield* giveUp("validation failed")
})

/** In a line, without an excerpt. */
const print = (warning: Diagnostic.Diagnostic): Effect.Effect<void> =>
  Console.error(Diagnostic.render(warning, new Map(), { color: process.stderr.isTTY }).slice(0, -1))
