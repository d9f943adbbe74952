/**
 * Engines to test from outside: in this process, or as the binary in another.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Duration, Effect, Layer, Logger, Metric, References, type Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { inject } from "vitest"
import * as Components from "../../src/cli/Components.ts"
import * as Host from "../../src/cli/Host.ts"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Lanes from "../../src/delivery/Lanes.ts"
import * as Engine from "../../src/engine/Engine.ts"
import type { InvalidConfiguration } from "../../src/engine/InvalidConfiguration.ts"
import * as Loops from "../../src/scrape/Loops.ts"
import { ComponentApi } from "../../src/server/ComponentApi.ts"
import * as Listener from "../../src/server/Listener.ts"
import { OwnServer } from "../../src/server/OwnServer.ts"
import * as Server from "../../src/server/Server.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as Logfmt from "../../src/telemetry/Logfmt.ts"
import * as LogLines from "../../src/telemetry/LogLine.ts"
import { Transport } from "../../src/transport/Transport.ts"
import { type Journal, makeJournal } from "./journal.ts"

/** A line of the log: its keys and their values. */
export type LogLine = Readonly<Record<string, string>>

export interface RunningEngine {
  readonly log: Journal<LogLine>
  /** The URL of its own server. */
  readonly url: string
  /** The URL that a component listens on. */
  readonly listening: (componentId: string) => Effect.Effect<string>
}

/** An engine in this process, which can be given another configuration. */
export interface ReloadingEngine extends RunningEngine {
  readonly reload: (config: string) => Effect.Effect<void, InvalidConfiguration>
}

/**
 * Runs a configuration in this process until the scope closes; all that it logs is kept, debug level included. `transport`
 * is for servers that are elsewhere than the configuration says.
 */
export const startEngine = Effect.fnUntraced(function*(
  config: string,
  transport: Layer.Layer<Transport> = Transport.layer
): Effect.fn.Return<ReloadingEngine, InvalidConfiguration | Listener.ListenError, Scope.Scope> {
  const log = makeLog()
  const logger = Logger.make<unknown, void>((options) => log.add(parse(Logfmt.format(LogLines.make(options)))))
  const platform = yield* Layer.build(Layer.mergeAll(
    transport,
    Listener.Listener.layer,
    ComponentApi.layer,
    Lanes.layer,
    Loops.layer,
    NodeFileSystem.layer,
    Logger.layer([logger]),
    Layer.succeed(Metric.MetricRegistry, new Map()),
    Layer.succeed(References.MinimumLogLevel, "Debug"),
    Layer.succeed(Drain.Drain, Drain.within(Duration.seconds(1)))
  ))
  const sources = (config: string) => [Source.make("test.alloy", config)]
  const { address, engine } = yield* Effect.gen(function*() {
    const server = yield* Server.make({
      host: "127.0.0.1",
      port: 0,
      isReady: Effect.succeed(true),
      components: Effect.succeed([]),
      component: () => Effect.undefined
    })
    const engine = yield* Effect.provideService(
      Engine.make({ sources: sources(config), registry: Components.registry, stdlib: Host.stdlib() }),
      OwnServer,
      server
    )
    return { engine, address: yield* server.open }
  }).pipe(Effect.provide(platform))
  return {
    ...running(log, `http://127.0.0.1:${address.port}`),
    reload: (config) => engine.reload(sources(config))
  }
})

export interface RunningBinary extends RunningEngine {
  readonly pid: number
  /** Sends SIGTERM and gives the exit code. */
  readonly stop: Effect.Effect<number | null>
}

/** Runs a configuration as the command line does, in an empty storage path; kills it when the scope closes. */
export const startBinary = Effect.fnUntraced(function*(
  config: string,
  env: Readonly<Record<string, string>> = {}
): Effect.fn.Return<RunningBinary, never, Scope.Scope> {
  const directory = yield* temporaryDirectory
  const file = join(directory, "test.alloy")
  yield* Effect.promise(() => writeFile(file, config))
  const log = makeLog()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [
        binary,
        "run",
        "--log-level=debug",
        "--server.http.listen-addr=127.0.0.1:0",
        `--storage.path=${directory}`,
        file
      ], { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] })
    ),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit")
      })
  )
  createInterface(child.stderr).on("line", (line) => log.add(parse(line)))
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve))
  const ready = yield* lineOf(log, (line) => line["msg"] === "pyroduct is ready")
  return {
    ...running(log, `http://${ready["addr"]}`),
    pid: child.pid!,
    stop: Effect.promise(() => {
      child.kill("SIGTERM")
      return exited
    })
  }
})

/** The program's entry point, for Node to run. */
export const binary = inject("binary")

/** An empty one, until the scope closes. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "pyroduct-test-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const running = (log: Journal<LogLine>, url: string): RunningEngine => ({
  log,
  url,
  listening: (componentId) =>
    Effect.map(
      lineOf(log, (line) => line["msg"] === "listening" && line["component_id"] === componentId),
      (line) => `http://${line["addr"]}`
    )
})

/** Waits for a line. */
export const lineOf = (log: Journal<LogLine>, is: (line: LogLine) => boolean): Effect.Effect<LogLine> =>
  Effect.map(log.until((lines) => lines.some(is)), (lines) => lines.find(is)!)

const makeLog = () => makeJournal<LogLine>((line) => JSON.stringify(line))

const parse = (line: string): LogLine =>
  Object.fromEntries(
    Array.from(line.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g), ([, key, value]) => [
      key!,
      value!.startsWith("\"") ? JSON.parse(value!) as string : value!
    ])
  )
