/**
 * Programs that pages show and that are tests pass. That all have right types the test of the package says.
 */
import { afterAll } from "@effect/vitest"
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

// Each has its tests here, under the names that it gives them.
for (const { name, text } of programs) {
  if (text.includes("from \"@effect/vitest\"")) await import(join(directory, `${name}.ts`))
}
