import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Lane } from "../../src/delivery/Lane.ts"
import { defaults } from "../../src/delivery/RetrySchedule.ts"
import * as Health from "../../src/telemetry/Health.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as endpoints from "./endpoints.ts"
import { type Line, withLog } from "./observations.ts"

const { answer, silence } = ScriptedServer

const { offer } = endpoints

describe("Endpoint, in log and health", () => {
  const endpoint = "http://pyroscope.example:4040"

  /** What matters, without sums of what is known already. */
  const important = (log: ReadonlyArray<Line>) =>
    log.filter(({ level }) => level !== "Debug").map(({ level, message }) => `${level}: ${message}`)

  /** Runs with the log and what the component's health is told. */
  const observed = <A, E, R>(
    test: (log: ReadonlyArray<Line>, health: ReadonlyArray<string | undefined>) => Effect.Effect<A, E, R>
  ) =>
    withLog((log) => {
      const health: Array<string | undefined> = []
      const problem = (_about: string, message: string | undefined) => Effect.sync(() => void health.push(message))
      return Effect.provideService(test(log, health), Health.Reporter, { problem })
    })

  /** One push after the other, so far apart, for so long. */
  const pushing = Effect.fnUntraced(function*(lane: Lane, apart: number, duration: Duration.Input) {
    const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(duration)
    while ((yield* Clock.currentTimeMillis) < end) {
      yield* Effect.asVoid(offer(lane))
      yield* TestClock.adjust(apart)
    }
  })

  it.effect("say what changes, and not what goes on", () =>
    observed((log, health) =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        yield* pushing(lane, 1000, "20 seconds")
        assert.deepStrictEqual(important(log), ["Info: first profile delivered"])
        assert.deepStrictEqual(log[0]!.annotations, { endpoint, bytes: 100 })
        assert.deepStrictEqual(health, [])
        yield* pushing(lane, 1000, "40 seconds")
        assert.deepStrictEqual(important(log).slice(1), [
          "Warn: pushes failed",
          "Warn: endpoint is failing",
          "Warn: pushes failed"
        ])
        const failing = log.find(({ message }) => message === "endpoint is failing")
        assert.deepStrictEqual(failing?.annotations, { endpoint, err: "the server answered 503: down" })
        assert.strictEqual(health.length, 1)
        assert.match(
          health[0]!,
          /^endpoint http:\/\/pyroscope.example:4040 has been failing since 1970-01-01T00:00:2\d.\d+Z: the server answered 503: down$/
        )
        yield* pushing(lane, 1000, "10 minutes")
        const later = important(log).slice(4)
        assert.deepStrictEqual(later.filter((line) => !line.includes("pushes fail")), ["Info: endpoint is back"])
        assert.isAtMost(later.length, 3)
        assert.deepStrictEqual(health.slice(1), [undefined])
        assert.match(
          String(log.find(({ message }) => message === "endpoint is back")?.annotations["failed_for"]),
          /^1m \d+s( \d+ms)?$/
        )
      })
    ).pipe(endpoints.against(({ at }) => answer(at < 20_000 || at >= 60_000 ? 200 : 503, { body: "down" }))))

  it.effect("say of failures and losses, of each kind, where and what, once and then in sums", () =>
    observed((log) =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make({ name: "backup" })
        yield* pushing(lane, 1000, "1 minute")
        yield* pushing(lane, 1000, "1 minute")
        const lines = log.filter(({ message }) => message === "profiles lost")
        assert.deepStrictEqual(lines[0]!.annotations, {
          endpoint,
          name: "backup",
          reason: "Rejected",
          profiles: 1,
          path: "/push.v1.PusherService/Push",
          service_name: "checkout",
          err: "the server answered 400: even"
        })
        assert.deepStrictEqual(
          lines.map(({ annotations: { err, profiles } }) => [profiles, err]),
          [
            [1, "the server answered 400: even"],
            [1, "the server answered 422: odd"],
            [29, "the server answered 400: even"],
            [29, "the server answered 422: odd"],
            [30, "the server answered 400: even"],
            [30, "the server answered 422: odd"]
          ]
        )
        assert.strictEqual(important(log).length, lines.length)
      })
    ).pipe(
      endpoints.against(({ at }) =>
        answer((at / 1000) % 2 === 0 ? 400 : 422, { body: (at / 1000) % 2 === 0 ? "even" : "odd" })
      )
    ))

  it.effect("a wrong password costs a handful of requests, is said once, and the component is unhealthy", () =>
    observed((log, health) =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        const { requests } = yield* ScriptedServer.ScriptedServer
        yield* pushing(lane, 1, "5 seconds")
        assert.isAtMost(requests.length, 15)
        // Of these all but the first are probes.
        const opened = requests[7]!.at
        assert.deepStrictEqual(requests.slice(8).map(({ at }) => at - opened), [500, 1500, 3500])
        assert.deepStrictEqual(important(log), [
          "Warn: pushes failed",
          "Warn: endpoint is failing"
        ])
        for (const { annotations } of log.filter(({ level }) => level === "Warn")) {
          assert.strictEqual(annotations["err"], "the server answered 401: wrong password")
        }
        assert.strictEqual(health.length, 1)
        assert.match(health[0]!, /the server answered 401: wrong password$/)
      })
    ).pipe(endpoints.against(() => answer(401, { body: "wrong password" }))))

  it.effect.each([40, 65, 3600])(
    "seven profiles that were lost are in the log by the end, after %s s",
    (seconds) =>
      observed((log) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const lane = yield* endpoints.make({ lane: { retry: { ...defaults, maxRetries: 1, jitter: false } } }).pipe(
            Scope.provide(scope)
          )
          const outcomes = []
          for (let count = 0; count < 7; count++) outcomes.push(yield* offer(lane))
          yield* TestClock.adjust(Duration.seconds(seconds))
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(
            (yield* Effect.all(outcomes)).map((outcome) => outcome._tag === "Failed" && outcome.error.reason._tag),
            Array(7).fill("AuthError")
          )
          const lines = log.filter(({ message }) => message === "profiles lost").map(({ annotations }) => annotations)
          assert.deepStrictEqual(lines.map(({ profiles }) => profiles), [1, 6])
          for (const { profiles: _, ...annotations } of lines) {
            assert.deepStrictEqual(annotations, {
              endpoint,
              reason: "AuthError",
              path: "/push.v1.PusherService/Push",
              service_name: "checkout",
              err: "the server answered 401: wrong password"
            })
          }
        })
      ).pipe(endpoints.against(() => answer(401, { body: "wrong password" })))
  )

  it.effect("tell what the shutdown costs, too", () =>
    observed((log) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const lane = yield* endpoints.make().pipe(Scope.provide(scope))
        for (let count = 0; count < 3; count++) yield* Effect.asVoid(offer(lane))
        yield* TestClock.adjust("1 second")
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(
          log.map(({ annotations: { profiles, reason }, message }) => [message, reason, profiles]),
          [["profiles lost", "shutdown", 1], ["profiles lost", "shutdown", 2]]
        )
      })
    ).pipe(endpoints.against(() => silence)))

  it.effect.each([
    { what: "without a Retry-After", headers: {} },
    { what: "with a Retry-After", headers: { "retry-after": "1" } }
  ])(
    "an endpoint that answers every second request with 429 $what makes a handful of lines a minute",
    ({ headers }) =>
      Effect.suspend(() => {
        let count = 0
        return observed((log) =>
          Effect.gen(function*() {
            const lane = yield* endpoints.make({
              lane: { retry: { ...defaults, maxRetries: 0, jitter: false } }
            })
            for (let minute = 0; minute < 5; minute++) {
              const before = important(log).length
              yield* pushing(lane, 200, "1 minute")
              assert.isAtMost(important(log).length - before, minute === 0 ? 6 : 3)
            }
            yield* TestClock.adjust("1 hour")
            assert.strictEqual(lane.size(), 0)
            assert.notInclude(important(log), "Warn: profiles lost")
          })
        ).pipe(endpoints.against(() => answer(count++ % 2 === 0 ? 429 : 200, { headers })))
      })
  )

  it.effect("an endpoint that goes down and up is one state, said once and summed", () =>
    observed((log, health) =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        yield* pushing(lane, 100, "5 minutes")
        const lines = important(log).filter((line) => !line.includes("pushes fail"))
        assert.deepStrictEqual(lines, [
          "Warn: endpoint is failing",
          "Info: endpoint is back",
          "Info: first profile delivered",
          "Warn: endpoint fails on and off"
        ])
        const sums = log.filter(({ message }) => message === "pushes failed")
        assert.isAtMost(sums.length, 6)
        assert.isAbove(health.length, 4)
        // It is up from then on.
        yield* pushing(lane, 100, "2 minutes")
        assert.deepStrictEqual(
          important(log).filter((line) => !line.includes("pushes fail")).slice(4),
          ["Info: endpoint is back"]
        )
        assert.isUndefined(health.at(-1))
      })
    ).pipe(endpoints.against(({ at }) => answer(at < 300_000 && Math.floor(at / 2000) % 2 === 0 ? 503 : 200))))

  it.effect.each([false, true])(
    "give the pause that really is, with jitter: %s",
    (jitter) =>
      observed((log) =>
        Effect.gen(function*() {
          const lane = yield* endpoints.make({ lane: { retry: { ...defaults, jitter } } })
          const { requests } = yield* ScriptedServer.ScriptedServer
          yield* Effect.asVoid(offer(lane))
          yield* TestClock.adjust("1 hour")
          assert.strictEqual(requests.length, 11)
          if (!jitter) {
            assert.deepStrictEqual(requests.slice(0, 4).map(({ at }) => at), [0, 500, 1500, 3500])
          }
          assert.deepStrictEqual(
            log.filter(({ message }) => message === "push failed, will retry").map(({ annotations }) => annotations),
            requests.slice(1).map(({ at }, k) => ({
              endpoint,
              err: "the server answered 503",
              delay: Duration.format(Duration.millis(at - requests[k]!.at))
            }))
          )
        })
      ).pipe(endpoints.against(() => answer(503)))
  )

  it.effect("give the pause of an endpoint that fails as a whole, too", () =>
    observed((log) =>
      Effect.gen(function*() {
        const lane = yield* endpoints.make()
        const { requests } = yield* ScriptedServer.ScriptedServer
        for (let count = 0; count < 20; count++) yield* Effect.asVoid(offer(lane))
        yield* TestClock.adjust("1 minute")
        const probes = requests.slice(7)
        assert.isAbove(probes.length, 5)
        const delays = log.filter(({ level }) => level === "Debug").map(({ annotations }) => annotations["delay"])
        assert.deepStrictEqual(
          delays.slice(7, -1),
          probes.slice(1).map(({ at }, k) => Duration.format(Duration.millis(at - probes[k]!.at)))
        )
      })
    ).pipe(endpoints.against(() => answer(503))))
})
