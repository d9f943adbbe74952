/**
 * `pyroduct check`: tries what a configuration needs from others, and delivers nothing.
 */
import { Effect } from "effect"
import { Command } from "effect/cli"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as ConfigPath from "./ConfigPath.ts"
import * as DurationFlag from "./DurationFlag.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"
import * as ListenAddress from "./ListenAddress.ts"

export const command = Command.make(
  "check",
  {
    path: ConfigPath.argument,
    foreign: ForeignBlocks.flag,
    listenAddress: ListenAddress.flag("Where the engine's own server would listen"),
    ports: EnvironmentFlag.toggle("ports", {
      command: "check",
      description: "Whether to try the ports, which a running engine has itself",
      fallback: true
    }),
    timeout: DurationFlag.optional("timeout", {
      command: "check",
      description: "How long to wait for the answer of an endpoint or a target, at most",
      fallback: undefined,
      shown: "its remote_timeout or scrape_timeout"
    }),
    format: AlloyFlags.format,
    unheeded: AlloyFlags.ofValidate.flags
  },
  (settings) => Effect.flatMap(Effect.promise(() => import("./Checking.ts")), ({ check }) => check(settings))
).pipe(
  Command.withDescription("Try whether endpoints would take profiles, and ports are free; nothing is sent or kept")
)
