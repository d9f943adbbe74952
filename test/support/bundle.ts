/**
 * Makes the binary before the tests, as `npm run build` does, for those that start it.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type OutputOptions, rolldown } from "rolldown"
import type { TestProject } from "vitest/node"
import config from "../../.rolldown.config.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The path of the program's entry point. */
    binary: string
  }
}

export default async ({ provide }: TestProject) => {
  const dir = await mkdtemp(join(tmpdir(), "pyroduct-binary-"))
  const bundle = await rolldown(config)
  await bundle.write({ ...config.output as OutputOptions, dir })
  // As in the package: an old Node would take it for CommonJS otherwise, and not come to say that it is old.
  await writeFile(join(dir, "package.json"), JSON.stringify({ type: "module" }))
  provide("binary", join(dir, "bin.js"))
  // What it compiles is nobody's own.
  process.env["NODE_COMPILE_CACHE"] ??= join(dir, "cache")
  // The last of the processes may be writing what it has compiled.
  return () => rm(dir, { recursive: true, force: true, maxRetries: 10 })
}
