import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, PlatformError } from "effect"
import { join } from "node:path"
import * as Directory from "../../src/storage/Directory.ts"
import * as FileError from "../../src/storage/FileError.ts"
import { temporaryDirectory } from "../support/engine.ts"

/** A file system of such directories, which counts what it is asked to make, and never makes one below a `/proc`. */
const makeFiles = (directories: ReadonlyArray<string>) => {
  const known = new Set(directories)
  const asked: Array<string> = []
  const fail = (_tag: "NotFound" | "AlreadyExists") =>
    Effect.fail(PlatformError.systemError({ _tag, module: "FileSystem", method: "makeDirectory" }))
  const layer = FileSystem.layerNoop({
    makeDirectory: (path) =>
      Effect.suspend(() => {
        asked.push(path)
        const parent = path.replace(/\/[^/]+$/, "")
        if (known.has(path)) return fail("AlreadyExists")
        if (parent === "/proc" || !known.has(parent)) return fail("NotFound")
        known.add(path)
        return Effect.void
      }),
    stat: () => Effect.succeed({ type: "Directory" } as FileSystem.File.Info)
  })
  return { asked, make: (path: string) => Directory.make(path).pipe(Effect.provide(layer)) }
}

describe("Directory.make", () => {
  it.effect("makes what is missing, from the top", () =>
    Effect.gen(function*() {
      const { asked, make } = makeFiles(["/a"])
      yield* make("/a/b/c")
      assert.deepStrictEqual(asked, ["/a/b/c", "/a/b", "/a/b/c"])
    }))

  it.effect("gives up where there can be none, after as many steps as there are names", () =>
    Effect.gen(function*() {
      const { asked, make } = makeFiles(["/proc"])
      const error = yield* Effect.flip(make("/proc/x"))
      assert.strictEqual(error.reason._tag, "NotFound")
      assert.deepStrictEqual(asked, ["/proc/x", "/proc", "/proc/x"])
    }))

  it.live("takes one that is there, and nothing else", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* temporaryDirectory
      yield* Directory.make(join(path, "a/b/"))
      yield* Directory.make(join(path, "a/b"))
      assert.strictEqual((yield* fs.stat(join(path, "a/b"))).type, "Directory")
      yield* fs.writeFileString(join(path, "file"), "")
      const reason = (path: string) => Effect.map(Effect.flip(Directory.make(path)), FileError.reasonOf)
      assert.strictEqual(yield* reason(join(path, "file")), "EEXIST: file already exists")
      assert.strictEqual(yield* reason(join(path, "file/below")), "ENOTDIR: not a directory")
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
