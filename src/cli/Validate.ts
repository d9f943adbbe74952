/**
 * `pyroduct validate`: reports every problem of a configuration and starts nothing.
 */
import { Console, Effect, Result } from "effect"
import { Argument, Command } from "effect/cli"
import * as Plan from "../engine/Plan.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as Host from "./Host.ts"

export const command = Command.make(
  "validate",
  { path: Argument.String("path").pipe(Argument.withDescription(ConfigFile.pathDescription)) },
  Effect.fnUntraced(function*({ path }) {
    const sources = yield* ConfigFile.read(path).pipe(
      Effect.catchTag("Unreadable", (error) => Effect.andThen(ConfigFile.report(error), new ConfigFile.Reported()))
    )
    if (sources.length === 0) yield* Console.error(`Warning: ${ConfigFile.nothingIn(path)}`)
    const checked = Plan.check({ sources, registry: Components.registry, stdlib: Host.stdlib() })
    if (Result.isSuccess(checked)) return
    yield* ConfigFile.report(checked.failure)
    return yield* ConfigFile.giveUp("validation failed")
  })
).pipe(Command.withDescription("Report every problem of a configuration; silent when there is none"))
