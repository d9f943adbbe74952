import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { temporaryDirectory } from "../support/engine.ts"

/** A pipe in the file system that nobody writes to: a thread that opens it to read hangs, until the scope closes. */
export const makeFifo = Effect.acquireRelease(
  Effect.map(temporaryDirectory, (directory) => {
    const path = join(directory, "fifo")
    execFileSync("mkfifo", [path])
    return path
  }),
  (path) => Effect.sync(() => closeSync(openSync(path, "r+")))
)

/** Waits until somebody has opened it to read, and will then wait for what is written: nothing. */
export const isRead = (path: string) =>
  Effect.acquireRelease(Effect.promise(() => open(path, "w")), (file) => Effect.promise(() => file.close()))
