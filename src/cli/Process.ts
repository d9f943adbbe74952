/**
 * The command as a process: imported for its effect, it runs, and ends the process with the exit code.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, Runtime } from "effect"
import * as Cli from "../Cli.ts"
import * as Log from "../telemetry/Log.ts"
import { finish, leave } from "./Leave.ts"
import * as Output from "./Output.ts"

const log = Log.make(Output.log(process.stderr))

// What has waited is written however it ends.
process.on("exit", log.release)

/** A signal is how a run ends, which has set the exit code. Another command has not done what it was to do. */
const teardown: Runtime.Teardown = (exit) => {
  log.release()
  if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) leave(Number(process.exitCode ?? 130))
  else Runtime.defaultTeardown(exit, finish)
}

Cli.main.pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, Logger.layer([log.logger]), Layer.succeed(Log.Log, log))),
  NodeRuntime.runMain({ teardown })
)
