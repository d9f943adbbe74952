/**
 * Reports every problem of a configuration and starts nothing.
 */
import { Console, Effect, Result } from "effect"
import type * as Foreign from "../engine/Foreign.ts"
import * as Plan from "../engine/Plan.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
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
  if (Result.isSuccess(checked)) return yield* ConfigFile.warn(checked.success)
  yield* ConfigFile.report(checked.failure)
  return yield* giveUp("validation failed")
})
