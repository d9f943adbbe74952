import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Logger, Random } from "effect"
import { TestClock } from "effect/testing"
import * as Drain from "../../src/delivery/Drain.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const dead = () => Effect.fail(errors.serverFailure(503))
const fine = () => Effect.void

/** Returns once what may be sent of them is in flight. */
const offerAll = (lane: Effect.Success<ReturnType<typeof lanes.make>>, names: string) =>
  Effect.forEach(names.split(""), (name) => Effect.tap(lane.offer(name), () => TestClock.adjust(0)))

describe("Lane", () => {
  describe("a defect", () => {
    const others = Effect.fnUntraced(function*(options: lanes.Options) {
      const lane = yield* lanes.make(fine, { concurrency: 1, ...options })
      const outcomes = yield* offerAll(lane, "abcde")
      yield* TestClock.adjust("1 minute")
      return (yield* Effect.all(outcomes)).map(({ _tag }) => _tag).join(" ")
    })
    const delivered = Array(5).fill("Delivered").join(" ")

    it.effect.each([
      { what: "a push that dies", push: Effect.die(new Error("a bug")) },
      { what: "a push that interrupts itself", push: Effect.interrupt }
    ])("of $what costs that profile alone", ({ push }) =>
      Effect.gen(function*() {
        const lane = yield* lanes.make((name) => name === "a" ? push : fine(), { concurrency: 1 })
        const outcomes = yield* offerAll(lane, "abcde")
        assert.deepStrictEqual(yield* outcomes[0]!, { _tag: "Dropped", endpoint: errors.endpoint, reason: "defect" })
        assert.deepStrictEqual(
          (yield* Effect.all(outcomes.slice(1))).map(({ _tag }) => _tag),
          Array(4).fill("Delivered")
        )
      }))

    for (const event of ["opened", "closed", "retried", "settled"] as const) {
      for (
        const [what, defect] of [
          ["dies", () => Effect.die(new Error("a bug"))],
          ["throws", () => {
            throw new Error("a bug")
          }]
        ] as const
      ) {
        it.effect(`of an observer that ${what} at "${event}" costs nothing`, () =>
          Effect.gen(function*() {
            let isFirst = true
            const once = () => {
              if (!isFirst) return Effect.void
              isFirst = false
              return defect()
            }
            const lane = yield* lanes.make((_, attempt) => attempt < 2 ? dead() : fine(), {
              concurrency: 1,
              observer: { [event]: once }
            })
            const outcomes = yield* offerAll(lane, "abcde")
            yield* TestClock.adjust("1 minute")
            assert.strictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag).join(" "), delivered)
            assert.isFalse(isFirst)
          }))
      }
    }

    it.effect("of anything else on the way costs that profile alone", () =>
      Effect.gen(function*() {
        let isBroken = true
        const random = {
          nextIntUnsafe: () => 0,
          nextDoubleUnsafe: () => {
            if (!isBroken) return 0.5
            isBroken = false
            throw new Error("no entropy")
          }
        }
        const lane = yield* lanes.make((_, attempt) => attempt === 0 ? dead() : fine(), { concurrency: 1 }).pipe(
          Effect.provideService(Random.Random, random)
        )
        const outcomes = yield* offerAll(lane, "abc")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), [
          "Dropped",
          "Delivered",
          "Delivered"
        ])
      }))

    it.effect("of whoever counts the losses costs nothing", () =>
      Effect.gen(function*() {
        const drain = {
          ...Drain.within(Duration.zero),
          lost: () => {
            throw new Error("a bug")
          }
        }
        const lane = yield* lanes.make((name) => name === "a" ? Effect.fail(errors.rejected()) : fine(), { drain })
        const outcomes = yield* offerAll(lane, "abcde")
        assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), [
          "Failed",
          ...Array(4).fill("Delivered")
        ])
      }))

    it.effect("of an application's logger costs nothing", () =>
      Effect.gen(function*() {
        const broken = Logger.layer([Logger.make(() => {
          throw new Error("the disk is full")
        })])
        const observer = { settled: () => Effect.logInfo("settled") }
        assert.strictEqual(yield* Effect.provide(others({ observer }), broken), delivered)
      }))
  })
})
