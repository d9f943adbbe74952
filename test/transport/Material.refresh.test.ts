import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Files from "../support/files.ts"
import { looks, path, restless, setUp, writeEvery } from "./materials.ts"

describe("Material.refresh", () => {
  /** Of a file that it takes 15 ms to read. */
  const slow = Effect.gen(function*() {
    const files = Files.make({ [path]: "old." }, "15 millis")
    const starting = yield* Effect.forkChild(setUp(files), { startImmediately: true })
    yield* TestClock.adjust("15 millis")
    return { files, ...yield* Fiber.join(starting) }
  })

  /** It takes all that time, and no more. */
  const within = Effect.fnUntraced(function*<A>(millis: number, refresh: Effect.Effect<A>) {
    const fiber = yield* Effect.forkChild(refresh, { startImmediately: true })
    yield* TestClock.adjust(millis - 1)
    assert.isUndefined(fiber.pollUnsafe())
    yield* TestClock.adjust("1 millis")
    assert.isDefined(fiber.pollUnsafe())
    return yield* Fiber.join(fiber)
  })

  const eight = <A>(effect: Effect.Effect<A>) =>
    Effect.all(Array.from({ length: 8 }, () => effect), { concurrency: "unbounded" })

  it.effect("looks at once, and leaves what it is while there is no better", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published, refresh } = yield* setUp(files)
      yield* refresh
      assert.strictEqual(files.reads(), 2)

      /** Whether it is another within the time that a file may take to be written. */
      const refreshed = Effect.gen(function*() {
        const before = current()
        const fiber = yield* Effect.forkChild(refresh, { startImmediately: true })
        yield* TestClock.adjust("20 millis")
        assert.isDefined(fiber.pollUnsafe())
        return current() !== before
      })
      files.write(path, "new.")
      assert.isTrue(yield* refreshed)
      assert.deepStrictEqual(current(), Result.succeed("new."))
      assert.isFalse(yield* refreshed)
      files.write(path, "new.")
      assert.isFalse(yield* refreshed)
      files.write(path, "")
      assert.isFalse(yield* refreshed)
      assert.deepStrictEqual(published, [[], [`${path}: it is empty`]])
      assert.deepStrictEqual(current(), Result.succeed("new."))
      files.write(path, "newer.")
      assert.isTrue(yield* refreshed)
      assert.deepStrictEqual(published, [[], [`${path}: it is empty`], []])
    }))

  it.effect("finds another text in a file of the same size and time", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published, refresh } = yield* setUp(files)
      files.overwrite(path, "new.")
      yield* within(20, refresh)
      assert.deepStrictEqual(current(), Result.succeed("new."))
      files.overwrite(path, "")
      yield* refresh
      assert.deepStrictEqual(current(), Result.succeed("new."))
      assert.deepStrictEqual(published, [[]])
    }))

  it.effect("finds the first good thing", () =>
    Effect.gen(function*() {
      const files = Files.make()
      const { current, published, refresh } = yield* setUp(files)
      yield* within(20, refresh)
      assert.isTrue(Result.isFailure(current()))
      files.write(path, "good.")
      yield* within(20, refresh)
      assert.deepStrictEqual(current(), Result.succeed("good."))
      assert.deepStrictEqual(published.map(({ length }) => length), [1, 0])
    }))

  it.effect("waits until the files have stopped changing", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, refresh } = yield* setUp(files)
      files.write(path, "one.")
      const refreshing = yield* Effect.forkChild(refresh, { startImmediately: true })
      for (const text of ["one. two.", "one. two. three."]) {
        yield* TestClock.adjust("19 millis")
        files.write(path, text)
      }
      yield* TestClock.adjust("21 millis")
      assert.strictEqual(files.reads(), 1)
      yield* TestClock.adjust("1 millis")
      assert.isDefined(refreshing.pollUnsafe())
      assert.deepStrictEqual(current(), Result.succeed("one. two. three."))
      assert.strictEqual(files.reads(), 2)
    }))

  it.effect("takes two seconds at most when a file is always being written, and says so", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published, refresh } = yield* setUp(files)
      const writing = yield* writeEvery("7 millis", files)
      yield* TestClock.adjust("7 millis")
      yield* within(2000, eight(refresh))
      assert.deepStrictEqual(current(), Result.succeed("old."))
      assert.deepStrictEqual(published, [[], [restless]])
      yield* Fiber.interrupt(writing)
      yield* looks
      assert.deepStrictEqual(current(), Result.succeed("new."))
      assert.deepStrictEqual(published, [[], [restless], []])
    }))

  it.effect("takes two seconds at most when the file system gives no answer, whoever else waits for one", () =>
    Effect.gen(function*() {
      const files = Files.make({ [path]: "old." })
      const { current, published, refresh } = yield* setUp(files)
      files.stall()
      // A look is under way.
      yield* TestClock.adjust("1500 millis")
      yield* within(2000, eight(refresh))
      assert.deepStrictEqual(current(), Result.succeed("old."))
      assert.deepStrictEqual(published, [[], [restless]])
    }))

  it.effect("reads a file once, however many ask at a time", () =>
    Effect.gen(function*() {
      const { current, files, refresh } = yield* slow
      files.write(path, "new.")
      const all = yield* within(35, eight(Effect.map(refresh, current)))
      assert.deepStrictEqual(all, Array(8).fill(Result.succeed("new.")))
      assert.strictEqual(files.reads(), 2)
    }))

  it.effect("does not read a file that is being looked at", () =>
    Effect.gen(function*() {
      const { current, files, refresh } = yield* slow
      files.write(path, "new.")
      // One look has found it, and the next is due while this waits.
      yield* TestClock.adjust("1990 millis")
      yield* within(35, refresh)
      assert.deepStrictEqual(current(), Result.succeed("new."))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(files.reads(), 2)
    }))
})
