import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Shutdown from "../../src/cli/Shutdown.ts"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Logfmt from "../../src/telemetry/Logfmt.ts"
import * as LogLine from "../../src/telemetry/LogLine.ts"

const timeout = Duration.seconds(20)

/** A run that is going on, an hour after midnight, with queues to fill, and what it logs. */
const start = Effect.fnUntraced(function*(
  run: (drain: Drain.Shutdown) => Effect.Effect<unknown, string>,
  log: (line: string) => void = () => {}
) {
  const lines: Array<string> = []
  const codes: Array<number> = []
  const logger = Logger.make<unknown, void>((options) => {
    const line = Logfmt.format(LogLine.make(options)).replace(/^ts=\S+T(\S+)\.000Z /, "$1 ")
    log(line)
    lines.push(line)
  })
  yield* TestClock.adjust("1 hour")
  const drain = Drain.make(timeout)
  const scope = yield* Scope.make()
  const fiber = yield* run(drain).pipe(
    Shutdown.told(drain, (code) => codes.push(code)),
    Effect.provide(Logger.layer([logger])),
    Effect.forkIn(scope, { startImmediately: true })
  )
  /** As at a signal. */
  const stop = Effect.gen(function*() {
    yield* Shutdown.begin(drain, timeout).pipe(Effect.provide(Logger.layer([logger])), Effect.exit)
    fiber.interruptUnsafe()
  })
  /** A queue that holds so many until it is told otherwise. */
  const queue = (endpoint: string, profiles: number) =>
    Effect.gen(function*() {
      const own = { profiles }
      yield* drain.enter({ endpoint, profiles: () => own.profiles }).pipe(Scope.provide(scope))
      return own
    })
  return { codes, drain, fiber, lines, queue, stop }
})

/** Goes on for so long after it has been interrupted. */
const lasting = (duration: Duration.Input) => () => Effect.ensuring(Effect.never, Effect.sleep(duration))

const first = "01:00:00 level=info msg=\"shutting down\" drain_timeout=20s"

const waiting = (time: string, rest: string) =>
  `${time} level=info msg="waiting for endpoints, a second signal exits at once" ${rest} until=1970-01-01T01:00:20.000Z`

describe("A run that is shut down", () => {
  it.effect("ends with 0 where nothing was lost, and says no more than that where nothing waits", () =>
    Effect.gen(function*() {
      const { codes, fiber, lines, queue, stop } = yield* start(lasting("6 seconds"))
      yield* queue("http://a", 0)
      yield* stop
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(lines, [first, "01:00:06 level=info msg=\"shut down cleanly\""])
      assert.deepStrictEqual(codes, [0])
    }))

  it.effect("says after a second, and then every five, how many profiles wait for which endpoints and until when", () =>
    Effect.gen(function*() {
      const { lines, queue, stop } = yield* start(lasting("12 seconds"))
      const a = yield* queue("http://a", 1)
      const b = yield* queue("http://b", 2)
      yield* queue("http://a", 3)
      yield* stop
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(lines, [first])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(lines.splice(1), [
        waiting("01:00:01", "profiles=6 endpoints=\"http://a (4), http://b (2)\"")
      ])
      a.profiles = 0
      b.profiles = 4
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(lines.splice(1), [
        waiting("01:00:06", "profiles=7 endpoints=\"http://b (4), http://a (3)\"")
      ])
    }))

  it.effect("says nothing any more once the time is over, or everything has been delivered", () =>
    Effect.gen(function*() {
      const { lines, queue, stop } = yield* start(lasting("25 seconds"))
      const only = yield* queue("http://a", 1)
      yield* stop
      yield* TestClock.adjust("2 seconds")
      only.profiles = 0
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(lines.splice(0).length, 2)
      only.profiles = 1
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(lines.splice(0).length, 1)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(lines, [])
    }))

  it.effect("ends with 1 where something was lost since the signal, and says how much, and how much before", () =>
    Effect.gen(function*() {
      const { codes, drain, fiber, lines, stop } = yield* start((drain) =>
        Effect.ensuring(Effect.never, Effect.sync(() => drain.lost("http://a", 3)))
      )
      drain.lost("http://a", 2)
      yield* stop
      yield* Fiber.await(fiber)
      assert.strictEqual(lines.at(-1), "01:00:00 level=error msg=\"shut down with losses\" profiles=3 lost_earlier=2")
      assert.deepStrictEqual(codes, [1])
    }))

  it.effect("ends with 0 where something was lost only before the signal, and says how much", () =>
    Effect.gen(function*() {
      const { codes, drain, fiber, lines, stop } = yield* start(() => Effect.never)
      drain.lost("http://a", 2)
      yield* stop
      yield* Fiber.await(fiber)
      assert.strictEqual(lines.at(-1), "01:00:00 level=info msg=\"shut down cleanly\" lost_earlier=2")
      assert.deepStrictEqual(codes, [0])
    }))

  it.effect("ends some seconds after the deadline at the latest, and counts what still waits as lost", () =>
    Effect.gen(function*() {
      const { codes, fiber, lines, queue, stop } = yield* start(() => Effect.uninterruptible(Effect.never))
      yield* queue("http://a", 5)
      yield* stop
      yield* TestClock.adjust("27 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(lines.slice(-2), [
        "01:00:28 level=error msg=\"not everything has stopped in time\"",
        "01:00:28 level=error msg=\"shut down with losses\" profiles=5"
      ])
      assert.deepStrictEqual(codes, [1])
    }))

  it.effect("ends with 1 where something did not stop well, though nothing is known to be lost", () =>
    Effect.gen(function*() {
      const { codes, fiber, lines, stop } = yield* start(() => Effect.ensuring(Effect.never, Effect.die("a defect")))
      yield* stop
      yield* Fiber.await(fiber)
      assert.match(lines.at(-2)!, /level=error msg="not everything has stopped well" err=".*a defect/)
      assert.strictEqual(lines.at(-1), "01:00:00 level=error msg=\"shut down with errors\"")
      assert.deepStrictEqual(codes, [1])
    }))

  it.effect("ends with 1 where the start failed meanwhile, which is no news by then", () =>
    Effect.gen(function*() {
      const { codes, fiber, lines, stop } = yield* start(() =>
        Effect.uninterruptible(Effect.delay(Effect.fail("no"), "1 second"))
      )
      yield* stop
      yield* TestClock.adjust("1 second")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(lines, [first, "01:00:01 level=error msg=\"shut down with errors\""])
      assert.deepStrictEqual(codes, [1])
    }))

  it.effect("goes on though every line of the log fails", () =>
    Effect.gen(function*() {
      let failed = 0
      const { codes, drain, fiber, queue, stop } = yield* start(
        (drain) =>
          Effect.ensuring(Effect.never, Effect.delay(Effect.sync(() => drain.lost("http://a", 1)), "10 seconds")),
        () => {
          failed += 1
          throw new Error("the disk is full")
        }
      )
      yield* queue("http://a", 1)
      yield* stop
      assert.isTrue(drain.hasBegun())
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.await(fiber)
      assert.strictEqual(failed, 4)
      assert.deepStrictEqual(codes, [1])
    }))
})

describe("A run that ends by itself", () => {
  it.effect("fails as it does, and nothing is said", () =>
    Effect.gen(function*() {
      const { codes, fiber, lines } = yield* start(() => Effect.fail("no"))
      assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("no"))
      assert.deepStrictEqual([lines, codes], [[], []])
    }))
})
