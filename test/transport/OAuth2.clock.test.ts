import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Material from "../../src/transport/Material.ts"
import * as OAuth2 from "../../src/transport/OAuth2.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import * as Files from "../support/files.ts"
import { type Answer, grant, respond, scripted } from "../support/tokenEndpoint.ts"

const settings: OAuth2.Settings = {
  clientId: "pusher",
  clientSecret: Material.inline(Redacted.make("s3cret")),
  tokenUrl: "https://idp.example/token",
  scopes: [],
  endpointParams: {},
  tls: Tls.defaults,
  proxy: Proxy.defaults
}

const setUp = Effect.fnUntraced(
  function*(script: ReadonlyArray<Answer>) {
    const tokens = scripted(script)
    const { header } = yield* OAuth2.make(settings, tokens, undefined)
    return { header: header("https://pyroscope.example"), requests: tokens.requests }
  },
  Effect.provideServiceEffect(Problems.Problems, Problems.make),
  Effect.provide(Files.make().layer)
)

/** The clock of the test, whose wall clock is set to so much later, or earlier, while the test runs. */
const withWallClock = Effect.fnUntraced(function*<A, E, R>(
  test: (shift: (by: Duration.Duration) => void) => Effect.Effect<A, E, R>
) {
  const clock = yield* Clock.clockWith(Effect.succeed)
  let shift = 0
  const now = (): number => clock.currentTimeMillisUnsafe() + shift
  const shifted: Clock.Clock = { ...clock, currentTimeMillisUnsafe: now, currentTimeMillis: Effect.sync(now) }
  return yield* Effect.provideService(
    test((by) => {
      shift += Duration.toMillis(by)
    }),
    Clock.Clock,
    shifted
  )
})

describe("A wall clock that is set", () => {
  for (const [direction, shift] of [["forward", 1], ["back", -1]] as const) {
    const hour = Duration.hours(shift)

    it.effect(`an hour ${direction} neither ends nor prolongs the pause after a failure`, () =>
      withWallClock(Effect.fnUntraced(function*(set) {
        const { header, requests } = yield* setUp([respond(503, ""), grant("t")])
        yield* Effect.flip(header)
        set(hour)
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual((yield* Effect.flip(header)).retryAfter, Duration.millis(1))
        assert.strictEqual(requests.length, 1)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* header, "Bearer t")
      })))

    it.effect(`an hour ${direction} has a token renewed when it is due`, () =>
      withWallClock(Effect.fnUntraced(function*(set) {
        const { header, requests } = yield* setUp([grant("a", 1000), grant("b", 1000)])
        yield* header
        set(hour)
        yield* TestClock.adjust("969999 millis")
        assert.strictEqual(yield* header, "Bearer a")
        assert.strictEqual(requests.length, 1)
        yield* TestClock.adjust("1 millis")
        yield* header
        assert.strictEqual(requests.length, 2)
        assert.strictEqual(yield* header, "Bearer b")
      })))

    it.effect(`an hour ${direction} has a token expire when it does`, () =>
      withWallClock(Effect.fnUntraced(function*(set) {
        const late = Effect.delay(grant("b", 1000), "10 seconds")
        const { header, requests } = yield* setUp([grant("a", 1000), late])
        yield* header
        set(hour)
        assert.strictEqual(yield* header, "Bearer a")
        assert.strictEqual(requests.length, 1)
        yield* TestClock.adjust("1000 seconds")
        const waiting = yield* Effect.forkChild(header, { startImmediately: true })
        assert.strictEqual(requests.length, 2)
        assert.isUndefined(waiting.pollUnsafe(), "the old one is no good any more")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(waiting.pollUnsafe(), yield* Effect.exit(Effect.succeed("Bearer b")))
      })))

    it.effect(`an hour ${direction} is what a Retry-After that is a date is understood by`, () =>
      withWallClock(Effect.fnUntraced(function*(set) {
        const date = Effect.map(Clock.currentTimeMillis, (now) => new Date(now + 100_000).toUTCString())
        const { header } = yield* setUp([Effect.flatMap(date, (date) => respond(503, "", { "retry-after": date }))])
        set(hour)
        assert.deepStrictEqual((yield* Effect.flip(header)).retryAfter, Duration.seconds(100))
      })))
  }
})
