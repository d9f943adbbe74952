import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Result, Scheduler, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Drain, within } from "../../src/delivery/Drain.ts"
import * as FanOut from "../../src/delivery/FanOut.ts"
import * as Flow from "../../src/delivery/Flow.ts"
import type { Lane } from "../../src/delivery/Lane.ts"
import * as Outbound from "../../src/delivery/Outbound.ts"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Profiles from "../../src/testing/Profiles.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as endpoints from "./endpoints.ts"
import * as lanes from "./lanes.ts"

/** A lane that only keeps what it gets. */
const keeping = (
  endpoint: string,
  options: {
    readonly room?: ReturnType<Lane["room"]>
    readonly isClosing?: boolean
    /** Before it has what was committed. */
    readonly commitsWithin?: Duration.Duration
  } = {}
) => {
  const kept: Array<Outbound.Outbound> = []
  const outcome = Deferred.makeUnsafe<Outcome>()
  let reserved = 0
  const lane: Lane = {
    endpoint,
    takeCharge: Effect.void,
    room: () => options.room ?? "yes",
    reserve: (outbound) => {
      reserved += 1
      const keep = Effect.sync(() => void kept.push(outbound))
      return {
        commit: options.commitsWithin === undefined ? keep : Effect.delay(keep, options.commitsWithin),
        outcome: Deferred.await(outcome)
      }
    },
    flow: Flow.none,
    isClosing: () => options.isClosing ?? false,
    status: () => ({ isOpen: false, pausedUntil: -Infinity, oldest: Infinity, maxBytes: 0, inFlight: 0 }),
    size: () => kept.length,
    bytes: () => 0
  }
  return {
    lane,
    kept,
    reserved: () => reserved,
    deliver: Deferred.succeed(outcome, { _tag: "Delivered", endpoint })
  }
}

const fanOut = (...all: ReadonlyArray<{ readonly lane: Lane }>) =>
  FanOut.make({ externalLabels: { region: "eu-1" } }, all.map(({ lane }) => lane))

/** What a profile takes in a queue. */
const size = Outbound.make(endpoints.series(), { region: "eu-1" }).size

describe("FanOut", () => {
  it.effect.prop(
    "encodes a profile once, and gives every lane the same request",
    { profile: Schema.Boolean, series: Profiles.series, ingest: Profiles.ingest },
    ({ ingest, profile, series }) =>
      Effect.gen(function*() {
        const [a, b, c] = [keeping("a"), keeping("b"), keeping("c")]
        yield* fanOut(a, b, c).push(profile ? series : ingest)
        const [outbound, ...none] = a.kept
        assert.deepStrictEqual(none, [])
        assert.strictEqual(outbound!.kind, profile ? "push" : "ingest")
        assert.isTrue(b.kept[0] === outbound && c.kept[0] === outbound)
      })
  )

  it.effect("the receipt waits for every endpoint and gives the outcomes in their order", () =>
    Effect.gen(function*() {
      const [a, b] = [keeping("a"), keeping("b")]
      const { outcomes } = yield* fanOut(a, b).push(endpoints.series())
      const waiting = yield* Effect.forkChild(outcomes, { startImmediately: true })
      yield* b.deliver
      assert.isUndefined(waiting.pollUnsafe())
      yield* a.deliver
      assert.deepStrictEqual((yield* Fiber.join(waiting)).map(({ endpoint }) => endpoint), ["a", "b"])
    }))

  it.effect("refuses labels that no server would take, of both kinds, before any lane gets them", () =>
    Effect.gen(function*() {
      const a = keeping("a")
      const labels = Labels.make({ __name__: "memory", "a-b": "1" })
      const body = new Uint8Array(1)
      for (
        const profile of [
          Profile.series(labels, [{ id: "", profile: body }]),
          Profile.ingest({ labels, query: "", contentType: undefined, body })
        ]
      ) {
        const refused = yield* Effect.flip(fanOut(a).push(profile))
        assert.strictEqual(refused.reason._tag, "InvalidLabels")
        assert.strictEqual(
          refused.message,
          "invalid labels in profile: invalid label name: a-b: character is not allowed: '-'"
        )
      }
      assert.deepStrictEqual(a.kept, [])
    }))

  it.effect("without endpoints there is nothing to wait for, but labels are checked", () =>
    Effect.gen(function*() {
      const receipt = yield* fanOut().push(endpoints.series())
      assert.deepStrictEqual(yield* receipt.outcomes, [])
      const refused = yield* Effect.flip(fanOut().push(Profile.series(new Map(), [])))
      assert.strictEqual(refused.reason._tag, "InvalidLabels")
    }))

  it.effect.each<{ order: ReadonlyArray<"small" | "large"> }>([
    { order: ["small"] },
    { order: ["large"] },
    { order: ["small", "large"] },
    { order: ["large", "small"] },
    { order: ["small", "large", "small"] }
  ])(
    "what is larger than some queues goes to the others, and what is larger than all is refused: $order",
    ({ order }) =>
      Effect.gen(function*() {
        for (const whenFull of ["drop_oldest", "drop_newest", "reject"] as const) {
          const all = yield* Effect.forEach(order, (which) =>
            lanes.make(() => Effect.void, {
              endpoint: which,
              queue: { whenFull, maxBytes: which === "small" ? size - 1 : size }
            }))
          const receiver = fanOut(...all)
          const tooLarge = yield* Effect.flip(receiver.push(endpoints.series(101)))
          assert.strictEqual(tooLarge.reason._tag, "ProfileTooLarge")
          assert.isTrue(all.every(({ settled }) => settled.length === 0))
          const pushed = yield* Effect.result(
            Effect.flatMap(receiver.push(endpoints.series()), (receipt) => receipt.outcomes)
          )
          if (Result.isFailure(pushed)) {
            assert.deepStrictEqual([pushed.failure.reason._tag, order], ["ProfileTooLarge", ["small"]])
            continue
          }
          assert.deepStrictEqual(
            pushed.success.map((outcome) => outcome._tag === "Dropped" ? outcome.reason : outcome._tag),
            order.map((which) => which === "small" ? "queue_full" : "Delivered")
          )
        }
      })
  )

  it.effect("refuses where one queue would, and no other gets or loses anything", () =>
    Effect.gen(function*() {
      const full = { maxBytes: 2 * size }
      const a = yield* lanes.make(() => Effect.never, { endpoint: "a", queue: full })
      const refusing = yield* lanes.make(() => Effect.never, {
        endpoint: "http://full.example",
        queue: { ...full, whenFull: "reject" }
      })
      const c = yield* lanes.make(() => Effect.never, { endpoint: "c", queue: { maxBytes: 3 * size } })
      const receiver = fanOut(a, refusing, c)
      yield* receiver.push(endpoints.series())
      yield* receiver.push(endpoints.series())
      const refused = yield* Effect.flip(receiver.push(endpoints.series()))
      assert.strictEqual(refused.reason._tag, "QueueFull")
      assert.strictEqual(refused.message, "the queue of http://full.example is full, retry after 5s")
      for (const { lane, settled } of [a, refusing, c]) {
        assert.deepStrictEqual([lane.size(), lane.bytes(), settled], [2, 2 * size, []], lane.endpoint)
      }
    }))

  it.effect("makes no room anywhere before it is known that no queue refuses", () =>
    Effect.gen(function*() {
      const [a, full, c] = [keeping("a"), keeping("full", { room: "refuse" }), keeping("c")]
      yield* Effect.flip(fanOut(a, full, c).push(endpoints.series()))
      assert.deepStrictEqual([a, full, c].map(({ kept, reserved }) => [reserved(), kept.length]), [[0, 0], [0, 0], [
        0,
        0
      ]])
    }))

  it.effect("refuses when it is being stopped, and no lane gets the profile", () =>
    Effect.gen(function*() {
      const [a, closing] = [keeping("a"), keeping("b", { isClosing: true })]
      const refused = yield* Effect.flip(fanOut(a, closing).push(endpoints.series()))
      assert.strictEqual(refused.reason._tag, "Stopped")
      assert.deepStrictEqual([a.reserved(), closing.reserved()], [0, 0])
    }))

  const opsBeforeYield = Schema.Int.check(Schema.isBetween({ minimum: 3, maximum: 30 }))

  it.effect.prop(
    "pushes at the same time never overfill a queue that refuses",
    { opsBeforeYield },
    ({ opsBeforeYield }) =>
      Effect.gen(function*() {
        const refusing = yield* lanes.make(() => Effect.never, {
          queue: { maxBytes: 3 * size, whenFull: "reject" }
        })
        const receiver = fanOut(keeping("a"), refusing)
        const pushes = yield* Effect.forEach(
          Array.from({ length: 8 }),
          () => Effect.exit(receiver.push(endpoints.series())),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(pushes.filter(Exit.isSuccess).length, 3)
        assert.deepStrictEqual(refusing.settled, [])
      }).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, opsBeforeYield)),
    { arbitrary: { runs: 28 } }
  )

  it.effect.prop(
    "a sender that is interrupted has pushed to all or to none",
    { opsBeforeYield, yields: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 })) },
    ({ opsBeforeYield, yields }) =>
      Effect.gen(function*() {
        const all = ["a", "b", "c", "d"].map((name) => keeping(name))
        const sender = yield* Effect.forkChild(fanOut(...all).push(endpoints.series()))
        for (let count = 0; count < yields; count++) yield* Effect.yieldNow
        yield* Fiber.interrupt(sender)
        assert.include(["0,0,0,0", "1,1,1,1"], all.map(({ kept }) => kept.length).join())
      }).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, opsBeforeYield))
  )

  it.effect("once there is room a push cannot be interrupted, however long it takes to put the profile there", () =>
    Effect.gen(function*() {
      const all = ["a", "b", "c"].map((name) => keeping(name, { commitsWithin: Duration.seconds(1) }))
      const sender = yield* Effect.forkChild(fanOut(...all).push(endpoints.series()), { startImmediately: true })
      assert.deepStrictEqual(all.map(({ reserved }) => reserved()), [1, 1, 1])
      yield* TestClock.adjust("1500 millis")
      const interruption = yield* Effect.forkChild(Fiber.interrupt(sender), { startImmediately: true })
      assert.deepStrictEqual(all.map(({ kept }) => kept.length), [1, 0, 0])
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(interruption)
      assert.deepStrictEqual(all.map(({ kept }) => kept.length), [1, 1, 1])
    }))

  it.effect("what was accepted has an outcome everywhere, also where a lane closes before it has the profile", () =>
    Effect.gen(function*() {
      // It loses something for each profile, and whoever is told takes his time.
      const slow = yield* lanes.make(() => Effect.never, {
        endpoint: "slow",
        concurrency: 1,
        queue: { maxBytes: size },
        observer: { settled: () => Effect.sleep("1 second") }
      })
      const closing = yield* lanes.make(() => Effect.never, {
        endpoint: "closing",
        queue: { maxBytes: 10 * size },
        drainFor: Duration.zero
      })
      const receiver = fanOut(slow, closing)
      yield* receiver.push(endpoints.series())
      yield* TestClock.adjust(1)
      const push = yield* Effect.forkChild(receiver.push(endpoints.series()), { startImmediately: true })
      const close = yield* Effect.forkChild(closing.close, { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(close)
      const outcomes = yield* Effect.forkChild((yield* Fiber.join(push)).outcomes, { startImmediately: true })
      assert.isDefined(outcomes.pollUnsafe())
      assert.deepStrictEqual(closing.settled.map(({ outcome }) => outcome), [
        { _tag: "Dropped", endpoint: "closing", reason: "shutdown" },
        { _tag: "Dropped", endpoint: "closing", reason: "shutdown" }
      ])
      assert.strictEqual(closing.lost(), 2)
    }))

  describe("with endpoints", () => {
    const make = Effect.fnUntraced(function*(urls: ReadonlyArray<string>, options: endpoints.Options = {}) {
      const all = yield* Effect.forEach(urls, (url) => endpoints.make({ ...options, url }))
      return { receiver: FanOut.make({ externalLabels: {} }, all), lanes: all }
    })

    const byHost = (reactions: Readonly<Record<string, ScriptedServer.Reaction>>): ScriptedServer.Script => ({ url }) =>
      reactions[url.hostname]!

    const urls = ["http://dead.example", "http://fine.example"]

    it.effect("a dead one costs the other nothing, however long and with however full a queue", () =>
      Effect.gen(function*() {
        const { lanes, receiver } = yield* make(urls, {
          lane: { concurrency: 2, queue: { maxBytes: 5 * endpoints.outbound().size, whenFull: "drop_oldest" } }
        })
        const receipts = []
        for (let second = 0; second < 600; second++) {
          receipts.push(yield* receiver.push(endpoints.series()))
          yield* TestClock.adjust("1 second")
        }
        const { requests } = yield* ScriptedServer.ScriptedServer
        const fine = requests.filter(({ url }) => url.hostname === "fine.example")
        assert.deepStrictEqual(fine.map(({ at }) => at), Array.from({ length: 600 }, (_, second) => second * 1000))
        assert.deepStrictEqual([lanes[0]!.size(), lanes[1]!.size()], [5, 0])
        const outcomes = yield* receipts[0]!.outcomes
        assert.deepStrictEqual(outcomes, [
          { _tag: "Dropped", endpoint: "http://dead.example", reason: "queue_full" },
          { _tag: "Delivered", endpoint: "http://fine.example" }
        ])
      }).pipe(endpoints.against(byHost({
        "dead.example": ScriptedServer.silence,
        "fine.example": Effect.delay(ScriptedServer.answer(200), "900 millis")
      }))))

    it.effect("closed, they have given up what hung and delivered the rest, and nothing more is taken", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { receiver } = yield* make(urls).pipe(Scope.provide(scope))
        const { outcomes } = yield* receiver.push(endpoints.series())
        const close = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(close)
        assert.deepStrictEqual((yield* outcomes).map(({ _tag }) => _tag), ["Dropped", "Delivered"])
        const refused = yield* Effect.flip(receiver.push(endpoints.series()))
        assert.strictEqual(refused.reason._tag, "Stopped")
      }).pipe(
        Effect.provideService(Drain, within(Duration.seconds(5))),
        endpoints.against(
          byHost({ "dead.example": ScriptedServer.silence, "fine.example": ScriptedServer.answer(200) })
        )
      ))
  })
})
