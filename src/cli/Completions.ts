/**
 * `--completions`: what makes a shell complete commands, flags and their values.
 */
import { Console, Effect, Option } from "effect"
import { Completions, GlobalFlag } from "effect/cli"

export const flag: typeof GlobalFlag.Completions = GlobalFlag.Action({
  flag: GlobalFlag.Completions.flag,
  run: (shell, { command }) =>
    Effect.forEach(
      Option.toArray(shell),
      (shell) => Console.log(Completions.generate(command.name, shell, described(Completions.fromCommand(command)))),
      { discard: true }
    )
})

/** Flags and arguments whose values are paths. They are taken as they are written, so that to the command they are texts. */
const paths: ReadonlyMap<string, "file" | "directory" | "either"> = new Map([
  ["path", "either"],
  ["storage.path", "directory"],
  ["ca-file", "file"]
])

const help: Completions.FlagDescriptor = {
  name: "help",
  aliases: ["h"],
  description: "Show help information",
  type: { _tag: "Boolean" },
  negation: false
}

const described = (command: Completions.CommandDescriptor): Completions.CommandDescriptor => {
  const typed = <Parameter extends { readonly name: string }>(parameter: Parameter) => {
    const pathType = paths.get(parameter.name)
    return pathType === undefined ? parameter : { ...parameter, type: { _tag: "Path" as const, pathType } }
  }
  return {
    ...command,
    flags: [...command.flags.map(typed), help],
    arguments: command.arguments.map(typed),
    subcommands: command.subcommands.map(described)
  }
}
