import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import * as Health from "../../src/telemetry/Health.ts"
import * as Outages from "../../src/telemetry/Outages.ts"

/** Outages, and what is told of them in the order it happens. */
const setUp = Effect.gen(function*() {
  const told: Array<string> = []
  const reporter: Health.Reporter = {
    problem: (about, message) => Effect.sync(() => told.push(`health of ${about}: ${message}`))
  }
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    const annotations = JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))
    told.push(`${logLevel}: ${message} ${annotations}`)
  })
  const outages = yield* Effect.provideService(Outages.make, Health.Reporter, reporter)
  const take = Effect.sync(() => told.splice(0))
  const { begin, end } = outages
  const logged = Effect.provide(Logger.layer([logger]))
  return {
    begin: (what: string, reason: string) => logged(begin(what, reason)),
    end: (what: string) => logged(end(what)),
    take
  }
})

describe("Outages", () => {
  it.effect("are told once when they begin and once when they are over, in health and log", () =>
    Effect.gen(function*() {
      const { begin, end, take } = yield* setUp
      for (let count = 0; count < 3; count++) yield* begin("cannot write files", "no space")
      assert.deepStrictEqual(yield* take, [
        "health of cannot write files: cannot write files: no space",
        "Warn: cannot write files {\"err\":\"no space\"}"
      ])
      for (let count = 0; count < 3; count++) yield* end("cannot write files")
      assert.deepStrictEqual(yield* take, [
        "health of cannot write files: undefined",
        "Info: recovered {\"from\":\"cannot write files\"}"
      ])
    }))

  it.effect("that have another reason now show it in health, and are not logged again", () =>
    Effect.gen(function*() {
      const { begin, take } = yield* setUp
      yield* begin("cannot write files", "no space")
      yield* take
      yield* begin("cannot write files", "no permission")
      yield* begin("cannot write files", "no permission")
      assert.deepStrictEqual(yield* take, ["health of cannot write files: cannot write files: no permission"])
    }))

  it.effect("that never began do not end", () =>
    Effect.gen(function*() {
      const { end, take } = yield* setUp
      yield* end("cannot write files")
      assert.deepStrictEqual(yield* take, [])
    }))

  it.effect("are told apart, and begin again", () =>
    Effect.gen(function*() {
      const { begin, end, take } = yield* setUp
      yield* begin("a", "1")
      yield* begin("b", "1")
      yield* end("a")
      yield* begin("a", "1")
      yield* end("b")
      assert.deepStrictEqual(yield* take, [
        "health of a: a: 1",
        "Warn: a {\"err\":\"1\"}",
        "health of b: b: 1",
        "Warn: b {\"err\":\"1\"}",
        "health of a: undefined",
        "Info: recovered {\"from\":\"a\"}",
        "health of a: a: 1",
        "Warn: a {\"err\":\"1\"}",
        "health of b: undefined",
        "Info: recovered {\"from\":\"b\"}"
      ])
    }))
})
