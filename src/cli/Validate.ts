/**
 * `pyroduct validate`: reports every problem of a configuration and starts nothing.
 */
import { Effect } from "effect"
import { Command } from "effect/cli"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as ConfigPath from "./ConfigPath.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"

export const command = Command.make(
  "validate",
  {
    path: ConfigPath.argument,
    foreign: ForeignBlocks.flag,
    unset: EnvironmentFlag.choice("env-unset", ["empty", "allow"], {
      command: "validate",
      description:
        "What environment variables are that are not set: empty, as run has them, or anything: what depends on " +
        "them is not checked",
      fallback: "empty",
      shown: "empty"
    }),
    format: AlloyFlags.format,
    unheeded: AlloyFlags.ofValidate.flags
  },
  (settings) => Effect.flatMap(Effect.promise(() => import("./Validation.ts")), ({ validate }) => validate(settings))
).pipe(Command.withDescription("Report every problem of a configuration; silent when there is none"))
