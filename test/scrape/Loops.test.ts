import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Scope } from "effect"
import type { Scraper } from "../../src/scrape/Loop.ts"
import * as Loops from "../../src/scrape/Loops.ts"
import { target } from "./targets.ts"

const targets = Array.from({ length: 2000 }, (_, index) => target({ id: String(index) }))

/** Takes some. `begun` is how many loops have asked for their interval, as each does when it begins. */
const take = Effect.fnUntraced(function*(loops: Loops.Loops, some = targets) {
  let begun = 0
  const settings = {
    get interval() {
      begun++
      return Duration.seconds(15)
    }
  }
  const scope = yield* Scope.make()
  yield* Scope.provide(loops.take(some, { settings } as unknown as Scraper), scope)
  return { begun: () => begun, close: Scope.close(scope, Exit.void) }
})

const count = (loops: Loops.Loops): number => Array.from(loops.states()).length

describe("Loops", () => {
  it.effect("has all targets at once, and begins with many of them bit by bit, for which nobody waits", () =>
    Effect.gen(function*() {
      const loops = yield* Loops.of(undefined)
      const { begun, close } = yield* take(loops)
      assert.strictEqual(count(loops), targets.length)
      assert.isBelow(begun(), targets.length / 2)
      yield* Effect.repeat(Effect.yieldNow, { until: () => begun() === targets.length })
      yield* close
      assert.strictEqual(count(loops), 0)
    }).pipe(Effect.scoped))

  it.effect("begins with those that the one before had not come to", () =>
    Effect.gen(function*() {
      const loops = yield* Loops.of(undefined)
      const first = yield* take(loops)
      const second = yield* take(loops, targets.slice(-300))
      yield* first.close
      yield* Effect.repeat(Effect.yieldNow, { until: () => second.begun() === 300 })
      assert.strictEqual(count(loops), 300)
      yield* second.close
      assert.strictEqual(count(loops), 0)
    }).pipe(Effect.scoped))
})
