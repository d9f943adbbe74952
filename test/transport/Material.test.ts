import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Redacted, Result, Scope, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Material from "../../src/transport/Material.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Files from "../support/files.ts"
import { inputs, load, looks, path, restless, setUp, writeEvery } from "./materials.ts"

describe("Material", () => {
  it.effect("of texts is what was made of them, and never another", () =>
    Effect.gen(function*() {
      const files = Files.make()
      const source = Material.inline(Redacted.make("a."))
      const { current, refresh } = yield* setUp(files, [{ name: "a", source }, { name: "b", source }])
      const made = current()
      assert.deepStrictEqual(made, Result.succeed("a. a."))
      yield* refresh
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(current(), made)
      assert.strictEqual(files.reads(), 0)
    }))

  it.effect("of texts that will not do says so", () =>
    Effect.gen(function*() {
      const source = Material.inline(Redacted.make(""))
      const { current, published } = yield* setUp(Files.make(), [{ name: "a", source }])
      assert.deepStrictEqual(current(), Result.fail("it is empty"))
      assert.deepStrictEqual(published, [[]])
    }))

  it.effect("knows the time when something is made", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      const files = Files.make({ [path]: "a." })
      const { current } = yield* setUp(files, inputs(path), (_, now) => Result.succeed(`${now}`))
      assert.deepStrictEqual(current(), Result.succeed("60000"))
      files.write(path, "b.")
      yield* looks
      assert.deepStrictEqual(current(), Result.succeed("62000"))
    }))

  it.effect("takes a file that changes within two seconds, and does not read one that stays", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published } = yield* setUp(files)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(files.reads(), 1)
      files.write(path, "new.")
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(current(), Result.succeed("old."))
      assert.strictEqual(files.reads(), 1)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(current(), Result.succeed("new."))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(files.reads(), 2)
      assert.deepStrictEqual(published, [[]])
    }))

  it.effect.each([
    { what: "missing", spoil: (files: Files.Files) => files.remove(path), why: "no such file or directory" },
    {
      what: "not to be read",
      spoil: (files: Files.Files) => {
        files.write(path, "hidden.")
        files.forbid(path)
      },
      why: "permission denied"
    }
  ])(
    "keeps the last good thing of a file that is $what, says so once, and recovers",
    ({ spoil, why }) =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old." })
        const { current, published } = yield* setUp(files)
        spoil(files)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(current(), Result.succeed("old."))
        const problem = `${path}: unable to read the token: unable to read file ${path}: ${why}`
        assert.deepStrictEqual(published, [[], [problem]])
        files.forbid(path, false)
        files.write(path, "new.")
        yield* looks
        assert.deepStrictEqual(current(), Result.succeed("new."))
        assert.deepStrictEqual(published, [[], [problem], []])
      })
  )

  it.effect("takes a file that may be read at last, though it has not changed", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "good." })
      files.forbid(path)
      const { current, published } = yield* setUp(files)
      yield* TestClock.adjust("1 minute")
      files.forbid(path, false)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(current(), Result.succeed("good."))
      assert.deepStrictEqual(published.map(({ length }) => length), [1, 0])
    }))

  it.effect("keeps the last good thing of a file that is empty or half written, and says what is the matter now", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published } = yield* setUp(files)
      files.write(path, "")
      yield* TestClock.adjust("1 minute")
      files.write(path, "new")
      yield* TestClock.adjust("1 minute")
      files.write(path, "newe")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(current(), Result.succeed("old."))
      files.write(path, "old.")
      yield* looks
      assert.deepStrictEqual(published, [[], [`${path}: it is empty`], [`${path}: it ends too soon`], []])
    }))

  it.effect("has nothing while there never was anything good, and then has it", () =>
    Effect.gen(function*() {
      const files = Files.make()
      const { current, published } = yield* setUp(files)
      const missing = `unable to read the token: unable to read file ${path}: no such file or directory`
      assert.deepStrictEqual(current(), Result.fail(missing))
      files.write(path, "")
      yield* looks
      assert.deepStrictEqual(current(), Result.fail("it is empty"))
      files.write(path, "good.")
      yield* looks
      assert.deepStrictEqual(current(), Result.succeed("good."))
      assert.deepStrictEqual(published, [[`${path}: ${missing}`], [`${path}: it is empty`], []])
    }))

  it.effect("takes no half of a file that is written in steps, though something good could be made of it", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published } = yield* setUp(files)
      yield* TestClock.adjust("750 millis")
      // Over a second and a half, so that the looks at 1 s and at 2 s find two different halves.
      for (const text of ["", "one.", "one. two.", "one. two. three."]) {
        files.write(path, text)
        yield* TestClock.adjust("500 millis")
        assert.deepStrictEqual(current(), Result.succeed("old."))
      }
      assert.strictEqual(files.reads(), 1)
      yield* TestClock.adjust("1250 millis")
      assert.deepStrictEqual(current(), Result.succeed("one. two. three."))
      assert.strictEqual(files.reads(), 2)
      assert.deepStrictEqual(published, [[]])
    }))

  it.effect("takes nothing while its files change more often than they are looked at, and says so", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published } = yield* setUp(files)
      const writing = yield* writeEvery("700 millis", files)
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(published, [[]])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(published, [[], [restless]])
      assert.deepStrictEqual(current(), Result.succeed("old."))
      assert.strictEqual(files.reads(), 1)
      yield* Fiber.interrupt(writing)
      yield* looks
      assert.deepStrictEqual(current(), Result.succeed("new."))
      assert.deepStrictEqual(published, [[], [restless], []])
    }))

  it.effect("does not take what it was reading when the files changed", () =>
    Effect.gen(function*() {
      const [key, certificate] = ["/run/key", "/run/certificate"]
      const files = Files.make({ [key]: "1", [certificate]: "1" })
      const { current, published } = yield* setUp(
        files,
        inputs(key, certificate),
        (texts) => Result.succeed(texts.join())
      )
      const write = (text: string) => {
        files.write(key, text)
        files.write(certificate, text)
      }
      write("2")
      files.afterRead(() => write("3"))
      yield* looks
      assert.strictEqual(files.reads(), 4, "after the second look, which reads one of the old and one of the new")
      assert.deepStrictEqual(current(), Result.succeed("1,1"))
      yield* looks
      assert.deepStrictEqual(current(), Result.succeed("3,3"))
      assert.deepStrictEqual(published, [[]])
    }))

  it.effect("goes on, and says so, while the file system gives no answer, and then finds what is new", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published } = yield* setUp(files)
      files.write(path, "new.")
      files.stall()
      yield* TestClock.adjust("2999 millis")
      assert.deepStrictEqual(published, [[]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(published, [[], [restless]])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(current(), Result.succeed("old."))
      files.stall(false)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(current(), Result.succeed("new."))
      assert.deepStrictEqual(published, [[], [restless], []])
    }))

  it.effect("does not wait for a file system that gives no answer at the start", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "good." })
      files.stall()
      const making = yield* Effect.forkScoped(setUp(files), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      const { current } = yield* Fiber.join(making)
      assert.deepStrictEqual(current(), Result.fail(`nothing can be read that stays as it is: ${path}`))
      files.stall(false)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(current(), Result.succeed("good."))
    }))

  it.effect("of several files changes when all fit together", () =>
    Effect.gen(function*() {
      const [key, certificate] = ["/run/key", "/run/certificate"]
      const files = Files.make({ [key]: "1", [certificate]: "1" })
      const pair = (texts: ReadonlyArray<string>) =>
        new Set(texts).size === 1 ? Result.succeed(texts.join()) : Result.fail("they do not belong together")
      const { current, published } = yield* setUp(files, inputs(key, certificate), pair)
      files.write(certificate, "2")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(current(), Result.succeed("1,1"))
      files.write(key, "2")
      yield* looks
      assert.deepStrictEqual(current(), Result.succeed("2,2"))
      assert.deepStrictEqual(published, [[], [`${key}, ${certificate}: they do not belong together`], []])
    }))

  it.effect("of a text and a file has both, in their order", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "b." })
      const source = Material.inline(Redacted.make("a."))
      const { current } = yield* setUp(files, [{ name: "a", source }, ...inputs(path)])
      assert.deepStrictEqual(current(), Result.succeed("a. b."))
    }))

  it.effect("keeps being the same thing when a file is written again with the same text", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "a." })
      const { current } = yield* setUp(files, inputs(path), (texts) => Result.succeed({ texts }))
      const before = Result.getOrThrow(current())
      files.write(path, "a.")
      yield* looks
      files.remove(path)
      yield* looks
      files.write(path, "a.")
      yield* looks
      assert.strictEqual(files.reads(), 4)
      assert.strictEqual(Result.getOrThrow(current()), before)
    }))

  it.effect("stops looking when its scope closes", () =>
    Effect.gen(function*() {
      const files = Files.make()
      const scope = yield* Scope.make()
      yield* Scope.provide(setUp(files), scope)
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(files.reads(), 1)
    }))

  it.live("sees files of the system change, in place and replaced, go and come back", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const [file, other] = [`${directory}/token`, `${directory}/other`]
      yield* fs.writeFileString(file, "first.")
      const problems = yield* Problems.make
      const { current, refresh } = yield* Material.make(inputs(file), load).pipe(
        Effect.provideService(Problems.Problems, problems)
      )
      assert.deepStrictEqual(current(), Result.succeed("first."))

      // Not whether it is another: it may have been looked at just now.
      const latest = Effect.map(refresh, current)
      yield* fs.writeFileString(file, "second one.")
      assert.deepStrictEqual(yield* latest, Result.succeed("second one."))

      yield* fs.writeFileString(other, "third time.")
      yield* fs.rename(other, file)
      assert.deepStrictEqual(yield* latest, Result.succeed("third time."))

      yield* fs.remove(file)
      assert.deepStrictEqual(yield* latest, Result.succeed("third time."))
      assert.include(SubscriptionRef.getUnsafe(problems).get(file), "no such file or directory")

      yield* fs.makeDirectory(file)
      assert.deepStrictEqual(yield* latest, Result.succeed("third time."))
      assert.include(SubscriptionRef.getUnsafe(problems).get(file), `unable to read file ${file}`)

      yield* fs.remove(file, { recursive: true })
      yield* fs.writeFileString(file, "fourth.")
      assert.deepStrictEqual(yield* latest, Result.succeed("fourth."))
      assert.strictEqual(SubscriptionRef.getUnsafe(problems).size, 0)
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
