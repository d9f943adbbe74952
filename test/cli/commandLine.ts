/**
 * The `pyroduct` command in this process.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Effect, Layer, Stdio } from "effect"
import { TestConsole } from "effect/testing"
import * as Cli from "../../src/Cli.ts"

/** Whether a command line is taken, and all that is said of it. */
export const said = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Cli.main)
    const lines = [...yield* TestConsole.logLines, ...yield* TestConsole.errorLines]
    return { isTaken: exit._tag === "Success", lines: lines.flatMap((line) => `${line}`.split("\n")) }
  }).pipe(Effect.provide(
    Layer.mergeAll(
      NodeServices.layer,
      Stdio.layerTest({ args: Effect.succeed(args) }),
      ConfigProvider.layer(ConfigProvider.fromEnv({ env })),
      TestConsole.layer
    ),
    { local: true }
  ))
