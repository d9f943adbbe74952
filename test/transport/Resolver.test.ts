import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Resolver from "../../src/transport/Resolver.ts"
import * as Files from "../support/files.ts"

/** A resolver whose answers a test gives. */
const setUp = Effect.gen(function*() {
  const asked: Array<string> = []
  let answer: Effect.Effect<ReadonlyArray<string>, string> = Effect.succeed(["10.0.0.1"])
  const resolve = yield* Resolver.make({
    ...Resolver.defaults,
    maxNames: 10,
    nameServiceSwitchFile: "/nsswitch.conf",
    system: (name) =>
      Effect.suspend(() => {
        asked.push(name)
        return answer
      }),
    platform: "linux"
  }).pipe(Effect.provide(Files.make({ "/nsswitch.conf": "hosts: nis" }).layer))
  return {
    resolve: Effect.match(resolve("a.example"), {
      onFailure: ({ code }): string | ReadonlyArray<string> => code,
      onSuccess: (addresses) => addresses
    }),
    resolveOther: resolve,
    asked,
    answers: (next: typeof answer) => {
      answer = next
    }
  }
})

describe("A name", () => {
  it.effect("is asked for again when its time is over", () =>
    Effect.gen(function*() {
      const { answers, asked, resolve } = yield* setUp
      assert.deepStrictEqual(yield* resolve, ["10.0.0.1"])
      answers(Effect.succeed(["10.0.0.2"]))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(yield* resolve, ["10.0.0.1"])
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* resolve, ["10.0.0.2"])
      assert.strictEqual(asked.length, 2)
    }))

  it.effect("that failed is left alone for five seconds", () =>
    Effect.gen(function*() {
      const { answers, asked, resolve } = yield* setUp
      for (const [code, failure] of [["ENOTFOUND", "ENOTFOUND"], ["ESERVFAIL", "EAI_AGAIN"]] as const) {
        asked.length = 0
        answers(Effect.fail(code))
        for (let millis = 0; millis < 5000; millis += 100) {
          assert.strictEqual(yield* resolve, failure)
          yield* TestClock.adjust("100 millis")
        }
        assert.strictEqual(asked.length, 1)
      }
    }))

  it.effect("is asked for once by all who want it, and goes on being asked for when they have given up", () =>
    Effect.gen(function*() {
      const { answers, asked, resolve } = yield* setUp
      answers(Effect.delay(Effect.succeed(["10.0.0.1"]), "3 seconds"))
      const impatient = yield* Effect.forkChild(resolve, { startImmediately: true })
      const patient = yield* Effect.forkChild(resolve, { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(impatient)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(patient), ["10.0.0.1"])
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("that nobody answers for fails after ten seconds", () =>
    Effect.gen(function*() {
      const { answers, resolve } = yield* setUp
      answers(Effect.never)
      const resolving = yield* Effect.forkChild(resolve, { startImmediately: true })
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(resolving.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(resolving), "EAI_AGAIN")
    }))

  it.effect("waits for a slow file system at first, and not for one that is silent later", () =>
    Effect.gen(function*() {
      const files = Files.make({ "/hosts": "10.0.0.5 a.example b.example" })
      files.stall()
      const resolve = yield* Effect.provide(Resolver.make({ ...Resolver.defaults, hostsFile: "/hosts" }), files.layer)
      const resolving = yield* Effect.forkChild(resolve("a.example"), { startImmediately: true })
      yield* TestClock.adjust("4 seconds")
      files.stall(false)
      assert.deepStrictEqual(yield* Fiber.join(resolving), ["10.0.0.5"])
      files.stall()
      const again = yield* Effect.forkChild(resolve("b.example"), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(again), ["10.0.0.5"])
    }))

  it.effect("that nobody answers for any more stays what it was, for an hour", () =>
    Effect.gen(function*() {
      const { answers, asked, resolve } = yield* setUp
      yield* resolve
      answers(Effect.never)
      yield* TestClock.adjust("59 minutes")
      const resolving = yield* Effect.forkChild(resolve, { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(resolving), ["10.0.0.1"])
      assert.deepStrictEqual(yield* resolve, ["10.0.0.1"])
      assert.strictEqual(asked.length, 2)
      answers(Effect.fail("ESERVFAIL"))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* resolve, "EAI_AGAIN")
    }))

  it.effect("that is gone is gone at once", () =>
    Effect.gen(function*() {
      const { answers, resolve } = yield* setUp
      yield* resolve
      answers(Effect.fail("ENOTFOUND"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* resolve, "ENOTFOUND")
      answers(Effect.fail("ESERVFAIL"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* resolve, "EAI_AGAIN")
    }))

  it.effect("is forgotten after many others", () =>
    Effect.gen(function*() {
      const { asked, resolve, resolveOther } = yield* setUp
      yield* resolve
      yield* Effect.forEach(Array(9).keys(), (index) => resolveOther(`${index}.example`))
      yield* resolve
      assert.strictEqual(asked.length, 10)
      yield* resolveOther("last.example")
      yield* resolve
      assert.strictEqual(asked.length, 12)
    }))
})
