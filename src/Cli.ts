/**
 * The `pyroduct` command.
 */
import { Console, Effect, Option } from "effect"
import { Argument, type CliError, Command } from "effect/cli"
import * as Check from "./cli/Check.ts"
import * as Health from "./cli/Health.ts"
import type { Reported } from "./cli/Reported.ts"
import * as Run from "./cli/Run.ts"
import * as Usage from "./cli/Usage.ts"
import * as Validate from "./cli/Validate.ts"
import { version } from "./telemetry/Version.ts"

const versionCommand = Command.make("version", {}, () => Console.log(`pyroduct v${version}`)).pipe(
  Command.withDescription("Print the version, as --version does")
)

const commands = [Run.command, Validate.command, Check.command, Health.command] as const

const helpCommand = Command.make(
  "help",
  {
    of: Argument.Literals("command", [...commands.map(({ name }) => name), "version", "help"]).pipe(
      Argument.withDescription("What to explain, or else all of it"),
      Argument.optional
    )
  },
  ({ of }) => answer([...Option.toArray(of), "--help"])
).pipe(Command.withDescription("Explain a command, as its --help does"))

export const command = Command.make("pyroduct").pipe(
  Command.withDescription("A profile pipeline for Pyroscope"),
  Command.withSubcommands([...commands, versionCommand, helpCommand])
)

/** Its type is written down because a part of the command, `help`, runs the command. */
function answer(args: ReadonlyArray<string>): Effect.Effect<void, CliError.CliError | Reported, Command.Environment> {
  return Command.runWith(command, { version })(args)
}

export const main = Command.run(command, { version }).pipe(Effect.provide(Usage.layer))
