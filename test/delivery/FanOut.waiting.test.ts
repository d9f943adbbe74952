import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import * as FanOut from "../../src/delivery/FanOut.ts"
import type { Lane } from "../../src/delivery/Lane.ts"
import type * as Receiver from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as endpoints from "./endpoints.ts"
import * as errors from "./errors.ts"
import * as lanes from "./lanes.ts"

const fanOut = (...all: ReadonlyArray<{ readonly lane: Lane }>) =>
  FanOut.make({ externalLabels: {} }, all.map(({ lane }) => lane))

/** What a profile takes in a queue. */
const { size } = endpoints.outbound()

describe("FanOut, where profiles come faster than they can be sent", () => {
  /** With room for so many profiles. One push at a time, each taking so long. */
  const laneOf = (
    endpoint: lanes.Endpoint,
    room: number,
    queue: lanes.Options["queue"] = {}
  ) => lanes.make(endpoint, { queue: { maxBytes: room * size, ...queue } })

  const taking = (duration: Duration.Input): lanes.Endpoint => () => Effect.sleep(duration)

  /** Delivers what comes first, and then nothing. */
  const stalling = (): lanes.Endpoint => {
    let count = 0
    return () => count++ === 0 ? Effect.void : Effect.never
  }

  /** Has been delivering until just now, and is full. */
  const fillStalling = Effect.fnUntraced(function*(receiver: Receiver.Receiver, room: number) {
    for (let count = 0; count < 1 + room; count++) {
      yield* receiver.push(endpoints.series())
      yield* TestClock.adjust(1)
    }
  })

  const start = <A, E>(push: Effect.Effect<A, E>) => Effect.forkChild(push, { startImmediately: true })

  const isThrough = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.pollUnsafe() !== undefined

  const named = (name: string) =>
    Profile.ingest({
      labels: Labels.make({ service_name: name }),
      query: "",
      contentType: undefined,
      body: new Uint8Array(100)
    })

  const servicesOf = (events: ReadonlyArray<lanes.Event>): ReadonlyArray<string> =>
    events.map(({ name }) => new URLSearchParams(name.replace(/^[^?]*/, "")).get("name")?.replace(/[.{].*/, "") ?? "")

  it.effect("a push waits until there is room, and nothing is lost", () =>
    Effect.gen(function*() {
      const lane = yield* laneOf(taking("100 millis"), 2)
      const receiver = fanOut(lane)
      yield* receiver.push(endpoints.series())
      yield* TestClock.adjust("100 millis")
      yield* receiver.push(endpoints.series())
      yield* receiver.push(endpoints.series())
      const push = yield* start(receiver.push(endpoints.series()))
      yield* TestClock.adjust("99 millis")
      assert.isFalse(isThrough(push))
      assert.strictEqual(lane.lane.size(), 2)
      yield* TestClock.adjust("1 millis")
      assert.isTrue(isThrough(push))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lane.settled.map(({ outcome }) => outcome._tag), Array(4).fill("Delivered"))
    }))

  it.effect("senders that wait for each answer lose nothing, and are as fast as the endpoint", () =>
    Effect.gen(function*() {
      const lane = yield* laneOf(taking("20 millis"), 5)
      const receiver = fanOut(lane)
      yield* receiver.push(endpoints.series())
      yield* TestClock.adjust("20 millis")
      let pushed = 0
      const sender = Effect.forever(Effect.tap(receiver.push(endpoints.series()), () => Effect.sync(() => pushed++)))
      const senders = yield* Effect.forEach(Array(8).fill(sender), start)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.forEach(senders, Fiber.interrupt)
      assert.isTrue(lane.settled.every(({ outcome }) => outcome._tag === "Delivered"))
      assert.strictEqual(lane.settled.length, 501)
      assert.strictEqual(pushed, 505)
    }))

  it.effect.each(
    [
      { whenFull: "drop_oldest", lost: "the oldest that waits" },
      { whenFull: "drop_newest", lost: "that profile" },
      { whenFull: "reject", lost: "nothing" }
    ] as const
  )("a push waits for a second at most, and then $whenFull costs $lost", ({ whenFull }) =>
    Effect.gen(function*() {
      const lane = yield* laneOf(stalling(), 2, { whenFull })
      const receiver = fanOut(lane)
      yield* fillStalling(receiver, 2)
      const push = yield* start(Effect.result(receiver.push(endpoints.series())))
      yield* TestClock.adjust("999 millis")
      assert.isFalse(isThrough(push))
      assert.strictEqual(lane.settled.length, 1)
      yield* TestClock.adjust("1 millis")
      assert.isTrue(isThrough(push))
      const result = yield* Fiber.join(push)
      assert.strictEqual(lane.lane.size(), 2)
      assert.strictEqual(Result.isFailure(result) && result.failure.reason._tag, whenFull === "reject" && "QueueFull")
      assert.deepStrictEqual(
        lane.settled.slice(1).map(({ outcome }) => outcome),
        whenFull === "reject" ? [] : [{ _tag: "Dropped", endpoint: errors.endpoint, reason: "queue_full" }]
      )
      if (Result.isFailure(result)) return
      const outcome = yield* start(result.success.outcomes)
      assert.strictEqual(isThrough(outcome), whenFull === "drop_newest")
    }))

  it.effect("all that wait have waited for a second when the first has", () =>
    Effect.gen(function*() {
      const lane = yield* laneOf(stalling(), 2)
      const receiver = fanOut(lane)
      yield* fillStalling(receiver, 2)
      const pushes = yield* Effect.forEach(Array(5).fill(receiver.push(endpoints.series())), start)
      yield* TestClock.adjust("1 second")
      assert.isTrue(pushes.every(isThrough))
    }))

  it.effect("an endpoint that has not delivered for five seconds makes nobody wait", () =>
    Effect.gen(function*() {
      const lane = yield* laneOf(stalling(), 2)
      const receiver = fanOut(lane)
      yield* fillStalling(receiver, 2)
      yield* TestClock.adjust("4990 millis")
      const push = yield* start(receiver.push(endpoints.series()))
      assert.isFalse(isThrough(push))
      yield* TestClock.adjust("1 second")
      assert.isTrue(isThrough(yield* start(receiver.push(endpoints.series()))))
    }))

  it.effect("an endpoint that is down with a full queue makes nobody wait, alone or beside another", () =>
    Effect.gen(function*() {
      const down = yield* laneOf(() => Effect.fail(errors.serverFailure()), 2)
      const alone = fanOut(down)
      const slow = yield* laneOf(taking("100 millis"), 10)
      const beside = fanOut(down, slow)
      for (let second = 0; second < 20; second++) {
        assert.isTrue(isThrough(yield* start(alone.push(endpoints.series()))))
        assert.isTrue(isThrough(yield* start(beside.push(endpoints.series()))))
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(down.lane.size(), 2)
      assert.strictEqual(slow.settled.length, 20)
    }))

  it.effect("an endpoint that has just gone down makes nobody wait", () =>
    Effect.gen(function*() {
      let isDown = false
      const breaking = yield* laneOf(() => isDown ? Effect.fail(errors.serverFailure()) : Effect.void, 16, {})
      const slow = yield* laneOf(taking("400 millis"), 16)
      const receiver = fanOut(breaking, slow)
      yield* receiver.push(endpoints.series())
      yield* TestClock.adjust("400 millis")
      isDown = true
      for (let count = 0; count < 17; count++) {
        yield* start(receiver.push(endpoints.series()))
        yield* TestClock.adjust("100 millis")
      }
      assert.isTrue(breaking.lane.status().isOpen)
      assert.strictEqual(breaking.lane.room(size), "full")
      assert.strictEqual(slow.lane.room(size), "yes")
      assert.isTrue(isThrough(yield* start(receiver.push(endpoints.series()))))
    }))

  it.effect("a full slow endpoint beside one that keeps up makes nobody wait", () =>
    Effect.gen(function*() {
      const slow = yield* laneOf(taking("900 millis"), 2)
      const quick = yield* laneOf(taking("10 millis"), 2)
      for (const all of [[slow, quick], [quick, slow]]) {
        const receiver = fanOut(...all)
        for (let count = 0; count < 50; count++) {
          assert.isTrue(isThrough(yield* start(receiver.push(endpoints.series()))))
          yield* TestClock.adjust("100 millis")
        }
      }
      assert.deepStrictEqual(quick.settled.map(({ outcome }) => outcome._tag), Array(100).fill("Delivered"))
      assert.include(slow.settled.map(({ outcome }) => outcome._tag), "Dropped")
    }))

  it.effect.each(
    [
      { slower: "20 millis", what: "as quick as each other none" },
      { slower: "30 millis", what: "not as quick as each other the quicker one never" }
    ] as const
  )("of two that are outrun and $what loses anything", ({ slower }) =>
    Effect.gen(function*() {
      const [first, quicker] = [yield* laneOf(taking(slower), 5), yield* laneOf(taking("20 millis"), 5)]
      const receiver = fanOut(first, quicker)
      yield* receiver.push(endpoints.series())
      yield* TestClock.adjust("30 millis")
      let pushed = 1
      const sender = Effect.forever(Effect.tap(receiver.push(endpoints.series()), () => Effect.sync(() => pushed++)))
      const senders = yield* Effect.forEach(Array(8).fill(sender), start)
      yield* TestClock.adjust("3 seconds")
      yield* Effect.forEach(senders, Fiber.interrupt)
      yield* TestClock.adjust("1 second")
      assert.isAbove(pushed, 100)
      for (const { settled } of slower === "20 millis" ? [first, quicker] : [quicker]) {
        assert.strictEqual(settled.length, pushed)
        assert.isTrue(settled.every(({ outcome }) => outcome._tag === "Delivered"))
      }
    }))

  it.effect("pushes that wait go in the order they came, and nobody overtakes them", () =>
    Effect.gen(function*() {
      const late: Array<Fiber.Fiber<unknown, unknown>> = []
      // There is room already, and nobody who waits knows of it.
      const settled = () =>
        lane.settled.length !== 2
          ? Effect.void
          : Effect.map(start(receiver.push(named("late"))), (fiber) => void late.push(fiber))
      const lane: Effect.Success<ReturnType<typeof lanes.make>> = yield* lanes.make(taking("100 millis"), {
        queue: { maxBytes: 2 * size },
        observer: { settled }
      })
      const receiver = fanOut(lane)
      yield* receiver.push(named("a"))
      yield* TestClock.adjust("100 millis")
      const pushes = yield* Effect.forEach(["b", "c", "d", "e", "f"], (name) => start(receiver.push(named(name))))
      assert.deepStrictEqual(pushes.map(isThrough), [true, true, false, false, false])
      for (let count = 3; count <= 5; count++) {
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(pushes.filter(isThrough).length, count)
        assert.isFalse(isThrough(late[0]!))
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(servicesOf(lane.attempts), ["a", "b", "c", "d", "e", "f", "late"])
      assert.isTrue(lane.settled.every(({ outcome }) => outcome._tag === "Delivered"))
    }))

  it.effect("a push that is interrupted while it waits leaves nothing behind", () =>
    Effect.gen(function*() {
      const lane = yield* laneOf(taking("100 millis"), 2)
      const receiver = fanOut(lane)
      yield* receiver.push(named("a"))
      yield* TestClock.adjust("100 millis")
      yield* receiver.push(named("b"))
      yield* receiver.push(named("c"))
      const [first, second, third] = yield* Effect.forEach(["d", "e", "f"], (name) => start(receiver.push(named(name))))
      yield* TestClock.adjust("50 millis")
      yield* Fiber.interrupt(first!)
      yield* Fiber.interrupt(second!)
      assert.isFalse(isThrough(third!))
      yield* TestClock.adjust("50 millis")
      assert.isTrue(isThrough(third!))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(servicesOf(lane.attempts), ["a", "b", "c", "f"])
      // Nobody waits any more.
      assert.isTrue(isThrough(yield* start(receiver.push(named("g")))))
    }))

  it.effect("a push that waits is refused when a lane closes meanwhile", () =>
    Effect.gen(function*() {
      const lane = yield* lanes.make(stalling(), {
        queue: { maxBytes: 2 * size },
        drainFor: Duration.seconds(10)
      })
      const receiver = fanOut(lane)
      yield* fillStalling(receiver, 2)
      const push = yield* start(Effect.flip(receiver.push(endpoints.series())))
      const close = yield* start(lane.close)
      yield* TestClock.adjust("1 second")
      assert.isTrue(isThrough(push))
      assert.strictEqual((yield* Fiber.join(push)).reason._tag, "Stopped")
      yield* TestClock.adjust("9 seconds")
      yield* Fiber.join(close)
    }))
})
