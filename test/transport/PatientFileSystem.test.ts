import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem } from "effect"
import { TestClock } from "effect/testing"
import { execFileSync } from "node:child_process"
import { open, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as FileThread from "../../src/transport/FileThread.ts"
import * as PatientFileSystem from "../../src/transport/PatientFileSystem.ts"
import { temporaryDirectory } from "../support/engine.ts"
import * as Files from "../support/files.ts"

/** Threads that read one and the same files, but for those that give no answer for now. */
const setUp = Effect.gen(function*() {
  const files = Files.make({ "/good": "text", "/other": "more" })
  const hanging = Files.make({ "/nfs/a": "a", "/nfs/b": "b", "/nfs/c": "c" })
  hanging.stall()
  const [well, ill] = yield* Effect.all(
    [files.layer, hanging.layer].map((layer) => Effect.provide(FileSystem.FileSystem, layer))
  )
  /** Calls that are under way, by thread; the first is Node's. */
  const calls: Array<number> = []
  const ended: Array<number> = []
  const thread = (): FileThread.FileThread => {
    const number = calls.push(0) - 1
    const counted = <A, E>(call: Effect.Effect<A, E>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => calls[number]! += 1),
        () => call,
        () => Effect.sync(() => calls[number]! -= 1)
      )
    const at = (path: string) => path.startsWith("/nfs/") ? ill! : well!
    return {
      stat: (path) => counted(at(path).stat(path)),
      readFileString: (path) => counted(at(path).readFileString(path)),
      end: () => ended.push(number)
    }
  }
  const reader = PatientFileSystem.make(thread(), thread)
  return { hanging, reader, calls, ended }
})

describe("Files that are read", () => {
  it.effect("are read by Node's own threads, one at a time, while they answer", () =>
    Effect.gen(function*() {
      const { calls, reader } = yield* setUp
      const all = ["/good", "/other", "/good"].map((path) => reader.readFileString(path))
      assert.deepStrictEqual(yield* Effect.all(all, { concurrency: "unbounded" }), ["text", "more", "text"])
      assert.deepStrictEqual(calls, [0])
    }))

  it.effect("do not wait for those that hang, which keep one thread of Node's all together", () =>
    Effect.gen(function*() {
      const { calls, ended, hanging, reader } = yield* setUp
      const hung = yield* Effect.forEach(
        ["/nfs/a", "/nfs/b", "/nfs/c", "/nfs/a"],
        (path) => Effect.forkChild(reader.readFileString(path), { startImmediately: true })
      )
      const good = yield* Effect.forkChild(reader.readFileString("/good"), { startImmediately: true })
      yield* TestClock.adjust("750 millis")
      assert.deepStrictEqual(yield* Fiber.join(good), "text")
      assert.deepStrictEqual(calls, [1, 1, 1, 0])
      // One thread is kept for the next.
      assert.deepStrictEqual(yield* reader.readFileString("/other"), "more")
      assert.deepStrictEqual(calls, [1, 1, 1, 0])
      hanging.stall(false)
      assert.deepStrictEqual(yield* Effect.forEach(hung, Fiber.join), ["a", "b", "c", "a"])
      yield* reader.readFileString("/good")
      assert.deepStrictEqual([calls, ended.sort()], [[0, 0, 0, 0], [1, 2, 3]])
    }))

  it.effect("are not asked for a second time by who has given up", () =>
    Effect.gen(function*() {
      const { calls, hanging, reader } = yield* setUp
      for (let times = 0; times < 20; times += 1) {
        const look = yield* Effect.forkChild(reader.stat("/nfs/a"), { startImmediately: true })
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(look)
      }
      assert.deepStrictEqual(calls, [1])
      hanging.stall(false)
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(reader.stat("/nfs/a"))))
    }))

  it.effect("keep no more than nine threads when they hang", () =>
    Effect.gen(function*() {
      const { calls, hanging, reader } = yield* setUp
      for (let index = 0; index < 30; index += 1) {
        hanging.write(`/nfs/${index}`, "text")
        yield* Effect.forkChild(reader.stat(`/nfs/${index}`), { startImmediately: true })
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(calls, Array(9).fill(1))
      hanging.stall(false)
      assert.strictEqual(yield* reader.readFileString("/good"), "text")
    }))
})

describe("The files of this machine", () => {
  /** By Node's thread, and by one of our own. */
  const readers = Effect.gen(function*() {
    const fs = yield* Effect.provide(FileSystem.FileSystem, PatientFileSystem.layer)
    const own = yield* Effect.acquireRelease(Effect.sync(FileThread.make), ({ end }) => Effect.sync(end))
    return [fs, PatientFileSystem.make(own, FileThread.make)]
  })

  it.live("are read, and told apart when they change, by either kind of thread", () =>
    Effect.gen(function*() {
      const path = join(yield* temporaryDirectory, "token")
      for (const { readFileString, stat } of yield* readers) {
        yield* Effect.promise(() => writeFile(path, "tökén"))
        assert.strictEqual(yield* readFileString(path), "tökén")
        const { ino, mtime, size, type } = yield* stat(path)
        assert.deepStrictEqual([type, Number(size)], ["File", 7])
        yield* Effect.promise(() => writeFile(path, "another"))
        const after = yield* stat(path)
        assert.deepStrictEqual(after.ino, ino)
        assert.notDeepEqual(after.mtime, mtime)
      }
    }))

  it.live("may be missing, or nothing to read, or too large", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const [fifo, large] = [join(directory, "fifo"), join(directory, "large")]
      execFileSync("mkfifo", [fifo])
      yield* Effect.promise(async () => {
        const file = await open(large, "w")
        await file.truncate(20 * 1024 * 1024)
        await file.close()
      })
      for (const { readFileString } of yield* readers) {
        const reasonOf = (path: string) => Effect.map(Effect.flip(readFileString(path)), ({ reason }) => reason)
        assert.strictEqual((yield* reasonOf(join(directory, "none")))._tag, "NotFound")
        for (
          const [path, description] of [
            [fifo, "not a regular file"],
            [directory, "not a regular file"],
            ["/dev/zero", "not a regular file"],
            [large, "larger than 16 MiB"]
          ] as const
        ) {
          assert.deepInclude(yield* reasonOf(path), { _tag: "BadResource", description })
        }
      }
    }))
})
