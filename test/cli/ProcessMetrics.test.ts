import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Metric, Scope } from "effect"
import * as ProcessMetrics from "../../src/cli/ProcessMetrics.ts"
import { ownRegistry } from "../delivery/observations.ts"

const values = Effect.map(
  Metric.snapshot,
  (all) =>
    new Map(
      all.map(({ id, state }) => [id, "value" in state ? state.value : "count" in state ? state.count : undefined])
    )
)

describe("ProcessMetrics", () => {
  it.effect("are true, and there as long as they are asked for", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* ProcessMetrics.observe.pipe(Scope.provide(scope))
      const seen = yield* values
      const between = (name: string, least: number, most: number) => {
        const value = Number(seen.get(name))
        assert.isTrue(value >= least && value <= most, `${name} is ${value}`)
      }
      const { heapTotal, rss } = process.memoryUsage()
      const { system, user } = process.cpuUsage()
      between("process_resident_memory_bytes", rss / 2, rss * 2)
      between("nodejs_heap_size_total_bytes", heapTotal / 2, heapTotal * 2)
      between("nodejs_heap_size_used_bytes", 1, Number(seen.get("nodejs_heap_size_limit_bytes")))
      between("process_cpu_seconds_total", 0.001, (user + system) / 1e6)
      between("process_start_time_seconds", 1, Math.round(performance.timeOrigin) / 1000)
      between("nodejs_eventloop_lag_p99_seconds", 0, Number(seen.get("nodejs_eventloop_lag_max_seconds")))
      assert.strictEqual(seen.get("nodejs_version_info"), 1)
      if (process.platform === "linux") {
        between("process_open_fds", 3, Number(seen.get("process_max_fds")))
        between("process_virtual_memory_bytes", rss, Infinity)
      }
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* values).size, 0)
    }).pipe(ownRegistry))
})
