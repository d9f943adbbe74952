/**
 * What `docs/deployment/` holds, and what the program says of itself that it has to fit.
 */
import { Duration, Effect, Result } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Components from "../../src/cli/Components.ts"
import * as EnvironmentFlag from "../../src/cli/EnvironmentFlag.ts"
import * as Shutdown from "../../src/cli/Shutdown.ts"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as GoDuration from "../../src/evaluation/GoDuration.ts"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Source from "../../src/syntax/Source.ts"
import { said } from "../cli/commandLine.ts"

export const repository = fileURLToPath(new URL("../../", import.meta.url))

export const root = join(repository, "docs", "deployment")

export const text = (file: string): string => readFileSync(join(root, file), "utf8")

/** What is wrong with a configuration in an environment. */
export const mistakesIn = (file: string, env: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const stdlib = Stdlib.make({ env: (name) => env[name], hostname: "host", os: "linux", arch: "amd64", version: "v0" })
  const checked = Plan.check({ sources: [Source.make(file, text(file))], registry: Components.registry, stdlib })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : []
}

/** The ports that a configuration listens on. */
export const listenPorts = (file: string): ReadonlyArray<number> =>
  Array.from(text(file).matchAll(/listen_port\s*=\s*(\d+)/g), ([, port]) => Number(port))

/** The flags of `run`, and their variables. */
export const settings = Effect.map(said(["run", "--help"]), ({ lines }) => {
  const flags = Array.from(lines.join("\n").matchAll(/--([a-z][\w.-]*)/g), ([, flag]) => flag!)
  return { flags: flags.map((flag) => `--${flag}`), variables: flags.map((flag) => EnvironmentFlag.variableOf(flag)) }
})

/** In seconds, until a run has ended whatever happens. */
export const longestStop = Duration.toSeconds(Duration.sum(Drain.defaultTimeout, Shutdown.grace))

/** Of a duration such as `1m30s`. */
export const secondsOf = (duration: string): number => Duration.toSeconds(Result.getOrThrow(GoDuration.parse(duration)))
