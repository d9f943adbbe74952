import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../../src/components/Content.ts"
import * as File from "../../../src/components/local/File.ts"
import * as Health from "../../../src/telemetry/Health.ts"
import * as Files from "../../support/files.ts"
import { exported } from "../exported.ts"

const path = "/run/token"

const args = (options: Partial<File.Options> = {}) => File.Arguments.make({ filename: path, ...options })

/** A component that polls every ten seconds, what it exports, and its problem. */
const start = Effect.fnUntraced(function*(files: Files.Files, options: Partial<File.Options> = {}) {
  let problem: string | undefined
  const content = yield* File.make(
    args({ detector: "poll", poll_frequency: Duration.seconds(10), ...options })
  ).pipe(
    Effect.provideService(Health.Reporter, {
      problem: (_, message) =>
        Effect.sync(() => {
          problem = message
        })
    }),
    Effect.provide(files.layer)
  )
  const values = yield* exported(Content.exported, Content.Content.context(content))
  // The first look of its own.
  yield* TestClock.adjust(0)
  return { values, problem: () => problem }
})

const poll = TestClock.adjust("10 seconds")

describe("local.file", () => {
  it.effect("exports what the file holds, untrimmed, and what it holds later, each once", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one\n" })
      const { values } = yield* start(files)
      assert.deepStrictEqual(values, ["one\n"])
      files.write(path, "one\n")
      yield* poll
      files.write(path, "two\n")
      yield* poll
      assert.deepStrictEqual(values, ["one\n"])
      yield* TestClock.adjust("30 millis")
      assert.deepStrictEqual(values, ["one\n", "two\n"])
    }))

  it.effect("exports a secret where it is one", () =>
    Effect.gen(function*() {
      const { values } = yield* start(Files.make({ [path]: "hunter2" }), { is_secret: true })
      assert.deepStrictEqual(values, [Redacted.make("hunter2")])
    }))

  it.effect("is not built without the file", () =>
    Effect.gen(function*() {
      const { message } = yield* Effect.flip(start(Files.make()))
      assert.strictEqual(message, "failed to read file: /run/token: no such file or directory")
    }))

  it.effect("is not built while the file system gives no answer", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one" })
      files.stall()
      const starting = yield* Effect.forkChild(Effect.flip(start(files)))
      yield* TestClock.adjust("2 seconds")
      const { message } = yield* Fiber.join(starting)
      assert.strictEqual(message, "failed to read file: /run/token: the file system gives no answer")
    }))

  it.effect("keeps what it has while the file cannot be read, and is unhealthy until it can", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one" })
      const { problem, values } = yield* start(files)
      assert.strictEqual(problem(), undefined)
      files.remove(path)
      yield* poll
      yield* TestClock.adjust("30 millis")
      assert.strictEqual(problem(), "failed to read file: /run/token: no such file or directory")
      files.write(path, "\ufffd")
      yield* poll
      yield* TestClock.adjust("30 millis")
      assert.strictEqual(problem(), "failed to read file: /run/token: not UTF-8")
      files.write(path, "one")
      yield* poll
      yield* TestClock.adjust("30 millis")
      assert.strictEqual(problem(), undefined)
      assert.deepStrictEqual(values, ["one"])
    }))

  it.effect("keeps what it has while the file system gives no answer, and goes on when it does", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one" })
      const { problem, values } = yield* start(files)
      files.stall()
      yield* poll
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(problem(), "failed to read file: /run/token: the file system gives no answer")
      files.write(path, "two")
      files.stall(false)
      yield* poll
      yield* TestClock.adjust("30 millis")
      assert.strictEqual(problem(), undefined)
      assert.deepStrictEqual(values, ["one", "two"])
    }))

  it.effect("exports nothing that is still being written, nor that a file is empty which is only written anew", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one" })
      const { values } = yield* start(files)
      files.write(path, "")
      yield* poll
      yield* TestClock.adjust("500 millis")
      for (const text of ["t", "tw", "two"]) {
        files.write(path, text)
        yield* TestClock.adjust("30 millis")
      }
      assert.deepStrictEqual(values, ["one"])
      yield* TestClock.adjust("30 millis")
      assert.deepStrictEqual(values, ["one", "two"])
      files.write(path, "")
      yield* poll
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(values, ["one", "two", ""])
    }))

  it.effect("says that a file never stays as it is", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one" })
      const { problem, values } = yield* start(files)
      for (let n = 0; n < 100; n++) {
        files.write(path, `${n}`)
        yield* n === 0 ? poll : TestClock.adjust("30 millis")
      }
      assert.strictEqual(problem(), "failed to read file: /run/token: does not stay as it is")
      assert.deepStrictEqual(values, ["one"])
    }))

  it.effect("without a watch looks each second, if that is sooner", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "one" })
      const { values } = yield* start(files, { detector: "", poll_frequency: Duration.minutes(1) })
      files.write(path, "two")
      yield* TestClock.adjust("1030 millis")
      assert.deepStrictEqual(values, ["one", "two"])
    }))
})
