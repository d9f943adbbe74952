import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Tally from "../../src/telemetry/Tally.ts"
import { withLog } from "../delivery/observations.ts"

/** A tally of its own scope, and what it has told as `example: amount`. */
const setUp = Effect.fnUntraced(
  function*(saying: (told: ReadonlyArray<string>) => Effect.Effect<void> = () => Effect.void, singly?: number) {
    const told: Array<string> = []
    const scope = yield* Scope.make()
    const tally = yield* Tally.make(
      (amount, example: string) =>
        Effect.andThen(saying(told), Effect.sync(() => void told.push(`${example}: ${amount}`))),
      singly
    ).pipe(Scope.provide(scope))
    return {
      told,
      note: (kind: string, amount = 1, example = kind) => tally.note(kind, amount, example),
      close: Scope.close(scope, Exit.void)
    }
  }
)

describe("Tally", () => {
  it.effect("tells the first of a kind at once, and then a sum a minute with the newest example", () =>
    Effect.gen(function*() {
      const { note, told } = yield* setUp()
      yield* note("a", 3, "first")
      assert.deepStrictEqual(told, ["first: 3"])
      yield* note("a", 1, "second")
      yield* TestClock.adjust("59999 millis")
      yield* note("a", 5, "third")
      assert.deepStrictEqual(told, ["first: 3"])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(told, ["first: 3", "third: 6"])
      yield* note("a", 7, "fourth")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["first: 3", "third: 6", "fourth: 7"])
    }))

  it.effect("tells in the name of who has made it, whoever notes", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const of = (component: string) => Effect.annotateLogs({ component })
        const tally = yield* Tally.make((_, example: string) => Effect.logWarning(example)).pipe(of("a"))
        yield* tally.note("kind", 1, "at once").pipe(of("b"))
        yield* tally.note("kind", 1, "in a sum").pipe(of("b"))
        yield* TestClock.adjust(Tally.interval)
        assert.deepStrictEqual(log.map(({ annotations, message }) => [message, annotations["component"]]), [
          ["at once", "a"],
          ["in a sum", "a"]
        ])
      })
    ))

  it.effect("tells kinds apart", () =>
    Effect.gen(function*() {
      const { note, told } = yield* setUp()
      for (let count = 0; count < 3; count++) {
        yield* note("a")
        yield* note("b", 10)
      }
      assert.deepStrictEqual(told, ["a: 1", "b: 10"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["a: 1", "b: 10", "a: 2", "b: 20"])
    }))

  it.effect("tells as many as it is told to by themselves, until a minute was quiet", () =>
    Effect.gen(function*() {
      const { note, told } = yield* setUp(undefined, 2)
      for (let amount = 1; amount <= 4; amount++) yield* note("a", amount)
      assert.deepStrictEqual(told, ["a: 1", "a: 2"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told.slice(2), ["a: 7"])
      yield* note("a", 5)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(told.slice(3), ["a: 5"])
      yield* note("a", 6)
      yield* TestClock.adjust("1 minute")
      yield* note("a", 7)
      yield* note("a", 8)
      assert.deepStrictEqual(told.slice(4), ["a: 6", "a: 7", "a: 8"])
    }))

  it.effect("has nothing to tell of a quiet minute, and after it tells at once again", () =>
    Effect.gen(function*() {
      const { note, told } = yield* setUp()
      yield* note("a")
      yield* note("a")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["a: 1", "a: 1"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["a: 1", "a: 1"])
      yield* note("a", 4)
      assert.deepStrictEqual(told, ["a: 1", "a: 1", "a: 4"])
    }))

  it.effect("tells what it has counted when its scope closes, and no more", () =>
    Effect.gen(function*() {
      const { close, note, told } = yield* setUp()
      yield* note("a")
      yield* note("b")
      yield* note("a", 6)
      yield* close
      assert.deepStrictEqual(told, ["a: 1", "b: 1", "a: 6"])
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(told.length, 3)
    }))

  it.effect("tells what it was about to tell when its scope closed", () =>
    Effect.gen(function*() {
      const { close, note, told } = yield* setUp((told) => told.length === 0 ? Effect.void : Effect.sleep("1 second"))
      yield* note("a")
      yield* note("a", 6)
      yield* TestClock.adjust("60500 millis")
      yield* Effect.forkChild(close, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(told, ["a: 1", "a: 6"])
    }))

  it.effect("goes on after a defect of whoever is told", () =>
    Effect.gen(function*() {
      let isBroken = false
      const { note, told } = yield* setUp(() => isBroken ? Effect.die("no disk") : Effect.void)
      yield* note("a")
      yield* note("a")
      isBroken = true
      yield* TestClock.adjust("1 minute")
      isBroken = false
      yield* note("a", 5)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told.at(-1), "a: 5")
    }))

  it.effect.prop(
    "tells everything, in at most two lines a minute for each kind",
    {
      notes: Arbitrary.array(
        Arbitrary.schema(Schema.Struct({
          after: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30_000 })),
          kind: Schema.Literals(["a", "b"]),
          amount: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 }))
        })),
        { maxLength: 40 }
      )
    },
    ({ notes }) =>
      Effect.gen(function*() {
        const { close, note, told } = yield* setUp()
        let minutes = 1
        let elapsed = 0
        for (const { after, amount, kind } of notes) {
          yield* TestClock.adjust(after)
          elapsed += after
          minutes = Math.floor(elapsed / 60_000) + 1
          yield* note(kind, amount)
        }
        yield* close
        for (const kind of ["a", "b"]) {
          const lines = told.filter((line) => line.startsWith(kind))
          const sum = (amounts: ReadonlyArray<number>) => amounts.reduce((total, amount) => total + amount, 0)
          assert.strictEqual(
            sum(lines.map((line) => Number(line.split(": ")[1]))),
            sum(notes.filter((note) => note.kind === kind).map(({ amount }) => amount))
          )
          assert.isAtMost(lines.length, 2 * minutes)
        }
      })
  )
})
