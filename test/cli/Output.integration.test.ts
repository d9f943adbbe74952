import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createReadStream, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { temporaryDirectory } from "../support/engine.ts"
import { makeFifo } from "./fifo.ts"

const output = fileURLToPath(new URL("../../src/cli/Output.ts", import.meta.url))

/** Logs more than a terminal takes, and says then, to somebody else, that it goes on. */
const program = `
  import ${JSON.stringify(output)}
  process.stderr.write("x".repeat(1_000_000))
  process.stdout.write("goes on")
`

/** Runs the program with a terminal that is not read from, and whose own output is `path`. */
const startAtTerminal = (script: string, path: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn("script", ["-qc", `exec '${process.execPath}' '${script}' > '${path}'`, "/dev/null"], {
        stdio: ["ignore", "pipe", "ignore"]
      })
    ),
    // Its program ends with the terminal.
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** It makes terminals. */
const hasScript = spawnSync("script", ["--version"]).status === 0

describe.skipIf(!hasScript)("The standard streams of a run", () => {
  it.live("do not let it wait for a terminal that takes nothing", () =>
    Effect.gen(function*() {
      const script = join(yield* temporaryDirectory, "program.mjs")
      writeFileSync(script, program)
      const path = yield* makeFifo
      yield* startAtTerminal(script, path)
      const said = yield* Effect.promise(() => once(createReadStream(path, "utf8"), "data"))
      assert.deepStrictEqual(said, ["goes on"])
    }))
})
