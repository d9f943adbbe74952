import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Turns from "../../src/server/Turns.ts"
import { countTurns } from "../support/turns.ts"

/** Asks for all at once; the turn of the event loop in which each began, from 0, in the order in which they did. */
const begun = (turns: Turns.Turns, works: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const turn = countTurns()
    const all: Array<readonly [work: number, turn: number]> = []
    yield* Effect.forEach(
      works,
      (work) => Effect.map(turns(work), () => all.push([work, turn.now()])),
      { concurrency: "unbounded", discard: true }
    )
    turn.stop()
    return all
  })

describe("Turns", () => {
  it.live("spreads what comes together over turns, in order, and begins at once", () =>
    Effect.gen(function*() {
      const all = yield* begun(Turns.make(10), [4, 5, 6, 7, 8, 20, 1])
      assert.deepStrictEqual(all.map(([work]) => work), [4, 5, 6, 7, 8, 20, 1])
      const distinct = (index: number) => all[index]![1] - all[index - 1]![1]
      assert.deepStrictEqual([distinct(1), distinct(2), distinct(4), distinct(6)], [0, 0, 0, 1])
      assert.isAbove(distinct(3), 0)
      assert.isAbove(distinct(5), 0)
    }))

  it.live("does not wait once a turn is over, nor for ever for what has no size", () =>
    Effect.gen(function*() {
      const turns = Turns.make(1)
      for (let round = 0; round < 3; round++) {
        assert.lengthOf(yield* begun(turns, [0, 0, 5]), 3)
        yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
        yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
        assert.deepStrictEqual(yield* begun(turns, [1]), [[1, 0]])
        yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
        yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
      }
    }))
})
