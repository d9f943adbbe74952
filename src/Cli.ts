/**
 * The `pyroduct` command.
 */
import { Effect } from "effect"
import { Command } from "effect/cli"
import * as Health from "./cli/Health.ts"
import * as Run from "./cli/Run.ts"
import * as Usage from "./cli/Usage.ts"
import * as Validate from "./cli/Validate.ts"
import { version } from "./telemetry/Version.ts"

export const command = Command.make("pyroduct").pipe(
  Command.withDescription("A profile pipeline for Pyroscope"),
  Command.withSubcommands([Run.command, Validate.command, Health.command])
)

export const main = Command.run(command, { version }).pipe(Effect.provide(Usage.layer))
