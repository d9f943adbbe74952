import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { execFileSync } from "node:child_process"
import { mkdir, rename, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as ConfigFile from "../../src/cli/ConfigFile.ts"
import * as ConfigWatch from "../../src/cli/ConfigWatch.ts"
import { temporaryDirectory } from "../support/engine.ts"

const watch = Effect.fnUntraced(function*(path: string) {
  let told = 0
  yield* ConfigWatch.changes(path, yield* ConfigFile.read(path)).pipe(
    Stream.runForEach(() => Effect.sync(() => void told++)),
    Effect.forkScoped
  )
  /** Does something and lets time pass until it is told. */
  return Effect.fnUntraced(function*(change: () => Promise<unknown>) {
    const before = told
    yield* Effect.promise(change)
    while (told === before) {
      yield* TestClock.adjust("250 millis")
      yield* Effect.promise(() => new Promise(setImmediate))
    }
    assert.strictEqual(told, before + 1)
  })
})

describe("ConfigWatch", () => {
  it.effect("sees a file that is written, replaced, or swapped as Kubernetes swaps it", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const at = (...names: ReadonlyArray<string>) => join(directory, ...names)
      const mount = async (version: string, text: string) => {
        await mkdir(at(version))
        await writeFile(at(version, "config.alloy"), text)
        await symlink(version, at("..data_tmp"))
        await rename(at("..data_tmp"), at("..data"))
      }
      yield* Effect.promise(() => mount("..1", "1"))
      yield* Effect.promise(() => symlink("..data/config.alloy", at("config.alloy")))
      for (const path of [at("config.alloy"), directory]) {
        const told = yield* watch(path)
        yield* told(() => mount(path === directory ? "..3" : "..2", path))
        yield* told(() => writeFile(at("..data", "config.alloy"), `${path} once more`))
        yield* told(async () => {
          await writeFile(at("new"), `${path} as it is now`)
          await rename(at("new"), at("..data", "config.alloy"))
        })
      }
      const told = yield* watch(directory)
      yield* told(() => writeFile(at("second.river"), ""))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("does not read from what gives its content once", () =>
    Effect.gen(function*() {
      const pipe = join(yield* temporaryDirectory, "pipe")
      execFileSync("mkfifo", [pipe])
      for (const path of [pipe, "-"]) yield* Stream.runDrain(ConfigWatch.changes(path, []))
    }).pipe(Effect.provide(Layer.merge(NodeServices.layer, Logger.layer([])))))
})
