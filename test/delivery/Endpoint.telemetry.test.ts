import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Metric, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Outbound from "../../src/delivery/Outbound.ts"
import * as PushError from "../../src/delivery/PushError.ts"
import { DropReason } from "../../src/delivery/Receipt.ts"
import { defaults } from "../../src/delivery/RetrySchedule.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as endpoints from "./endpoints.ts"
import { ownRegistry } from "./observations.ts"

const { answer, silence } = ScriptedServer

const { offer } = endpoints

/** Every metric as `name{attribute=value}`, but for the endpoint, which all have. */
const metrics = Effect.map(Metric.snapshot, (snapshot) =>
  Object.fromEntries(snapshot.map((metric) => {
    const { endpoint, ...others } = metric.attributes as Readonly<Record<string, string>>
    assert.strictEqual(endpoint, "http://pyroscope.example:4040")
    const labels = Object.entries(others).map(([name, value]) => `${name}=${value}`).join(",")
    return [labels === "" ? metric.id : `${metric.id}{${labels}}`, valueOf(metric)]
  })))

/** Of a histogram the number and the sum. */
const valueOf = (metric: Metric.Metric.Snapshot): unknown => {
  if (metric.type === "Histogram") return [metric.state.count, metric.state.sum]
  return metric.type === "Gauge" ? metric.state.value : metric.type === "Counter" ? metric.state.count : undefined
}

/** What has been counted or measured. */
const happened = Effect.map(
  metrics,
  (all) =>
    Object.fromEntries(Object.entries(all).filter(([, value]) => Array.isArray(value) ? value[0] !== 0 : value !== 0))
)

describe("Endpoint", () => {
  describe("metrics", () => {
    it.effect("are there before anything happens, with every reason, and gone with the endpoint", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const other = yield* Scope.make()
        yield* endpoints.make().pipe(Scope.provide(scope))
        const all = yield* metrics
        assert.deepStrictEqual(yield* happened, {
          pyroscope_write_endpoint_up: 1,
          pyroscope_write_queue_max_bytes: 64 * 1024 * 1024
        })
        for (const reason of [...PushError.tags, ...DropReason.literals]) {
          assert.strictEqual(all[`pyroscope_write_dropped_profiles_total{reason=${reason}}`], 0, reason)
          assert.strictEqual(all[`pyroscope_write_dropped_bytes_total{reason=${reason}}`], 0, reason)
        }
        assert.strictEqual(all["pyroscope_write_push_failures_total{reason=AuthError}"], 0)
        assert.strictEqual(all["pyroscope_write_sent_profiles_total"], 0)
        assert.deepStrictEqual(all["pyroscope_write_latency{type=push_endpoint}"], [0, 0])

        const { lane } = yield* endpoints.makeEndpoint().pipe(Scope.provide(other))
        yield* yield* offer(lane)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* metrics)["pyroscope_write_sent_profiles_total"], 1)
        yield* Scope.close(other, Exit.void)
        assert.deepStrictEqual(yield* metrics, {})
      }).pipe(endpoints.against(), ownRegistry))

    it.effect("count what was delivered, per attempt and in all", () =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        const outcome = yield* offer(lane, endpoints.outbound(1234))
        yield* TestClock.adjust("1 minute")
        yield* outcome
        assert.deepStrictEqual(yield* happened, {
          pyroscope_write_sent_bytes_total: 1234,
          pyroscope_write_sent_profiles_total: 1,
          pyroscope_write_retries_total: 1,
          "pyroscope_write_push_failures_total{reason=ServerFailure}": 1,
          "pyroscope_write_latency{type=push_downstream}": [2, 5],
          "pyroscope_write_latency{type=push_endpoint}": [1, 5.5],
          pyroscope_write_endpoint_up: 1,
          pyroscope_write_queue_max_bytes: 64 * 1024 * 1024
        })
      }).pipe(
        endpoints.against([Effect.delay(answer(503), "2 seconds"), Effect.delay(answer(200), "3 seconds")]),
        ownRegistry
      ))

    it.effect("count the profiles of a series, and tell /ingest from pushes", () =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        const sample = { id: "", profile: new Uint8Array(10) }
        const labels = Labels.make({ service_name: "checkout" })
        yield* yield* offer(lane, Outbound.make(Profile.series(labels, [sample, sample, sample]), {}))
        const body = new Uint8Array(7)
        yield* yield* offer(
          lane,
          Outbound.make(Profile.ingest({ labels, query: "", contentType: undefined, body }), {})
        )
        const all = yield* metrics
        assert.strictEqual(all["pyroscope_write_sent_profiles_total"], 4)
        assert.strictEqual(all["pyroscope_write_sent_bytes_total"], 37)
        for (const type of ["push_downstream", "push_endpoint", "ingest_downstream", "ingest_endpoint"]) {
          assert.deepStrictEqual(all[`pyroscope_write_latency{type=${type}}`], [1, 0], type)
        }
      }).pipe(endpoints.against(), ownRegistry))

    it.effect("count what was lost by its reason", () =>
      Effect.gen(function*() {
        const { size } = endpoints.outbound(100)
        const lane = yield* endpoints.make({
          lane: {
            queue: { maxBytes: size, whenFull: "drop_newest" },
            retry: { ...defaults, maxRetries: 1, jitter: false }
          }
        })
        const lost = [yield* offer(lane), yield* offer(lane)]
        yield* TestClock.adjust("1 minute")
        yield* Effect.all(lost)
        yield* yield* offer(lane)
        yield* yield* offer(lane)
        const all = yield* metrics
        for (const reason of ["queue_full", "ServerFailure", "Rejected", "defect"]) {
          assert.strictEqual(all[`pyroscope_write_dropped_profiles_total{reason=${reason}}`], 1, reason)
          assert.strictEqual(all[`pyroscope_write_dropped_bytes_total{reason=${reason}}`], 100, reason)
        }
        assert.strictEqual(all["pyroscope_write_sent_profiles_total"], 0)
      }).pipe(
        endpoints.against([
          Effect.delay(answer(500), 1),
          Effect.delay(answer(500), 1),
          answer(422),
          Effect.die("a bug")
        ]),
        ownRegistry
      ))

    it.effect("show the queue as long as the endpoint is there", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const lane = yield* endpoints.make({ lane: { concurrency: 1 } }).pipe(Scope.provide(scope))
        const outcomes = [yield* offer(lane), yield* offer(lane)]
        yield* TestClock.adjust("3 seconds")
        const during = yield* metrics
        assert.strictEqual(during["pyroscope_write_queue_profiles"], 2)
        assert.strictEqual(during["pyroscope_write_queue_bytes"], 2 * endpoints.outbound().size)
        assert.strictEqual(during["pyroscope_write_queue_oldest_seconds"], 3)
        assert.strictEqual(during["pyroscope_write_in_flight_profiles"], 1)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), ["Dropped", "Dropped"])
        assert.deepStrictEqual(yield* metrics, {})
      }).pipe(endpoints.against(() => silence), ownRegistry))

    it.effect("show whether the endpoint fails, and the pause that really is", () =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        const { requests } = yield* ScriptedServer.ScriptedServer
        for (let count = 0; count < 20; count++) yield* Effect.asVoid(offer(lane))
        for (const pause of [0.5, 1, 2, 4, 8]) {
          yield* TestClock.adjust(0)
          const made = requests.length
          const now = yield* Clock.currentTimeMillis
          const all = yield* metrics
          assert.strictEqual(all["pyroscope_write_endpoint_up"], 0)
          assert.strictEqual(all["pyroscope_write_endpoint_pause_seconds"], pause)
          yield* TestClock.adjust(pause * 1000 - 1)
          assert.strictEqual((yield* metrics)["pyroscope_write_endpoint_pause_seconds"], 0.001)
          assert.strictEqual(requests.length, made)
          yield* TestClock.adjust(1)
          assert.deepStrictEqual(requests.slice(made).map(({ at }) => at), [now + pause * 1000])
        }
        yield* TestClock.adjust("2 minutes")
        const all = yield* metrics
        assert.strictEqual(all["pyroscope_write_endpoint_up"], 1)
        assert.strictEqual(all["pyroscope_write_endpoint_pause_seconds"], 0)
      }).pipe(endpoints.against(({ at }) => answer(at > 16_000 ? 200 : 503)), ownRegistry))

    it.effect("tell endpoints with one URL apart by their names", () =>
      Effect.gen(function*() {
        const lanes = yield* Effect.forEach(["a", "b"], (name) => endpoints.make({ name }))
        yield* Effect.asVoid(offer(lanes[0]!))
        yield* Effect.asVoid(offer(lanes[0]!))
        yield* Effect.asVoid(offer(lanes[1]!))
        yield* TestClock.adjust("1 second")
        const all = yield* metrics
        assert.strictEqual(all["pyroscope_write_queue_profiles{name=a}"], 2)
        assert.strictEqual(all["pyroscope_write_queue_profiles{name=b}"], 1)
      }).pipe(endpoints.against(() => silence), ownRegistry))

    it.effect("show of endpoints that nothing tells apart the sum, and the worst", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const one = yield* endpoints.make().pipe(Scope.provide(scope))
        yield* Effect.asVoid(offer(one))
        yield* TestClock.adjust("2 seconds")
        const other = yield* endpoints.make({ lane: { concurrency: 1 } })
        for (let count = 0; count < 3; count++) yield* Effect.asVoid(offer(other))
        yield* TestClock.adjust("1 second")
        const both = yield* metrics
        assert.strictEqual(both["pyroscope_write_queue_profiles"], 4)
        assert.strictEqual(both["pyroscope_write_queue_oldest_seconds"], 1)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* metrics)["pyroscope_write_queue_profiles"], 3)
      }).pipe(endpoints.against(() => silence), ownRegistry))
  })
})
