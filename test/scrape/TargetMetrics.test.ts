import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Metric, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as ScrapeError from "../../src/scrape/ScrapeError.ts"
import * as TargetMetrics from "../../src/scrape/TargetMetrics.ts"
import type { TargetState } from "../../src/scrape/TargetState.ts"
import { ownRegistry } from "../delivery/observations.ts"
import { state } from "./targets.ts"

/** Every series as `name{attribute=value}`, without what they all begin with. */
const metrics = Effect.map(Metric.snapshot, (snapshot) =>
  Object.fromEntries(snapshot.map((metric) => {
    const labels = Object.entries(metric.attributes ?? {}).map(([name, value]) => `${name}=${value}`).join(",")
    return [`${metric.id.replace("pyroscope_scrape_", "")}{${labels}}`, valueOf(metric)]
  })))

const valueOf = (metric: Metric.Metric.Snapshot): unknown => {
  if (metric.type === "Histogram") return [metric.state.count, metric.state.sum]
  return metric.type === "Gauge" ? metric.state.value : metric.type === "Counter" ? metric.state.count : undefined
}

describe("TargetMetrics", () => {
  it.effect("count what has come, by type, and what has not, by reason besides", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const counted = yield* TargetMetrics.make(["memory"]).pipe(Scope.provide(scope))
      const none = yield* metrics
      const failures = ScrapeError.kinds.map((reason) => [`failures_total{type=memory,reason=${reason}}`, 0])
      assert.deepStrictEqual(none, {
        "scrapes_total{type=memory}": 0,
        "skipped_total{type=memory}": 0,
        "refused_total{type=memory}": 0,
        "bytes_total{type=memory}": 0,
        "duration_seconds{type=memory}": [0, 0],
        ...Object.fromEntries(failures)
      })
      counted.succeeded("memory", { seconds: 0.5, bytes: 1000 })
      counted.succeeded("memory", { seconds: 1.5, bytes: 234 })
      counted.refused("memory")
      counted.failed("memory", "timeout")
      counted.failed("memory", "timeout")
      counted.failed("memory", "not_found")
      counted.skipped("memory", 3)
      assert.deepStrictEqual(yield* metrics, {
        ...none,
        "scrapes_total{type=memory}": 5,
        "failures_total{type=memory,reason=timeout}": 2,
        "failures_total{type=memory,reason=not_found}": 1,
        "skipped_total{type=memory}": 3,
        "refused_total{type=memory}": 1,
        "bytes_total{type=memory}": 1234,
        "duration_seconds{type=memory}": [2, 2]
      })
      counted.skipped("mutex", 1)
      assert.include(yield* metrics, { "skipped_total{type=mutex}": 1 })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* metrics, {})
    }).pipe(ownRegistry))

  it.effect("show how the targets of each type are, going through them once whenever somebody looks", () =>
    Effect.gen(function*() {
      const memory = state({ health: "up", baselineBytes: 10, lastProfile: 1000 })
      const states: Array<TargetState> = [
        memory,
        state({ health: "up", baselineBytes: 5, lastProfile: 4000 }),
        state({ health: "down" }),
        state({}, { type: "mutex" })
      ]
      let reads = 0
      const read = () => {
        reads++
        return states
      }
      yield* TargetMetrics.observe(["memory", "mutex"], read)
      yield* TestClock.adjust("5 seconds")
      const before = {
        "targets{type=memory,health=up}": 2,
        "targets{type=memory,health=down}": 1,
        "targets{type=memory,health=unknown}": 0,
        "baseline_bytes{type=memory}": 15,
        "oldest_profile_seconds{type=memory}": 4,
        "targets{type=mutex,health=up}": 0,
        "targets{type=mutex,health=down}": 0,
        "targets{type=mutex,health=unknown}": 1,
        "baseline_bytes{type=mutex}": 0,
        "oldest_profile_seconds{type=mutex}": 0
      }
      assert.deepStrictEqual(yield* metrics, before)
      assert.strictEqual(reads, 1)
      states.pop()
      memory.lastProfile = 5000
      yield* Effect.promise(() => Promise.resolve())
      assert.deepStrictEqual(yield* metrics, {
        ...before,
        "targets{type=mutex,health=unknown}": 0,
        "oldest_profile_seconds{type=memory}": 1
      })
      assert.strictEqual(reads, 2)
    }).pipe(Effect.scoped, ownRegistry))
})
