import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { buffer } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { temporaryDirectory } from "../support/engine.ts"
import { makeFifo } from "./fifo.ts"

const moduleAt = (path: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)))

/** What keeps a thread: one of Node's, or one of our own. */
const hangs = {
  "while a thread of Node's hangs": (path: string) => `
    import { readFile } from "node:fs"
    readFile(${JSON.stringify(path)}, () => {})
  `,
  "while a thread of our own hangs": (path: string) => `
    import { Effect } from "effect"
    import * as FileThread from ${moduleAt("transport/FileThread.ts")}
    Effect.runFork(FileThread.make().readFileString(${JSON.stringify(path)}))
  `
}

const size = 1_000_000

/** Logs more than a pipe takes, says so on its standard output, and ends. */
const program = (hang = "", end = "leave") => `
  import { finish, leave } from ${moduleAt("cli/Leave.ts")}
  ${hang}
  process.stderr.write("x".repeat(${size}))
  process.stdout.write("logged")
  ${end}(3)
`

const start = (text: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--input-type=module", "-e", text], { stdio: ["ignore", "pipe", "pipe"] })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const exitCode = (child: ChildProcess) =>
  Effect.promise(async () => child.exitCode ?? (await once(child, "exit") as [number | null])[0])

describe("The end of the process", () => {
  for (const [circumstances, hang] of Object.entries({ "while none hangs": () => "", ...hangs })) {
    it.live(`waits until what was logged is in the pipe, ${circumstances}`, () =>
      Effect.gen(function*() {
        const child = yield* start(program(hang(yield* makeFifo)))
        yield* Effect.promise(() => once(child.stdout!, "data"))
        const [code, logged] = yield* Effect.all([exitCode(child), Effect.promise(() => buffer(child.stderr!))], {
          concurrency: 2
        })
        assert.deepStrictEqual([code, logged.length], [3, size])
      }))

    it.live(`does not wait for ever where nobody reads, ${circumstances}`, () =>
      Effect.gen(function*() {
        const child = yield* start(program(hang(yield* makeFifo)))
        assert.strictEqual(yield* exitCode(child), 3)
      }))
  }

  it.live("is not hurried where a command ends: its reader may be a pager", () =>
    Effect.gen(function*() {
      const hurried = `globalThis.setTimeout = setImmediate\n${program("", "finish")}`
      const child = yield* start(hurried)
      yield* Effect.promise(() => once(child.stdout!, "data"))
      yield* Effect.promise(() => once(child.stderr!, "readable"))
      const [code, logged] = yield* Effect.all([exitCode(child), Effect.promise(() => buffer(child.stderr!))], {
        concurrency: 2
      })
      assert.deepStrictEqual([code, logged.length], [3, size])
    }))

  it.live("needs no environment, and no directory to be in", () =>
    Effect.gen(function*() {
      const fifo = yield* makeFifo
      const gone = join(yield* temporaryDirectory, "gone")
      const text = `
        import { mkdirSync, rmdirSync } from "node:fs"
        mkdirSync(${JSON.stringify(gone)})
        process.chdir(${JSON.stringify(gone)})
        rmdirSync(${JSON.stringify(gone)})
        process.env.NODE_OPTIONS = "--no-such-option"
        process.env.PATH = ""
        ${program(hangs["while a thread of Node's hangs"](fifo))}
      `
      const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
        stdio: ["ignore", "pipe", "ignore"]
      })
      assert.strictEqual(yield* exitCode(child), 3)
    }))
})
