import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Labels from "../../src/profile/Labels.ts"
import * as TargetReport from "../../src/scrape/TargetReport.ts"
import * as DebugInfo from "../../src/telemetry/DebugInfo.ts"
import { state } from "./targets.ts"

describe("TargetReport", () => {
  it("has of a target what is known of it, and no secret", () => {
    assert.deepStrictEqual(TargetReport.row(state(), 5000), {
      job: "",
      url: "http://app.example:6060/debug/pprof/allocs",
      type: "memory",
      health: "unknown",
      labels: { instance: "app.example:6060", service_name: "app" },
      last_error: null,
      last_scrape: null,
      last_scrape_duration: null,
      last_size_bytes: null,
      last_profile: null,
      last_profile_age_seconds: null,
      scrapes: 0,
      failures: 0,
      skipped: 0,
      baseline_bytes: 0
    })
    const known = state({
      health: "down",
      lastError: "server returned HTTP status (404)",
      lastScrape: 2000,
      lastDuration: 12.5,
      lastSize: 345,
      lastProfile: 1000,
      scrapes: 3,
      failures: 2,
      skipped: 1,
      baselineBytes: 99
    }, { path: "/p?token=s3cret", common: Labels.make({ __param_token: "s3cret", job: "shop" }) })
    assert.deepStrictEqual(TargetReport.row(known, 5000), {
      job: "shop",
      url: "http://app.example:6060/p?token=***",
      type: "memory",
      health: "down",
      labels: { job: "shop" },
      last_error: "server returned HTTP status (404)",
      last_scrape: "1970-01-01T00:00:02.000Z",
      last_scrape_duration: 0.0125,
      last_size_bytes: 345,
      last_profile: "1970-01-01T00:00:01.000Z",
      last_profile_age_seconds: 4,
      scrapes: 3,
      failures: 2,
      skipped: 1,
      baseline_bytes: 99
    })
  })

  it.effect("shows all targets in numbers, and a hundred of them, those that are down before others", () =>
    Effect.gen(function*() {
      const states = [
        ...Array.from({ length: 500 }, () => state({ health: "up" })),
        ...Array.from({ length: 60 }, () => state()),
        ...Array.from({ length: 30 }, () => state({ health: "down" }))
      ]
      let read: (() => DebugInfo.Info) | undefined
      yield* TargetReport.show(() => states).pipe(
        Effect.provideService(DebugInfo.Reporter, {
          show: (shown) => Effect.sync(() => void (read = shown))
        })
      )
      yield* TestClock.adjust("1 second")
      const { target, targets } = read!()
      assert.deepStrictEqual(targets, { up: 500, down: 30, unknown: 60 })
      const healths = (target as ReadonlyArray<TargetReport.Row>).map(({ health }) => health)
      assert.deepStrictEqual(healths, [
        ...Array.from({ length: 30 }, () => "down" as const),
        ...Array.from({ length: 60 }, () => "unknown" as const),
        ...Array.from({ length: 10 }, () => "up" as const)
      ])
    }).pipe(Effect.scoped))
})
