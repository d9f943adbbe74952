/**
 * The binary on Nodes other than the one that the tests run on.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { existsSync, realpathSync } from "node:fs"
import { delimiter, join } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { binary } from "../support/engine.ts"

const run = (node: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(node, args, { encoding: "utf8" })
  return { status, stderr, stdout }
}

/** What is in PATH besides the Node of the project. */
const others = new Set(
  (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"))
    .filter((node) => existsSync(node)).map((node) => realpathSync(node))
)
others.delete(realpathSync(process.execPath))
if (others.size === 0) console.warn("THE BINARY WAS NOT TRIED ON ANOTHER NODE: there is no other in PATH")

const isEnough = (version: string): boolean => {
  const [major, minor] = version.split(".").map(Number) as [number, number]
  return major === 22 ? minor >= 19 : major > 24 || (major === 24 && minor >= 5)
}

const refused = (version: string) => ({
  status: 1,
  stdout: "",
  stderr: `Error: pyroduct runs on Node 22 from 22.19 on, and on Node 24.5 and newer; this is ${version}\n`
})

describe("the binary", () => {
  it("is installed on the Nodes that it runs on", () => {
    assert.strictEqual(manifest.engines.node, "^22.19.0 || >=24.5.0")
  })

  it("says in a line that Node is too old", () => {
    const older = `--import=data:text/javascript,delete(process.getBuiltinModule("tls").setDefaultCACertificates)`
    assert.deepStrictEqual(run(process.execPath, older, binary, "version"), refused(process.versions.node))
  })

  for (const node of others) {
    it(`runs on ${node}, or says in a line that it is too old`, () => {
      const version = run(node, "--print", "process.versions.node").stdout.trim()
      assert.deepStrictEqual(
        run(node, binary, "version"),
        isEnough(version) ? { status: 0, stdout: `pyroduct v${manifest.version}\n`, stderr: "" } : refused(version)
      )
    })
  }
})
