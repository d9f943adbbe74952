/**
 * What an application loads with the library.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import manifest from "../package.json" with { type: "json" }

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
