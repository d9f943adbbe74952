/**
 * The command as a process: imported for its effect, it runs, and ends the process with the exit code.
 */
import "./Heap.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, Runtime } from "effect"
import * as Cli from "../Cli.ts"
import * as Logfmt from "../telemetry/Logfmt.ts"
import { leave } from "./Leave.ts"

const logger = Logger.layer([Logger.withConsoleError(Logfmt.logger)])

/** A signal is how a run ends: the command has set the exit code if something was lost on the way. */
const codeOf: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? onExit(Number(process.exitCode ?? 0))
    : Runtime.defaultTeardown(exit, onExit)

Cli.main.pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, logger)),
  NodeRuntime.runMain({ teardown: (exit, onExit) => codeOf(exit, (code) => leave(code, onExit)) })
)
