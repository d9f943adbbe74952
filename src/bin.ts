#!/usr/bin/env node
import "./cli/NodeVersion.ts"
import "./cli/Heap.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, Runtime } from "effect"
import * as Cli from "./Cli.ts"
import * as Logfmt from "./telemetry/Logfmt.ts"

const logger = Logger.layer([Logger.withConsoleError(Logfmt.logger)])

Cli.main.pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, logger)),
  NodeRuntime.runMain({
    // A signal is how a run ends: the command has set the exit code if something was lost on the way.
    teardown: (exit, onExit) =>
      Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        ? onExit(Number(process.exitCode ?? 0))
        : Runtime.defaultTeardown(exit, onExit)
  })
)
