import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Metric, References, Scope } from "effect"
import { HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"
import * as Labels from "../../src/profile/Labels.ts"
import type * as Refusal from "../../src/server/Refusal.ts"
import * as Requests from "../../src/server/Requests.ts"
import * as Log from "../../src/telemetry/Log.ts"
import * as Metrics from "../../src/telemetry/Metrics.ts"
import * as Tally from "../../src/telemetry/Tally.ts"
import { type Line, ownRegistry, withLog } from "../delivery/observations.ts"

const make = Requests.make({ duration: Metrics.requestDuration, refused: Metrics.requestsRefused })

const exchange = (remote: string, given: Partial<Requests.Exchange> = {}): Requests.Exchange => ({
  request: HttpServerRequest.fromWeb(new Request("http://any.example/ingest", { method: "POST" })),
  path: "/ingest",
  route: "ingest",
  remote,
  started: 0,
  bytes: 5,
  labels: undefined,
  ...given
})

const labels = Labels.make({ service_name: "shop" })

const tooLarge: Refusal.Refused = { reason: "too_large", detail: "the body is too large" }

const warnings = (log: ReadonlyArray<Line>): ReadonlyArray<Line["annotations"]> =>
  log.filter(({ level, message }) => level === "Warn" && message === "requests refused")
    .map(({ annotations }) => annotations)

/** How many answers are counted, by route and status. */
const answers = Effect.map(
  Metric.snapshot,
  (all) =>
    Object.fromEntries(all.flatMap(({ attributes = {}, state }) =>
      "status_code" in attributes && "buckets" in state
        ? [[`${attributes["route"]} ${attributes["status_code"]}`, state.count]]
        : []
    ))
)

describe("Requests", () => {
  it.effect("counts answers for as long as it is there, and goes on where another takes its place", () =>
    Effect.gen(function*() {
      const [before, after] = [yield* Scope.make(), yield* Scope.make()]
      const old = yield* make.pipe(Scope.provide(before))
      yield* old.answered(exchange("192.0.2.1"), 200)
      yield* old.answered(exchange("192.0.2.1", { route: "push" }), 413)
      const { answered } = yield* make.pipe(Scope.provide(after))
      yield* Scope.close(before, Exit.void)
      assert.deepStrictEqual(yield* answers, { "ingest 200": 1, "push 413": 1 })
      yield* answered(exchange("192.0.2.1"), 200)
      assert.deepStrictEqual(yield* answers, { "ingest 200": 2, "push 413": 1 })
      yield* Scope.close(after, Exit.void)
      assert.deepStrictEqual(yield* answers, {})
    }).pipe(ownRegistry))

  it.effect("tells the first of each reason and sender that is refused, and then sums", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const { answered, turnedAway } = yield* make
        yield* answered(exchange("::ffff:192.0.2.1", { labels }), 413, tooLarge)
        yield* answered(exchange("192.0.2.1"), 413, tooLarge)
        yield* answered(exchange("192.0.2.1"), 413, tooLarge)
        yield* answered(exchange("192.0.2.2"), 413, tooLarge)
        yield* answered(exchange("192.0.2.1"), 400, { reason: "malformed", detail: "x".repeat(1000) })
        yield* turnedAway({ reason: "connections", detail: "too many" }, undefined)
        yield* answered(exchange("192.0.2.3"), 200)
        const about = { requests: 1, path: "/ingest" }
        const large = { ...about, reason: "too_large", status: 413, err: tooLarge.detail }
        assert.deepStrictEqual(warnings(log), [
          { ...large, remote_addr: "192.0.2.1", service_name: "shop" },
          { ...large, remote_addr: "192.0.2.2" },
          { ...about, reason: "malformed", status: 400, remote_addr: "192.0.2.1", err: `${"x".repeat(200)}...` },
          { requests: 1, reason: "connections", remote_addr: "unknown", err: "too many" }
        ])
        yield* TestClock.adjust(Tally.interval)
        assert.deepStrictEqual(warnings(log).slice(4), [{ ...large, requests: 2, remote_addr: "192.0.2.1" }])
      })
    ).pipe(ownRegistry))

  it.effect("has many senders share their sums, whoever they are", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const { answered } = yield* make
        for (let sender = 0; sender < 10_000; sender++) yield* answered(exchange(`2001:db8::${sender}`), 413, tooLarge)
        assert.lengthOf(warnings(log), Tally.most + 1)
        yield* TestClock.adjust(Tally.interval)
        const [sum, ...others] = warnings(log).slice(Tally.most + 1)
        assert.deepInclude(sum, { remote_addr: "several", requests: 10_000 - Tally.most - 1 })
        assert.lengthOf(others, 0)
      })
    ).pipe(ownRegistry))

  it.effect("tells what a proxy says of the sender, and does not believe it", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const { answered } = yield* make
        for (const forwarded of ["192.0.2.1", "192.0.2.2"]) {
          const headers = { "x-forwarded-for": forwarded }
          const request = HttpServerRequest.fromWeb(new Request("http://any.example/ingest", { headers }))
          yield* answered(exchange("198.51.100.1", { request }), 413, tooLarge)
        }
        assert.lengthOf(warnings(log), 1)
        assert.deepInclude(warnings(log)[0], { remote_addr: "198.51.100.1", forwarded_for: "192.0.2.1" })
      })
    ).pipe(ownRegistry))

  it.effect("tells every request where debug is wanted, and makes no line where it is not", () =>
    withLog((log) =>
      Effect.gen(function*() {
        const { answered } = yield* make
        const quiet = { ...Log.make(() => {}), wants: () => false }
        const one = exchange("192.0.2.1", { labels })
        yield* Effect.provideService(answered(one, 200), Log.Log, quiet)
        yield* Effect.provideService(answered(one, 200), References.MinimumLogLevel, "Info")
        assert.lengthOf(log, 0)
        yield* TestClock.adjust("1500 millis")
        yield* answered(one, 200)
        assert.deepStrictEqual(log.map(({ level, message }) => `${level} ${String(message)}`), ["Debug request"])
        assert.deepStrictEqual(log[0]!.annotations, {
          method: "POST",
          path: "/ingest",
          service_name: "shop",
          remote_addr: "192.0.2.1",
          status: 200,
          bytes: 5,
          duration: "1500.0ms"
        })
      })
    ).pipe(ownRegistry))
})
