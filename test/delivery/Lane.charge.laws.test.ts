import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Scheduler, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Backlog from "../../src/delivery/Backlog.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const upTo = (maximum: number, minimum = 0) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** What becomes of an attempt, after so many milliseconds. */
const Reaction = Schema.Struct({ after: upTo(3000), result: Schema.Literals(["takes it", "fails"]) })

/** `which` chooses among the lanes that are open. */
const Operation = Schema.Union([
  Schema.Struct({ op: Schema.Literal("push"), which: upTo(9), reactions: Schema.Array(Reaction) }),
  Schema.Struct({ op: Schema.Literal("wait"), millis: upTo(2000) }),
  Schema.Struct({ op: Schema.Literal("replace"), concurrency: upTo(3, 1) }),
  Schema.Struct({ op: Schema.Literal("close"), which: upTo(9) }),
  Schema.Struct({ op: Schema.Literal("take charge"), which: upTo(9) })
])

describe("Lane", () => {
  it.effect.prop(
    "however lanes follow each other over a queue, each profile is delivered once, by one of them",
    {
      operations: Arbitrary.array(Arbitrary.schema(Operation), { minLength: 5, maxLength: 40 }),
      /** Few, so that fibers make way for each other at any place. */
      opsBeforeYield: upTo(40, 5)
    },
    ({ operations, opsBeforeYield }) =>
      Effect.gen(function*() {
        const backlog = yield* Backlog.make
        const reactions: Array<ReadonlyArray<typeof Reaction.Type>> = []
        const attempts: Array<number> = []
        const taken: Array<number> = []
        const endpoint: lanes.Endpoint = (name) =>
          Effect.suspend(() => {
            const index = Number(name)
            const attempt = attempts[index]!
            attempts[index] = attempt + 1
            const { after, result } = reactions[index]![attempt] ?? { after: 1, result: "takes it" }
            const answer = Effect.suspend(() => {
              if (result === "fails") return Effect.fail(errors.serverFailure(503))
              taken.push(index)
              return Effect.void
            })
            return Effect.delay(answer, after)
          })
        const all: Array<Effect.Success<ReturnType<typeof lanes.make>>> = []
        const open: Array<Effect.Success<ReturnType<typeof lanes.make>>> = []
        const closings: Array<Effect.Effect<void>> = []
        const replace = Effect.fnUntraced(function*(concurrency: number) {
          const lane = yield* lanes.make(endpoint, {
            backlog,
            concurrency,
            // Without end, and in the end everything is taken.
            retry: { maxRetries: 0, jitter: true },
            drainFor: Duration.infinity
          })
          all.push(lane)
          open.push(lane)
        })
        const close = Effect.fnUntraced(function*(which: number) {
          const [lane] = open.splice(which, 1)
          const closed = yield* Effect.forkChild(lane!.close, { startImmediately: true })
          closings.push(
            Effect.gen(function*() {
              while (closed.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
            })
          )
        })
        const outcomes = []
        yield* replace(1)
        for (const operation of operations) {
          switch (operation.op) {
            case "push":
              attempts.push(0)
              reactions.push(operation.reactions)
              outcomes.push(yield* open[operation.which % open.length]!.offer(`${outcomes.length}`))
              break
            case "wait":
              yield* TestClock.adjust(operation.millis)
              break
            case "replace":
              yield* replace(operation.concurrency)
              break
            case "close":
              yield* close(operation.which % open.length)
              if (open.length === 0) yield* replace(1)
              break
            case "take charge":
              yield* open[operation.which % open.length]!.lane.takeCharge
              break
          }
          const charged = all.filter(({ lane }) => lane.size() > 0)
          assert.isAtMost(charged.length, 1)
          assert.strictEqual(charged[0]?.lane.size() ?? 0, backlog.queue.size())
        }
        while (open.length > 0) yield* close(0)
        yield* Effect.all(closings)
        const results = yield* Effect.all(outcomes)
        assert.deepStrictEqual(results.map(({ _tag }) => _tag), results.map(() => "Delivered"))
        assert.deepStrictEqual(taken.toSorted((a, b) => a - b), results.map((_, index) => index))
        assert.strictEqual(all.flatMap(({ settled }) => settled).length, results.length)
        assert.deepStrictEqual([backlog.queue.size(), backlog.queue.bytes()], [0, 0])
      }).pipe(Effect.scoped, Effect.provideService(Scheduler.MaxOpsBeforeYield, opsBeforeYield)),
    { arbitrary: { runs: 200 } }
  )
})
