/**
 * Load on an endpoint that fails in part: what must arrive, and how soon.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import * as Breaker from "../../src/delivery/Breaker.ts"
import * as Queue from "../../src/delivery/Queue.ts"
import * as RetrySchedule from "../../src/delivery/RetrySchedule.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

/** The defaults of an endpoint. */
const defaults: lanes.Options = {
  concurrency: 8,
  maxAge: Duration.hours(1),
  retry: RetrySchedule.defaults,
  queue: Queue.defaults
}

type Lane = Effect.Success<ReturnType<typeof lanes.make>>

/** So many a second, at even intervals, with their number as name. */
const load = Effect.fnUntraced(function*(lane: Lane, perSecond: number, seconds: number) {
  for (let number = 0; number < perSecond * seconds; number++) {
    yield* lane.put(`${number}`)
    yield* TestClock.adjust(Duration.millis(1000 / perSecond))
  }
})

/** Milliseconds from acceptance to delivery, of those that were delivered; of the names that are asked for. */
const latencies = (lane: Lane, perSecond: number, isAsked = (_name: string): boolean => true): ReadonlyArray<number> =>
  lane.settled
    .filter(({ name, outcome }) => outcome._tag === "Delivered" && isAsked(name))
    .map(({ at, name }) => at - Number(name) * 1000 / perSecond)

const percentile = (values: ReadonlyArray<number>, share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]!

const took20ms = Effect.sleep(Duration.millis(20))

describe("Lane under load", () => {
  for (const share of [0, 0.01, 0.05, 0.2]) {
    it.effect(`delivers everything where ${share * 100} % of the pushes are answered 502 at random`, () =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(
          () =>
            Effect.andThen(
              took20ms,
              Effect.flatMap(Random.next, (random) =>
                random < share ? Effect.fail(errors.serverFailure(502)) : Effect.void)
            ),
          defaults
        )
        yield* load(lane, 100, 60)
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(lane.settled.length, 6000)
        assert.isTrue(lane.settled.every(({ outcome }) => outcome._tag === "Delivered"))
        // A profile that was not hit takes no longer than the endpoint does.
        const hit = new Set(lane.retries.map(({ name }) => name))
        assert.isAtMost(percentile(latencies(lane, 100, (name) => !hit.has(name)), 0.99), 40)
        assert.deepStrictEqual(lane.pauses, [])
      }).pipe(Random.withSeed(`${share}`)))
  }

  for (const share of [0.01, 0.05]) {
    it.effect(`delivers all others where ${share * 100} % of the profiles are answered 500 whenever they come`, () =>
      Effect.gen(function*() {
        const every = 1 / share
        const isBad = (name: string): boolean => Number(name) % every === every - 1
        const lane = yield* lanes.make(
          (name) => Effect.andThen(took20ms, isBad(name) ? Effect.fail(errors.serverFailure(500)) : Effect.void),
          defaults
        )
        yield* load(lane, 50, 120)
        const others = latencies(lane, 50, (name) => !isBad(name))
        assert.strictEqual(others.length, 6000 * (1 - share))
        assert.isAtMost(percentile(others, 0.5), 20)
        assert.isAtMost(percentile(others, 0.99), 1000)
      }).pipe(Random.withSeed(`${share}`)))
  }

  it.effect("lets profiles that are never taken end by their own retries, though most pushes are theirs", () =>
    Effect.gen(function*() {
      const isBad = (name: string): boolean => name.endsWith("9")
      const lane = yield* lanes.make(
        (name) => Effect.andThen(took20ms, isBad(name) ? Effect.fail(errors.serverFailure(500)) : Effect.void),
        defaults
      )
      yield* load(lane, 10, 1200)
      const attempts = lane.attempts.filter(({ at }) => at > 1_000_000)
      assert.isAbove(attempts.filter(({ name }) => isBad(name)).length, attempts.length / 2)
      const others = latencies(lane, 10, (name) => !isBad(name))
      assert.strictEqual(others.length, 10_800)
      assert.isAtMost(percentile(others, 0.99), 1000)
      const bad = lane.settled.filter(({ name }) => isBad(name) && Number(name) < 1800)
      assert.strictEqual(bad.length, 180)
      assert.isTrue(bad.every(({ outcome }) => outcome._tag === "Failed" && outcome.retries === 10))
    }).pipe(Random.withSeed("bad")))

  it.effect.each([
    { what: "an expired certificate", error: errors.expiredCertificate },
    { what: "404", error: errors.rejected(404) },
    { what: "401", error: errors.refusedCredential }
  ])(
    "burns no backlog: 600 queued behind 503, then eight seconds of $what, then 200",
    ({ error }) =>
      Effect.gen(function*() {
        const start = yield* Clock.currentTimeMillis
        const lane = yield* lanes.make(
          () =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => {
              if (now - start < 30_000) return Effect.fail(errors.serverFailure(503))
              return now - start < 38_000 ? Effect.fail(error) : took20ms
            }),
          defaults
        )
        yield* load(lane, 60, 10)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(lane.settled.length, 600)
        assert.isTrue(lane.settled.every(({ outcome }) => outcome._tag === "Delivered"))
      }).pipe(Random.withSeed("backlog"))
  )

  it.effect("an endpoint that refuses everything gets a handful of probes, on the back-off", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(
        () => Effect.andThen(Effect.sleep(Duration.millis(1)), Effect.fail(errors.refusedCredential)),
        { ...defaults, retry: { ...RetrySchedule.defaults, jitter: false } }
      )
      yield* load(lane, 1000, 5)
      // Eight open the breaker; the probes are at half a second, one and a half, three and a half.
      assert.isAtMost(lane.attempts.length, Breaker.threshold + 7 + 3)
      const probes = lanes.timesOf(lane.attempts).filter((at) => at > 100)
      assert.strictEqual(probes.length, 3)
      assert.strictEqual(lane.lane.size(), 5000)
    }))
})
