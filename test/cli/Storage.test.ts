import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Storage from "../../src/cli/Storage.ts"
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

  it.live("says so when it cannot keep one, and goes on", () =>
    Effect.gen(function*() {
      const file = join(yield* temporaryDirectory, "file")
      yield* Effect.promise(() => writeFile(file, "no directory"))
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))
      const [first, second] = yield* Effect.all([Storage.identity(file), Storage.identity(file)]).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      assert.match(first.id, uuid)
      assert.notStrictEqual(first.id, second.id)
      const line = "Warn the instance id cannot be kept, it will be another after a restart"
      assert.deepStrictEqual(logged, [line, line])
    }).pipe(withFiles))
})
