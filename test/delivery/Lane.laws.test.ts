import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Scheduler, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Breaker from "../../src/delivery/Breaker.ts"
import type { PushError } from "../../src/delivery/PushError.ts"
import * as RetrySchedule from "../../src/delivery/RetrySchedule.ts"
import * as Schedules from "../../src/testing/Schedules.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const upTo = (maximum: number, minimum = 0) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** What the endpoint does with an attempt, and after how many milliseconds. */
const Reaction = Schema.Struct({
  after: upTo(2000),
  result: Schema.Literals(["takes it", "fails", "is overloaded", "refuses", "dies", "hangs"])
})

const reactTo = ({ after, result }: typeof Reaction.Type) => {
  switch (result) {
    case "takes it":
      return Effect.sleep(after)
    case "fails":
      return Effect.delay(Effect.fail(errors.serverFailure()), after)
    case "is overloaded":
      return Effect.delay(Effect.fail(errors.rateLimited(Duration.seconds(3))), after)
    case "refuses":
      return Effect.delay(Effect.fail(errors.rejected()), after)
    case "dies":
      return Effect.delay(Effect.die("a bug"), after)
    case "hangs":
      // As long as its timeout.
      return Effect.delay(Effect.fail(errors.serverFailure()), "10 seconds")
  }
}

const Profile = Schema.Struct({
  /** Milliseconds since the one before. */
  after: upTo(1500),
  bytes: upTo(40, 1),
  reactions: Schema.Array(Reaction).check(Schema.isMaxLength(4))
})

describe("Lane", () => {
  it.effect.prop(
    "whatever the endpoint does and whenever the lane is closed: each profile has one outcome, in bounds of everything",
    {
      profiles: Arbitrary.array(Arbitrary.schema(Profile), { minLength: 1, maxLength: 20 }),
      concurrency: upTo(4, 1),
      maxBytes: upTo(150, 20),
      whenFull: Schema.Literals(["drop_oldest", "drop_newest", "reject"]),
      maxRetries: upTo(3, 1),
      drainFor: upTo(20_000),
      /** Few, so that fibers make way for each other at any place. */
      opsBeforeYield: upTo(40, 5)
    },
    ({ concurrency, drainFor, maxBytes, maxRetries, opsBeforeYield, profiles, whenFull }) =>
      Effect.gen(function*() {
        const lane = yield* lanes.make(
          (name, attempt) => {
            const reaction = profiles[Number(name)]!.reactions[attempt]
            return reaction === undefined ? Effect.void : reactTo(reaction)
          },
          {
            concurrency,
            queue: { maxBytes, whenFull },
            retry: { maxRetries, jitter: true },
            drainFor: Duration.millis(drainFor)
          }
        )
        const outcomes = []
        for (const [name, { after, bytes }] of profiles.entries()) {
          yield* TestClock.adjust(after)
          outcomes.push(yield* lane.offer(`${name}`, bytes))
          assert.isAtMost(lane.lane.bytes(), maxBytes)
        }
        const closed = yield* Effect.forkChild(lane.close, { startImmediately: true })
        while (closed.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
        assert.strictEqual(lane.settled.length, profiles.length)
        const all = yield* Effect.all(outcomes)
        assert.deepStrictEqual(
          lane.settled.toSorted((a, b) => Number(a.name) - Number(b.name)).map(({ outcome }) => outcome),
          [...all]
        )
        assert.strictEqual(lane.lost(), all.filter(({ _tag }) => _tag !== "Delivered").length)
        assert.isAtMost(lane.mostInFlight(), concurrency)
        assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes(), lane.inFlight()], [0, 0, 0])

        for (const [index, outcome] of all.entries()) {
          const attempts = lanes.timesOf(lane.attempts, `${index}`).length
          const last = profiles[index]!.reactions[attempts - 1]?.result ?? "takes it"
          if (outcome._tag === "Delivered") assert.strictEqual(last, "takes it")
          else if (outcome._tag === "Failed") {
            assert.strictEqual(attempts, outcome.retries + 1)
            assert.isTrue(last === "refuses" || attempts === maxRetries + 1, `${last} after ${attempts}`)
          } else if (outcome.reason === "defect") assert.strictEqual(last, "dies")
        }
      }).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, opsBeforeYield)),
    { arbitrary: { runs: 200 } }
  )

  it.effect.prop(
    "an attempt is made when its profile's schedule says, or when the breaker does if that is later, and never else",
    {
      profiles: Arbitrary.array(
        Arbitrary.schema(Schema.Struct({
          /** Milliseconds since the one before. */
          after: upTo(700),
          results: Schema.Array(Schema.Literals(["takes it", "fails", "fails", "fails", "refuses", "wants a minute"]))
            .check(Schema.isMaxLength(6))
        })),
        { minLength: 1, maxLength: 40 }
      ),
      maxRetries: upTo(6, 1)
    },
    ({ maxRetries, profiles }) =>
      Effect.gen(function*() {
        const errorOf = (name: number, attempt: number): PushError | undefined => {
          switch (profiles[name]!.results[attempt]) {
            case "fails":
              return errors.serverFailure()
            case "refuses":
              return errors.rejected()
            case "wants a minute":
              return errors.serverFailure(503, Duration.minutes(1))
          }
          return undefined
        }
        const retry = { ...RetrySchedule.defaults, jitter: false, maxRetries }
        const expected = yield* timeline(profiles.map(({ after }) => after), errorOf, retry)
        const lane = yield* lanes.make(
          (name, attempt) => Effect.suspend(() => errorOf(Number(name), attempt) ?? Effect.void),
          { concurrency: 1, retry }
        )
        for (const [name, { after }] of profiles.entries()) {
          yield* TestClock.adjust(after)
          yield* lane.put(`${name}`)
        }
        yield* TestClock.adjust("24 hours")
        assert.deepStrictEqual(lane.attempts.map(({ at, name }) => `${name} at ${at}`), expected)
      }),
    { arbitrary: { runs: 200 } }
  )
})

/**
 * All attempts, derived from the schedule and the breaker alone: at each moment, one after the other, whatever is due.
 * Oldest first, and those that have not failed first while the breaker is open.
 */
const timeline = Effect.fnUntraced(function*(
  gaps: ReadonlyArray<number>,
  errorOf: (name: number, attempt: number) => PushError | undefined,
  retry: RetrySchedule.Settings
) {
  const pace = { ...retry, concurrency: 1 }
  let arrivesAt = 0
  const waiting: Array<{ name: number; dueAt: number; attempts: number; failedAt: number | undefined; turn: number }> =
    gaps.map((gap, name) => {
      arrivesAt += gap
      return { name, dueAt: arrivesAt, attempts: 0, failedAt: undefined, turn: name }
    })
  const schedules = new Map<number, ReadonlyArray<number>>()
  for (const { name } of waiting) {
    const failures: Array<PushError> = []
    for (let attempt = 0, error = errorOf(name, 0); error !== undefined; error = errorOf(name, ++attempt)) {
      failures.push(error)
    }
    const delays = yield* Schedules.delays(RetrySchedule.make(retry), failures)
    schedules.set(name, delays.map(Duration.toMillis))
  }
  const attempts: Array<string> = []
  let breaker = Breaker.closed
  let now = 0
  let turn = gaps.length
  while (waiting.length > 0) {
    const opensAt = Breaker.opensAt(breaker, pace)
    now = Math.max(now, opensAt, Math.min(...waiting.map(({ dueAt }) => dueAt)))
    const due = waiting.filter(({ dueAt }) => dueAt <= now)
    const isFresh = ({ attempts }: { attempts: number }) => attempts === 0
    const [next] = due.sort((a, b) => {
      if (isFresh(a) !== isFresh(b)) return isFresh(a) === breaker.isOpen ? -1 : 1
      return isFresh(a) ? a.name - b.name : a.dueAt - b.dueAt || a.turn - b.turn
    })
    assert(next !== undefined)
    attempts.push(`${next.name} at ${now}`)
    const attempt = { openings: breaker.openings, failedAt: next.failedAt }
    const error = errorOf(next.name, next.attempts)
    const delay = schedules.get(next.name)![next.attempts]
    breaker = Breaker.begin(breaker)
    if (error === undefined || error.concerns === "profile") breaker = Breaker.succeeded(breaker, attempt, now)
    else {
      breaker = Breaker.failed(breaker, attempt, { now, retryAfter: error.retryAfter, random: 0 }, pace)
      next.failedAt = breaker.successes
    }
    next.attempts += 1
    next.turn = turn++
    if (delay === undefined) waiting.splice(waiting.indexOf(next), 1)
    else next.dueAt = now + delay
  }
  return attempts
})
