/**
 * A real Go program to be scraped (`fixtures/go-target`): it is built where Go is.
 */
import { spawn, type SpawnOptions } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"

const source = fileURLToPath(new URL("../fixtures/go-target/", import.meta.url))

export interface Build {
  readonly binary: string
  /** It has `/debug/pprof/delta_*` as well: not where the module is out of reach. */
  readonly hasGodeltaprof: boolean
  readonly remove: () => Promise<void>
}

/** What is missed is said aloud: `undefined` where Go is not there, or cannot build it. */
export const build = async (): Promise<Build | undefined> => {
  const directory = await mkdtemp(join(tmpdir(), "pyroduct-go-"))
  const binary = join(directory, "target")
  const remove = () => rm(directory, { recursive: true, force: true })
  const whole = await go(["build", "-tags", "godeltaprof", "-o", binary, "."])
  if (whole === undefined) return { binary, hasGodeltaprof: true, remove }
  console.warn(`go-target: without godeltaprof, which is not proven now: ${whole}`)
  const plain = await go(["build", "-o", binary, "main.go"], { GO111MODULE: "off" })
  if (plain === undefined) return { binary, hasGodeltaprof: false, remove }
  console.warn(`go-target: skipped, scraping a Go program is not proven now: ${plain}`)
  await remove()
  return undefined
}

/** What went wrong, if anything. */
const go = async (args: ReadonlyArray<string>, env: SpawnOptions["env"] = {}): Promise<string | undefined> => {
  const child = spawn("go", args, {
    cwd: source,
    env: { ...process.env, GOTOOLCHAIN: "local", ...env },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 120_000
  })
  const failed = once(child, "error").then(([error]) => String(error))
  const ended = Promise.all([text(child.stderr), once(child, "exit")]).then(([said, [code, signal]]) =>
    code === 0 ? undefined : `${said.trim()} (${code ?? signal})`
  )
  return Promise.race([failed, ended])
}
