/**
 * `pyroduct run`: the engine, until a signal stops it.
 */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import * as Drain from "../delivery/Drain.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as ConfigPath from "./ConfigPath.ts"
import * as DurationFlag from "./DurationFlag.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"
import * as ListenAddress from "./ListenAddress.ts"

const listenAddress = ListenAddress.flag(
  "Where the engine's own server listens: metrics, health and the components' API"
)

const allowedHosts = EnvironmentFlag.text("server.http.allowed-hosts", {
  description:
    "Names, with commas between, under which the components' API may be asked, besides addresses and localhost",
  metavar: "names",
  parse: (names) => Option.some(names.split(",").map((name) => name.trim())),
  expected: "names",
  fallback: [],
  shown: "\"\""
})

const watch = EnvironmentFlag.toggle("config.watch", {
  description: "Reload when the configuration has changed, as SIGHUP does",
  fallback: false
})

const pprof = EnvironmentFlag.toggle("server.http.enable-pprof", {
  description: "Whether that server has the engine's own profiles, at /debug/pprof",
  fallback: true
})

const storagePath = EnvironmentFlag.text("storage.path", {
  description: "The directory for what has to survive a restart",
  metavar: "path",
  parse: Option.some,
  expected: "a path",
  fallback: "data-pyroduct/",
  shown: "data-pyroduct/"
})

const drainTimeout = DurationFlag.make("shutdown.drain-timeout", {
  description: "How long queued profiles may still be delivered once a signal has come",
  fallback: Drain.defaultTimeout
})

const logLevel = EnvironmentFlag.choice("log-level", ["debug", "info", "warn", "error", "none"], {
  description: "The least that is logged",
  fallback: undefined,
  shown: "what the configuration says, or info"
})

const logFormat = EnvironmentFlag.choice("log-format", ["logfmt", "json"], {
  description: "How a line of the log is written",
  fallback: undefined,
  shown: "what the configuration says, or logfmt"
})

export const command = Command.make(
  "run",
  {
    path: ConfigPath.argument,
    foreign: ForeignBlocks.flag,
    format: AlloyFlags.format,
    watch,
    listenAddress,
    allowedHosts,
    pprof,
    storagePath,
    drainTimeout,
    logLevel,
    logFormat,
    unheeded: AlloyFlags.ofRun.flags
  },
  ({ logFormat, logLevel, ...settings }) => {
    const log = { ...(logLevel && { level: logLevel }), ...(logFormat && { format: logFormat }) }
    return Effect.flatMap(Effect.promise(() => import("./Running.ts")), ({ run }) => run({ ...settings, log }))
  }
).pipe(Command.withDescription("Run a configuration until SIGINT, SIGTERM or SIGQUIT"))
