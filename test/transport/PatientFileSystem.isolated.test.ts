import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, type Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { vi } from "vitest"
import * as PatientFileSystem from "../../src/transport/PatientFileSystem.ts"

/** Files below `/hung` give no answer. */
const reader = vi.hoisted(() => ({
  of: undefined as unknown as Pick<FileSystem.FileSystem, "stat" | "readFileString">
}))
reader.of = {
  stat: (path) => path.startsWith("/hung") ? Effect.never : Effect.succeed({ type: "File", size: 1n } as never),
  readFileString: (path) => Effect.succeed(`the text of ${path}`)
}

vi.mock("@effect/platform-node/NodeFileSystem", async () => {
  const { FileSystem, Layer } = await import("effect")
  return { layer: Layer.sync(FileSystem.FileSystem, () => FileSystem.makeNoop(reader.of)) }
})
vi.mock("../../src/transport/FileThread.ts", () => ({ make: () => ({ ...reader.of, end: () => {} }) }))

describe("The files of the machine", () => {
  it.effect("are read though more files hang than there are threads for", () =>
    Effect.gen(function*() {
      const fileSystem = (layer: Layer.Layer<FileSystem.FileSystem>) => Effect.provide(FileSystem.FileSystem, layer)
      const configured = yield* fileSystem(PatientFileSystem.layer)
      for (let index = 0; index < 12; index++) yield* Effect.forkChild(configured.readFileString(`/hung/${index}`))
      const other = yield* Effect.forkChild(configured.readFileString("/token"))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(other.pollUnsafe())
      const system = yield* fileSystem(PatientFileSystem.layerForSystem)
      const hosts = yield* Effect.timeoutOption(system.readFileString("/etc/hosts"), "1 second").pipe(
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(hosts), Option.some("the text of /etc/hosts"))
    }))
})
