import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { longestStop, mistakesIn, secondsOf, settings, text } from "./deployment.ts"

const { stdout } = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" })
/** Which can look at a unit that is not installed. */
const hasSystemd = Number(/^systemd (\d+)/.exec(stdout)?.[1]) >= 250
if (!hasSystemd) console.warn("THE SYSTEMD UNIT WAS NOT VERIFIED: there is no systemd-analyze of version 250 or newer")

describe("the systemd unit", () => {
  const unit = text("systemd/pyroduct.service")
  const all = (key: string) => Array.from(unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm")), ([, value]) => value!)
  const variables = Object.fromEntries(
    text("systemd/pyroduct.env").split("\n").filter((line) => /^\w+=/.test(line)).map((line) => line.split("=", 2))
  )

  it("has a configuration that loads with the environment that it gives", () => {
    assert.deepStrictEqual(mistakesIn("systemd/config.alloy", variables), [])
  })

  it("gives a drain its time, and checks what it starts and reloads", () => {
    assert.isAbove(secondsOf(`${all("TimeoutStopSec")[0]}s`), longestStop)
    assert.deepStrictEqual(all("Restart"), ["always"])
    const [run] = all("ExecStart")
    const validate = run!.replace(" run ", " validate ")
    assert.deepStrictEqual(all("ExecStartPre"), [validate])
    assert.deepStrictEqual(all("ExecReload"), [validate, "/bin/kill -HUP $MAINPID"])
    assert.include(all("Environment"), `PYRODUCT_STORAGE_PATH=%S/${all("StateDirectory")[0]}`)
    assert.deepStrictEqual(all("MemoryDenyWriteExecute"), [])
  })

  it.effect("sets variables that the program knows", () =>
    Effect.gen(function*() {
      const { variables: known } = yield* settings
      const names = [unit, text("systemd/pyroduct.env")].flatMap((text) => text.match(/\bPYRODUCT_\w+/g) ?? [])
      assert.includeMembers(known, names)
    }))

  it.runIf(hasSystemd)("is what systemd takes, and exposes little", () => {
    const directory = mkdtempSync(join(tmpdir(), "unit-"))
    try {
      const file = join(directory, "pyroduct.service")
      writeFileSync(file, unit.replaceAll("/usr/local/bin/pyroduct", process.execPath))
      // What it cannot parse it ignores, and says so; of other units of this machine as well.
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" })
      const said = stderr.split("\n").filter((line) => line.includes("pyroduct.service"))
      assert.deepStrictEqual({ status, said }, { status: 0, said: [] })
      // In tenths, of ten: the network and memory that is written and executed are what is left.
      execFileSync("systemd-analyze", ["security", "--offline=yes", "--threshold=15", file], { stdio: "pipe" })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
