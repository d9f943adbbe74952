/**
 * `pyroduct validate`: reports every problem of a configuration and starts nothing.
 */
import { Console, Effect, Result } from "effect"
import { Argument, Command } from "effect/cli"
import * as Plan from "../engine/Plan.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"
import * as Host from "./Host.ts"

export const command = Command.make(
  "validate",
  {
    path: Argument.String("path").pipe(Argument.withDescription(ConfigFile.pathDescription)),
    foreign: ForeignBlocks.flag,
    format: AlloyFlags.format,
    unheeded: AlloyFlags.ofValidate.flags
  },
  Effect.fnUntraced(function*({ foreign, path, unheeded }) {
    const withoutEffect = AlloyFlags.ofValidate.given(unheeded)
    if (withoutEffect.length > 0) yield* Console.error(`Warning: without an effect: ${withoutEffect.join(", ")}`)
    const sources = yield* ConfigFile.readOrGiveUp(path)
    if (sources.length === 0) yield* Console.error(`Warning: ${ConfigFile.nothingIn(path)}`)
    const checked = Plan.check({ sources, registry: Components.registry, stdlib: Host.stdlib(), foreign })
    if (Result.isSuccess(checked)) return yield* ForeignBlocks.print(checked.success.ignored)
    yield* ConfigFile.report(checked.failure)
    return yield* ConfigFile.giveUp("validation failed")
  })
).pipe(Command.withDescription("Report every problem of a configuration; silent when there is none"))
