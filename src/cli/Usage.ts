/**
 * What is said of a command line that is wrong: a line for each mistake, and where to look, instead of all of the help.
 */
import { Console, Layer } from "effect"
import { CliConfig, type CliError, CliOutput, GlobalFlag } from "effect/cli"
import * as Completions from "./Completions.ts"

const suggestion = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "" : `, did you mean ${names.join(" or ")}?`

const textOf = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `unknown flag ${error.option}${suggestion(error.suggestions)}`
    case "UnknownSubcommand":
      return `unknown command "${error.subcommand}"${suggestion(error.suggestions)}`
    case "MissingArgument":
      return `missing argument ${error.argument.toUpperCase()}`
    case "UnexpectedArgument":
      return `unexpected argument ${error.arguments.map((text) => JSON.stringify(text)).join(", ")}`
    default:
      return error.message
  }
}

const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const { commandPath, errors } = event
    const what = commandPath.length > 1 ? "flags" : "commands"
    return Console.error([
      ...errors.map((error) => `Error: ${textOf(error)}`),
      `Run "${commandPath.join(" ")} --help" for all ${what}.`
    ].join("\n"))
  }
}

/** Without the wizard, for there is little to ask, and without `--log-level`, for only commands that have a log have it. */
export const layer = Layer.merge(
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, Completions.flag] })
)
