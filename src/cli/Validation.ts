/**
 * Reports every problem of a configuration and starts nothing.
 */
import { Console, Effect, Result } from "effect"
import type * as Foreign from "../engine/Foreign.ts"
import * as Plan from "../engine/Plan.ts"
import * as Value from "../evaluation/Value.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as Host from "./Host.ts"
import { giveUp } from "./Reported.ts"

/** What the flags say. */
export interface Settings {
  readonly path: string
  readonly foreign: Foreign.Policy
  readonly unset: "empty" | "allow"
  readonly unheeded: ReadonlyArray<ReadonlyArray<string>>
}

export const validate = Effect.fnUntraced(function*({ foreign, path, unheeded, unset }: Settings) {
  yield* AlloyFlags.print(AlloyFlags.ofValidate.given(unheeded))
  const sources = yield* ConfigFile.readOrGiveUp(path)
  if (sources.length === 0) yield* Console.error(`Warning: ${ConfigFile.nothingIn(path)}`)
  const missing = new Set<string>()
  const stdlib = unset === "empty" ? Host.stdlib() : Host.stdlibWith((name) => {
    missing.add(name)
    return Value.unknown
  })
  const checked = Plan.check({ sources, registry: Components.registry, stdlib, foreign })
  if (Result.isSuccess(checked)) {
    yield* ConfigFile.warn(checked.success)
    if (missing.size > 0) {
      const names = Array.from(missing, (name) => Exposure.isVariable(`"${name}"`) ? name : Exposure.mask).sort()
      yield* Console.error(`Warning: what depends on variables that are not set is not checked: ${names.join(", ")}`)
    }
    return
  }
  yield* ConfigFile.report(checked.failure)
  return yield* giveUp("validation failed")
})
