import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as TargetLog from "../../src/scrape/TargetLog.ts"
import { withLog } from "../delivery/observations.ts"
import { state } from "./targets.ts"

describe("TargetLog", () => {
  it.effect("says when a target begins to fail and when it is over, and nothing of what goes on in between", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const { failed, succeeded } = yield* TargetLog.make
        const one = state({}, { path: "/debug/pprof/mutex?token=s3cret", type: "mutex" })
        yield* succeeded(one)
        for (const reason of ["not_found", "timeout", "not_found"] as const) {
          one.lastError = `it was ${reason}`
          yield* failed(one, reason)
          yield* TestClock.adjust("15 seconds")
        }
        one.lastError = undefined
        for (let scrape = 0; scrape < 20; scrape++) {
          yield* succeeded(one)
          yield* TestClock.adjust("15 seconds")
        }
        const about = { target: "http://app.example:6060/debug/pprof/mutex?token=***", type: "mutex" }
        assert.deepStrictEqual(log.map(({ annotations, level, message }) => ({ level, message, annotations })), [
          {
            level: "Warn",
            message: "cannot scrape",
            annotations: {
              ...about,
              reason: "not_found",
              err: "it was not_found",
              hint: "a type of profile that the targets do not have can be disabled"
            }
          },
          { level: "Info", message: "scrapes succeed again", annotations: about }
        ])
      })
    ))

  it.effect("names the first of many that change together and counts the rest", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const { failed, succeeded } = yield* TargetLog.make
        const all = Array.from({ length: 5000 }, (_, index) =>
          state({ lastError: "no route" }, { id: String(index), origin: `http://app-${index}.example` }))
        const amounts = () =>
          log.map(({ annotations: { targets = 1 }, message }) => `${message}: ${targets}`)
        yield* Effect.forEach(all, (one) => failed(one, "unreachable"), { discard: true })
        yield* failed(state({}, { type: "mutex" }), "not_found")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(amounts(), [
          ...Array.from({ length: 11 }, () => "cannot scrape: 1"),
          "cannot scrape: 4990"
        ])
        const { example, ...others } = log.at(-1)!.annotations
        assert.match(String(example), /^http:\/\/app-\d+\.example\/debug\/pprof\/allocs$/)
        assert.deepStrictEqual(others, { targets: 4990, type: "memory", reason: "unreachable", err: "no route" })
        yield* Effect.forEach(all, succeeded, { discard: true })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(amounts().slice(12), [
          ...Array.from({ length: 10 }, () => "scrapes succeed again: 1"),
          "scrapes succeed again: 4990"
        ])
      })
    ))
})
