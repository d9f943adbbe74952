import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scheduler, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Endpoint from "../../src/delivery/Endpoint.ts"
import * as FanOut from "../../src/delivery/FanOut.ts"
import type { Lane } from "../../src/delivery/Lane.ts"
import type { Outbound } from "../../src/delivery/Outbound.ts"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Profiles from "../../src/testing/Profiles.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as endpoints from "./endpoints.ts"
import * as lanes from "./lanes.ts"

/** A lane that only keeps what it is offered. */
const keeping = (
  endpoint: string,
  options: { readonly room?: ReturnType<Lane["room"]>; readonly isClosing?: boolean } = {}
) => {
  const kept: Array<Outbound> = []
  const outcome = Deferred.makeUnsafe<Outcome>()
  const lane: Lane = {
    endpoint,
    room: () => options.room ?? "yes",
    offer: (outbound) => {
      kept.push(outbound)
      return Deferred.await(outcome)
    },
    isClosing: () => options.isClosing ?? false,
    size: () => kept.length,
    bytes: () => 0
  }
  return {
    lane,
    kept,
    deliver: Deferred.succeed(outcome, { _tag: "Delivered", endpoint })
  }
}

const fanOut = (...all: ReadonlyArray<{ readonly lane: Lane }>) =>
  FanOut.make({ externalLabels: { region: "eu-1" } }, all.map(({ lane }) => lane))

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
      const labels = Labels.make({ "a-b": "1" })
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

  it.effect("refuses what no queue can ever hold, and passes by those that cannot", () =>
    Effect.gen(function*() {
      const [small, large] = [keeping("small", { room: "never" }), keeping("large")]
      const refused = yield* Effect.flip(fanOut(small).push(endpoints.series()))
      assert.strictEqual(refused.reason._tag, "TooLarge")
      yield* fanOut(small, large).push(endpoints.series())
      assert.strictEqual(large.kept.length, 1)
    }))

  it.effect("refuses where one queue would, and no other gets the profile", () =>
    Effect.gen(function*() {
      const [a, full, c] = [keeping("a"), keeping("http://full.example", { room: "full" }), keeping("c")]
      const refused = yield* Effect.flip(fanOut(a, full, c).push(endpoints.series()))
      assert.strictEqual(refused.reason._tag, "QueueFull")
      assert.strictEqual(refused.message, "the queue of http://full.example is full, retry after 5s")
      assert.deepStrictEqual([...a.kept, ...full.kept, ...c.kept], [])
    }))

  it.effect("refuses when it is being stopped, and no lane gets the profile", () =>
    Effect.gen(function*() {
      const [a, closing] = [keeping("a"), keeping("b", { isClosing: true })]
      const refused = yield* Effect.flip(fanOut(a, closing).push(endpoints.series()))
      assert.strictEqual(refused.reason._tag, "Stopped")
      assert.deepStrictEqual([...a.kept, ...closing.kept], [])
    }))

  const opsBeforeYield = Schema.Int.check(Schema.isBetween({ minimum: 3, maximum: 30 }))

  it.effect.prop(
    "pushes at the same time never overfill a queue that refuses",
    { opsBeforeYield },
    ({ opsBeforeYield }) =>
      Effect.gen(function*() {
        const { size } = endpoints.outbound()
        const refusing = yield* lanes.make(() => Effect.never, {
          queue: { maxBytes: 3 * (size + 40), whenFull: "reject" }
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

  describe("with endpoints", () => {
    const make = Effect.fnUntraced(function*(urls: ReadonlyArray<string>, options: endpoints.Options = {}) {
      const all = yield* Effect.forEach(urls, (url) => Endpoint.make(endpoints.settings({ ...options, url })))
      return { receiver: FanOut.make({ externalLabels: {} }, all), lanes: all }
    })

    const byHost = (reactions: Readonly<Record<string, ScriptedServer.Reaction>>): ScriptedServer.Script => ({ url }) =>
      reactions[url.hostname]!

    const urls = ["http://dead.example", "http://fine.example"]

    it.effect("a dead one costs the other nothing, however long and with however full a queue", () =>
      Effect.gen(function*() {
        const { size } = endpoints.outbound()
        const { lanes, receiver } = yield* make(urls, {
          lane: { concurrency: 2, queue: { maxBytes: 5 * size, whenFull: "drop_oldest" } }
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
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual((yield* outcomes).map(({ _tag }) => _tag), ["Dropped", "Delivered"])
        const refused = yield* Effect.flip(receiver.push(endpoints.series()))
        assert.strictEqual(refused.reason._tag, "Stopped")
      }).pipe(endpoints.against(byHost({
        "dead.example": ScriptedServer.silence,
        "fine.example": ScriptedServer.answer(200)
      }))))
  })
})
