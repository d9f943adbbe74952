import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Option, Queue, Redacted, Stream, SubscriptionRef } from "effect"
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import * as Content from "../../../src/components/Content.ts"
import * as File from "../../../src/components/local/File.ts"
import * as Health from "../../../src/telemetry/Health.ts"
import { temporaryDirectory } from "../../support/engine.ts"

/** A component that would poll once an hour. */
const follow = Effect.fnUntraced(function*(filename: string, options: Partial<File.Options> = {}) {
  const problems = yield* Queue.unbounded<string | undefined>()
  const context = yield* Layer.build(File.layer({ filename, poll_frequency: Duration.hours(1), ...options })).pipe(
    Effect.provideService(Health.Reporter, { problem: (_, message) => Queue.offer(problems, message) }),
    Effect.provide(Logger.layer([]))
  )
  const { text } = Context.get(context, Content.Content)
  const seen: Array<string> = []
  yield* Effect.forkScoped(
    Stream.runForEach(SubscriptionRef.changes(text), (text) => Effect.sync(() => seen.push(Redacted.value(text)))),
    { startImmediately: true }
  )
  return {
    seen,
    problem: Queue.take(problems),
    until: (expected: string) =>
      SubscriptionRef.changes(text).pipe(
        Stream.filter((text) => Redacted.value(text) === expected),
        Stream.runHead,
        Effect.map(Option.isSome)
      )
  }
})

const put = (path: string, text: string) => {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

describe("local.file", () => {
  it.live("notices a file that takes the place of another, is deleted and made anew, and is written in place", () =>
    Effect.gen(function*() {
      const path = join(yield* temporaryDirectory, "token")
      writeFileSync(path, "one")
      const { seen, until } = yield* follow(path)
      put(path, "two")
      yield* until("two")
      put(path, "three")
      yield* until("three")
      unlinkSync(path)
      writeFileSync(path, "four")
      yield* until("four")
      truncateSync(path)
      writeFileSync(path, "five")
      yield* until("five")
      assert.deepStrictEqual(seen, ["one", "two", "three", "four", "five"])
    }))

  it.live("notices a link that Kubernetes swaps, and a change of what a link leads to", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const volume = (name: string, text: string) => {
        mkdirSync(join(directory, name))
        writeFileSync(join(directory, name, "token"), text)
        symlinkSync(name, join(directory, "..data_tmp"))
        renameSync(join(directory, "..data_tmp"), join(directory, "..data"))
      }
      volume("..2026_01", "one")
      symlinkSync(join("..data", "token"), join(directory, "token"))
      const linked = join(yield* temporaryDirectory, "linked")
      symlinkSync(join(directory, "token"), linked)
      const direct = yield* follow(join(directory, "token"))
      const indirect = yield* follow(linked)
      const both = (text: string) => Effect.all([direct.until(text), indirect.until(text)], { concurrency: 2 })
      volume("..2026_02", "two")
      rmSync(join(directory, "..2026_01"), { recursive: true })
      yield* both("two")
      writeFileSync(join(directory, "..data", "token"), "three")
      yield* both("three")
    }))

  it.live("keeps what it has while the directory is gone, and goes on when it is back", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporaryDirectory, "secrets")
      const path = join(directory, "token")
      mkdirSync(directory)
      writeFileSync(path, "one")
      const { problem, seen, until } = yield* follow(path)
      rmSync(directory, { recursive: true })
      assert.strictEqual(yield* problem, `failed to read file: ${path}: no such file or directory`)
      mkdirSync(directory)
      put(path, "two")
      yield* until("two")
      assert.strictEqual(yield* problem, undefined)
      put(path, "three")
      yield* until("three")
      assert.deepStrictEqual(seen, ["one", "two", "three"])
    }))

  it.live("does not read what is no file, or a very large one", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const problem = (name: string) => Effect.map(Effect.flip(follow(name)), ({ message }) => message)
      assert.strictEqual(yield* problem(directory), `failed to read file: ${directory}: not a regular file`)
      const path = join(directory, "large")
      writeFileSync(path, "")
      truncateSync(path, 4 * 1024 * 1024 + 1)
      assert.strictEqual(yield* problem(path), `failed to read file: ${path}: larger than 4 MiB`)
      truncateSync(path, 4 * 1024 * 1024)
      const { seen } = yield* follow(path)
      assert.deepStrictEqual(seen, [readFileSync(path, "utf8")])
    }))
})
