/**
 * `pyroduct validate`: reports every problem of a configuration and starts nothing.
 */
import { Effect, Result } from "effect"
import { Argument, Command } from "effect/cli"
import * as Plan from "../engine/Plan.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as Host from "./Host.ts"

export const command = Command.make(
  "validate",
  { file: Argument.String("file").pipe(Argument.withDescription("The configuration file")) },
  Effect.fnUntraced(function*({ file }) {
    const source = yield* ConfigFile.read(file)
    const checked = Plan.check({ sources: [source], registry: Components.registry, stdlib: Host.stdlib() })
    if (Result.isSuccess(checked)) return
    yield* ConfigFile.report(checked.failure)
    return yield* ConfigFile.giveUp("validation failed")
  })
).pipe(Command.withDescription("Report every problem of a configuration file; silent when there is none"))
