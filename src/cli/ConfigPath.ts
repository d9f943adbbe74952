/**
 * PATH, the argument of commands that take a configuration.
 */
import { Argument } from "effect/cli"

export const argument = Argument.String("path").pipe(
  Argument.withDescription("A configuration file, a directory of .alloy and .river files, or - for standard input")
)
