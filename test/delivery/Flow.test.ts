import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Latch } from "effect"
import { TestClock } from "effect/testing"
import * as Flow from "../../src/delivery/Flow.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"

/** A queue whose state a test sets. */
const makeFlow = () => {
  const state = { isBehind: true, keepsUp: false }
  const freed = Latch.makeUnsafe(false)
  const flow: Flow.Flow = { isBehind: () => state.isBehind, keepsUp: () => state.keepsUp, freed: freed.await }
  return { state, flow, free: freed.release }
}

/** How many milliseconds something takes. */
const timed = Effect.fnUntraced(function*(effect: Effect.Effect<unknown>) {
  const start = yield* Clock.currentTimeMillis
  yield* effect
  return (yield* Clock.currentTimeMillis) - start
})

const within = (effect: Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(timed(effect))
    yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(fiber)
  })

const receiverOf = (flow: Flow.Flow) => Receiver.make(() => Effect.succeed(Receipt.none), flow)

const profile = { _tag: "Series", labels: new Map(), samples: [] } as const

describe("Flow", () => {
  it.effect("makes nobody wait where nothing is behind, or something keeps up", () =>
    Effect.gen(function*() {
      const { flow, state } = makeFlow()
      state.keepsUp = true
      assert.strictEqual(yield* within(Flow.makeGate(flow)), 0)
      Object.assign(state, { isBehind: false, keepsUp: false })
      assert.strictEqual(yield* within(Flow.makeGate(flow)), 0)
      assert.strictEqual(yield* within(Flow.makeGate(Flow.none)), 0)
    }))

  it.effect("waits until there is room, a second at most", () =>
    Effect.gen(function*() {
      const { flow, free, state } = makeFlow()
      const gate = Flow.makeGate(flow)
      assert.strictEqual(yield* within(gate), 1000)
      const waiting = yield* Effect.forkChild(timed(gate))
      yield* TestClock.adjust("300 millis")
      yield* free // not enough of it
      yield* TestClock.adjust("300 millis")
      state.isBehind = false
      yield* free
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(waiting), 600)
    }))

  it.effect("waits no longer for who cannot be interrupted, as a request that has arrived", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* within(Effect.uninterruptible(Flow.makeGate(makeFlow().flow))), 1000)
    }))

  it.effect("of several receivers one that keeps up is enough, and the wait is one", () =>
    Effect.gen(function*() {
      const [slow, other] = [makeFlow(), makeFlow()]
      const receiver = Receiver.all([receiverOf(slow.flow), receiverOf(other.flow), receiverOf(slow.flow)])
      assert.strictEqual(yield* within(receiver.push(profile).pipe(Effect.orDie)), 1000)
      other.state.keepsUp = true
      assert.strictEqual(yield* within(receiver.push(profile).pipe(Effect.orDie)), 0)
    }))

  it.effect("what comes together waits once, and is offered there and then", () =>
    Effect.gen(function*() {
      const receiver = receiverOf(makeFlow().flow)
      const request = Effect.andThen(receiver.ready, Effect.forEach([1, 2, 3], () => receiver.offer(profile)))
      assert.strictEqual(yield* within(Effect.orDie(request)), 1000)
    }))
})
