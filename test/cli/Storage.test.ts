import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Layer, Logger, Path, PlatformError } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Storage from "../../src/cli/Storage.ts"
import * as Logfmt from "../../src/telemetry/Logfmt.ts"
import * as LogLine from "../../src/telemetry/LogLine.ts"
import { temporaryDirectory } from "../support/engine.ts"

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const withFiles = Effect.provide(NodeServices.layer)

describe("Storage.identity", () => {
  it.live("makes an id and keeps it, in directories that need not be there", () =>
    Effect.gen(function*() {
      const path = join(yield* temporaryDirectory, "data/pyroduct")
      const { id } = yield* Storage.identity(path)
      assert.match(id, uuid)
      assert.strictEqual(yield* Effect.promise(() => readFile(join(path, "instance_id"), "utf8")), `${id}\n`)
      assert.strictEqual((yield* Storage.identity(path)).id, id)
    }).pipe(withFiles))

  it.live("makes another where what was kept is no id", () =>
    Effect.gen(function*() {
      const path = yield* temporaryDirectory
      yield* Effect.promise(() => writeFile(join(path, "instance_id"), "12345\r\nx-evil: 1\n"))
      const { id } = yield* Storage.identity(path)
      assert.match(id, uuid)
      assert.strictEqual((yield* Storage.identity(path)).id, id)
    }).pipe(withFiles))

  it.effect("says so when it cannot keep one, and goes on", () =>
    Effect.gen(function*() {
      const cases = [
        [refusing("EROFS: read-only file system, mkdir"), "EROFS: read-only file system"],
        [refusing("ENOSPC: no space left on device, mkdir"), "ENOSPC: no space left on device"],
        [FileSystem.layerNoop({ stat: () => Effect.never }), "the file system gives no answer"]
      ] as const
      for (const [files, reason] of cases) {
        const lines: Array<string> = []
        const logger = Logger.make((options) =>
          lines.push(Logfmt.format(LogLine.make(options)).replace(/^ts=\S+ /, ""))
        )
        const twice = Effect.all([Storage.identity("data"), Storage.identity("data")], { concurrency: 2 })
        const running = yield* Effect.forkChild(twice.pipe(
          Effect.provide(Layer.mergeAll(files, Path.layer, Logger.layer([logger])))
        ))
        yield* TestClock.adjust("5 seconds")
        const [first, second] = yield* Fiber.join(running)
        assert.match(first.id, uuid)
        assert.notStrictEqual(first.id, second.id)
        const line =
          `level=warn msg="the instance id cannot be kept, it will be another after a restart" err="${reason}"`
        assert.deepStrictEqual(lines, [line, line])
      }
    }))

  it.live("fails in a line where there is something else", () =>
    Effect.gen(function*() {
      const path = yield* temporaryDirectory
      const put = (name: string, make: (path: string) => unknown) => {
        mkdirSync(join(path, name))
        make(join(path, name, "instance_id"))
        return join(path, name)
      }
      const file = join(path, "file")
      writeFileSync(file, "no directory")
      const cases = [
        [file, "cannot be made: EEXIST: file already exists"],
        [join(file, "below"), "cannot be made: ENOTDIR: not a directory"],
        [put("fifo", (path) => execFileSync("mkfifo", [path])), "has an instance_id that is not a file"],
        [put("directory", mkdirSync), "has an instance_id that is not a file"],
        [put("huge", (path) => writeFileSync(path, Buffer.alloc(1_000_000))), "has an instance_id that is too large"]
      ] as const
      for (const [path] of cases) assert.isTrue(Exit.isFailure(yield* Effect.exit(Storage.identity(path))))
      assert.deepStrictEqual(
        yield* TestConsole.errorLines,
        cases.map(([path, reason]) => `Error: --storage.path "${path}" ${reason}`)
      )
    }).pipe(withFiles, Effect.provide(TestConsole.layer)))
})

/** A file system with nothing in it, in which nothing can be made. */
const refusing = (message: string) => {
  const fail = (_tag: "NotFound" | "Unknown") =>
    Effect.fail(PlatformError.systemError({ _tag, module: "FileSystem", method: "", cause: new Error(message) }))
  return FileSystem.layerNoop({ stat: () => fail("NotFound"), makeDirectory: () => fail("Unknown") })
}
