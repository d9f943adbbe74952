/**
 * Programs that pages show have right types, and those that are tests pass.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./pages.ts"
import { placed, programs } from "./programs.ts"

const directory = mkdtempSync(join(tmpdir(), "pyroduct-test-"))
symlinkSync(join(root, "node_modules"), join(directory, "node_modules"))
writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }))
for (const program of programs) writeFileSync(join(directory, `${program.name}.ts`), placed(program))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe("a program that a page shows", () => {
  // All in one run of the compiler, which takes as long for one.
  it.live("has right types", () =>
    Effect.gen(function*() {
      assert.isNotEmpty(programs)
      const config = join(directory, "tsconfig.json")
      writeFileSync(
        config,
        JSON.stringify({
          extends: join(root, "tsconfig.json"),
          include: [directory],
          compilerOptions: {
            noEmit: true,
            rootDir: "/",
            allowImportingTsExtensions: true,
            rewriteRelativeImportExtensions: false,
            noUnusedLocals: false
          }
        })
      )
      const compiler = join(root, "node_modules/typescript/bin/tsc")
      const errors = yield* Effect.callback<string>((resume) => {
        execFile(process.execPath, [compiler, "--project", config], { cwd: directory }, (_, stdout) => {
          resume(Effect.succeed(stdout))
        })
      })
      assert.deepStrictEqual(errors.split("\n").filter((line) => line !== ""), [])
    }), 60_000)
})

// Each has its tests here, under the names that it gives them.
for (const { name, text } of programs) {
  if (text.includes("from \"@effect/vitest\"")) await import(join(directory, `${name}.ts`))
}
