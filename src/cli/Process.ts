/**
 * The command as a process: imported for its effect, it runs, and ends the process with the exit code.
 */
import "./Heap.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, Runtime } from "effect"
import * as Cli from "../Cli.ts"
import * as Logfmt from "../telemetry/Logfmt.ts"
import { finish, leave } from "./Leave.ts"
import * as Output from "./Output.ts"

const log = Output.log(process.stderr)

const logger = Logger.make((options) =>
  log(
    Logfmt.logger.log(options),
    (lines) =>
      Logfmt.format(options.date, "warn", "lines of the log were lost, it could not be written", [["lines", lines]])
  )
)

/** A signal is how a run ends: the command has set the exit code if something was lost on the way. */
const teardown: Runtime.Teardown = (exit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? leave(Number(process.exitCode ?? 0))
    : Runtime.defaultTeardown(exit, finish)

Cli.main.pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, Logger.layer([logger]))),
  NodeRuntime.runMain({ teardown })
)
