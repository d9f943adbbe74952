import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Scheduler, Schema } from "effect"
import { TestClock } from "effect/testing"
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
        assert.isAtMost(lane.mostUnderWay(), concurrency)
        assert.deepStrictEqual([lane.lane.size(), lane.lane.bytes(), lane.underWay()], [0, 0, 0])

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
})
