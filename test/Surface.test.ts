/**
 * What an application loads with the library, and what it reads about options.
 */
import { assert, describe, it } from "@effect/vitest"
import { ByteSize, Duration, Option } from "effect"
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import manifest from "../package.json" with { type: "json" }
import * as Forward from "../src/delivery/Forward.ts"
import * as Queue from "../src/delivery/Queue.ts"
import * as Relabelling from "../src/delivery/Relabelling.ts"
import * as RetrySchedule from "../src/delivery/RetrySchedule.ts"
import * as SelfProfile from "../src/pprof/SelfProfile.ts"
import * as Scrape from "../src/scrape/Scrape.ts"
import * as Listener from "../src/server/Listener.ts"
import * as ProfileApi from "../src/server/ProfileApi.ts"
import * as ReceiveHttp from "../src/server/ReceiveHttp.ts"
import * as Transport from "../src/transport/Transport.ts"

const entries = Object.values(manifest.exports).flatMap((entry) =>
  typeof entry === "string" ? [] : [entry.default.replace("./dist/", "").replace(/js$/, "ts")]
)

const source = new URL("../src/", import.meta.url)

/** All modules of ours that one loads, by their path below `src`; types are not loaded. */
const loadedBy = (entry: string): ReadonlyArray<string> => {
  const loaded = new Set<string>()
  const load = (module: URL): void => {
    const path = relative(fileURLToPath(source), fileURLToPath(module))
    if (loaded.has(path)) return
    loaded.add(path)
    const text = readFileSync(module, "utf8")
    for (const [, specifier] of text.matchAll(/^(?:import|export)(?! type)(?:[^"]* from)? "(\.[^"]+\.ts)"/gm)) {
      load(new URL(specifier!, module))
    }
  }
  load(new URL(entry, source))
  return [...loaded]
}

describe("the library", () => {
  it("does not load the configuration language", () => {
    const modules = entries.filter((entry) => entry !== "engine.ts").flatMap(loadedBy)
    assert.includeMembers(modules, ["delivery/Lane.ts", "transport/UndiciNetwork.ts", "testing/ScriptedServer.ts"])
    assert.deepStrictEqual(modules.filter((path) => /^(syntax|evaluation|engine|components|cli)\//.test(path)), [])
  })

  it("has the language in the engine", () => {
    assert.includeMembers([...loadedBy("engine.ts")], ["syntax/Parser.ts", "cli/Components.ts", "engine/Engine.ts"])
  })
})

/** The defaults that docstrings of options name, by the options. */
const documentedIn = (module: string): ReadonlyMap<string, string> =>
  new Map(
    Array.from(
      readFileSync(new URL(module, source), "utf8").matchAll(/Default: (.+?)\.? \*\/\s+readonly (\w+)\?/g),
      ([, value, option]) => [option!, value!.replace(/, .*/, "").replaceAll("`", "")]
    )
  )

/** As a docstring has it, in the unit that it has. */
const isSame = (documented: string, value: unknown): boolean => {
  if (Duration.isDuration(value)) {
    return Option.exists(Duration.fromInput(documented as Duration.Input), (it) => Duration.equals(it, value))
  }
  if (!/[a-z]/i.test(documented)) return Number(documented.replaceAll(",", "")) === value
  const bytes = Option.flatMap(ByteSize.fromInput(documented as ByteSize.Input), ByteSize.toNumber)
  return documented === String(value) || Option.contains(bytes, value)
}

describe("a docstring", () => {
  const { connections, idleTimeout, readTimeout, shutdownTimeout, writeTimeout } = Listener.defaults
  const { labels: _, ...selfProfile } = SelfProfile.defaults
  const { retryRateLimited, ...retry } = RetrySchedule.defaults
  const { followRedirects, http2 } = Transport.defaults
  it.each([
    ["delivery/Forward.ts", { ...retry, rateLimited: retryRateLimited, ...Queue.defaults, ...Forward.defaults }],
    ["delivery/ClientOptions.ts", { followRedirects, http2 }],
    ["delivery/Relabelling.ts", Relabelling.defaults],
    ["pprof/SelfProfile.ts", selfProfile],
    ["scrape/Scrape.ts", Scrape.defaults],
    ["server/ReceiveHttp.ts", {
      port: ReceiveHttp.defaults.port,
      maxBodySize: ProfileApi.defaults.maxBytes,
      connections,
      readTimeout,
      writeTimeout,
      idleTimeout,
      gracefulShutdownTimeout: shutdownTimeout
    }]
  ])("names the default that an option has: %s", (module, defaults) => {
    const documented = documentedIn(module)
    for (const [option, value] of Object.entries(defaults)) {
      assert.isTrue(isSame(documented.get(option) ?? "", value), `${option}: ${documented.get(option)}`)
    }
  })
})
