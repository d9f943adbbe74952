import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, Logger, Queue, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { HeapProfiler, Profiler } from "node:inspector"
import * as Zlib from "node:zlib"
import { Profile as Pprof } from "pprof-format"
import { InvalidOptions } from "../../src/delivery/Options.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import { make, Receiver, Refused, Stopped } from "../../src/delivery/Receiver.ts"
import { Inspector, InspectorError } from "../../src/pprof/Inspector.ts"
import * as SelfProfile from "../../src/pprof/SelfProfile.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import * as Health from "../../src/telemetry/Health.ts"

const callFrame = { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 }

const cpuProfile: Profiler.Profile = {
  nodes: [
    { id: 1, callFrame, children: [2] },
    { id: 2, callFrame: { ...callFrame, functionName: "busy", url: "file:///app.ts", lineNumber: 1 } }
  ],
  startTime: 0,
  endTime: 15_000_000,
  samples: [2],
  timeDeltas: [10_000]
}

const heapOf = (selfSize: number): HeapProfiler.SamplingHeapProfile => {
  const keep = { callFrame: { ...callFrame, functionName: "keep" }, selfSize, children: [] }
  return { head: { ...keep, callFrame, selfSize: 0, children: [keep] } }
}

const heapProfile = heapOf(524_288)

const refusal = new InspectorError({ command: "Profiler.start", detail: "no" })

/** An inspector that notes its commands and refuses them while `refuses` says so; and what comes of it. */
const setting = Effect.gen(function*() {
  const commands: Array<string> = []
  const health: Array<string> = []
  const logged: Array<string> = []
  const received = yield* Queue.make<Profile.Profile>()
  const state = { refuses: (_command: string): boolean => false, isReceiving: true, heap: heapProfile }
  const command = <A>(name: string, answer: () => A) =>
    Effect.suspend(() => {
      commands.push(name)
      return state.refuses(name) ? Effect.fail(refusal) : Effect.succeed(answer())
    })
  const inspector = Effect.succeed<Inspector>({
    startCpu: (interval) => command(`startCpu ${Duration.format(interval)}`, () => undefined),
    takeCpu: command("takeCpu", () => cpuProfile),
    startHeap: (bytes) => command(`startHeap ${bytes}`, () => undefined),
    takeHeap: command("takeHeap", () => state.heap)
  })
  const receiver = make((profile) =>
    Effect.suspend(() =>
      Effect.andThen(
        Queue.offer(received, profile),
        state.isReceiving ? Effect.succeed(Receipt.none) : new Refused({ reason: new Stopped() })
      )
    )
  )
  const start = (options: SelfProfile.Options = {}) =>
    Layer.build(SelfProfile.layer(options).pipe(Layer.provide(Layer.succeed(Receiver, receiver)))).pipe(
      Effect.provide(Logger.layer([Logger.make(({ message }) => logged.push(String(message)))])),
      Effect.provideService(Inspector, inspector),
      Effect.provideService(Health.Reporter, {
        problem: (about, message) => Effect.sync(() => health.push(message ?? `over: ${about}`))
      })
    )
  return { commands, health, inspector, logged, received, start, state }
})

const pprofOf = (profile: Profile.Profile): Pprof => {
  assert(profile._tag === "Series")
  assert.strictEqual(profile.samples.length, 1)
  return Pprof.decode(Zlib.gunzipSync(profile.samples[0]!.profile))
}

describe("SelfProfile", () => {
  it.effect("pushes a profile of each kind after every interval", () =>
    Effect.gen(function*() {
      const { commands, received, start } = yield* setting
      yield* start({ labels: { region: "north" } })
      yield* TestClock.adjust("14999 millis")
      assert.strictEqual(yield* Queue.size(received), 0)
      for (let round = 0; round < 2; round++) {
        yield* TestClock.adjust("1 millis")
        const profiles = yield* Queue.takeN(received, 2)
        assert.deepStrictEqual(
          profiles.map(({ labels }) => Object.fromEntries(labels)).sort((a, b) =>
            a["__name__"]! < b["__name__"]! ? -1 : 1
          ),
          ["memory", "process_cpu"].map((__name__) => ({
            __name__,
            pyroscope_spy: "nodespy",
            region: "north",
            service_name: "pyroduct"
          }))
        )
        yield* TestClock.adjust("14999 millis")
      }
      assert.deepStrictEqual(commands.sort(), [
        "startCpu 10ms",
        "startHeap 524288",
        "takeCpu",
        "takeCpu",
        "takeHeap",
        "takeHeap"
      ])
    }))

  it.effect("dates a CPU profile to when it began", () =>
    Effect.gen(function*() {
      const { received, start } = yield* setting
      yield* TestClock.setTime(1_700_000_000_000)
      yield* start({ heap: false })
      yield* TestClock.adjust("15 seconds")
      const pprof = pprofOf(yield* Queue.take(received))
      assert.strictEqual(BigInt(pprof.timeNanos), 1_700_000_000_000_000_000n)
      assert.strictEqual(BigInt(pprof.durationNanos), 15_000_000_000n)
    }))

  it.effect("pushes nothing where there is nothing to show", () =>
    Effect.gen(function*() {
      const { received, start, state } = yield* setting
      state.heap = heapOf(0)
      yield* start()
      yield* TestClock.adjust("15 seconds")
      const { labels } = yield* Queue.take(received)
      assert.strictEqual(labels.get("__name__"), "process_cpu")
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* Queue.take(received)).labels.get("__name__"), "process_cpu")
    }))

  it.effect("takes only what is asked for, as often as is asked for", () =>
    Effect.gen(function*() {
      const { commands, received, start } = yield* setting
      yield* start({ cpu: false, interval: "2 seconds", serviceName: "mine" })
      yield* TestClock.adjust("2 seconds")
      const { labels } = yield* Queue.take(received)
      assert.strictEqual(labels.get("service_name"), "mine")
      assert.deepStrictEqual(commands, ["startHeap 524288", "takeHeap"])
    }))

  it.effect("is unhealthy while V8 refuses, and tries again", () =>
    Effect.gen(function*() {
      const { commands, health, logged, received, start, state } = yield* setting
      state.refuses = () => true
      yield* start({ heap: false })
      yield* TestClock.adjust("15 seconds")
      const outage = "cannot take process_cpu profiles"
      assert.deepStrictEqual(health, [`${outage}: Profiler.start: no`])
      assert.deepStrictEqual(commands, ["startCpu 10ms", "takeCpu", "startCpu 10ms"])
      state.refuses = () => false
      yield* TestClock.adjust("15 seconds")
      yield* Queue.take(received)
      assert.deepStrictEqual(health, [`${outage}: Profiler.start: no`, `over: ${outage}`])
      assert.deepStrictEqual(logged, [outage, "recovered"])
    }))

  it.effect("tells of each kind of profile by itself", () =>
    Effect.gen(function*() {
      const { health, received, start, state } = yield* setting
      state.refuses = () => true
      yield* start()
      state.refuses = (command) => command === "takeHeap"
      yield* TestClock.adjust("15 seconds")
      yield* Queue.take(received)
      assert.deepStrictEqual(health.slice(2), ["over: cannot take process_cpu profiles"])
      state.refuses = () => false
      yield* TestClock.adjust("15 seconds")
      yield* Queue.takeN(received, 2)
      assert.strictEqual(health.at(-1), "over: cannot take memory profiles")
    }))

  it.effect("goes on when a receiver refuses", () =>
    Effect.gen(function*() {
      const { health, logged, received, start, state } = yield* setting
      state.isReceiving = false
      yield* start({ heap: false })
      for (let round = 0; round < 2; round++) {
        yield* TestClock.adjust("15 seconds")
        yield* Queue.take(received)
      }
      assert.deepStrictEqual(health, [])
      assert.deepStrictEqual(logged, ["profile refused", "profile refused"])
    }))

  it.effect("pushes the interval that is cut short before it has closed, and before its receiver closes", () =>
    Effect.gen(function*() {
      const { commands, inspector } = yield* setting
      const events: Array<string> = []
      const receiver = Layer.effect(
        Receiver,
        Effect.acquireRelease(
          Effect.succeed(
            make(({ labels }) =>
              Effect.sync(() => events.push(`pushed ${labels.get("__name__")}`)).pipe(Effect.as(Receipt.none))
            )
          ),
          () => Effect.sync(() => events.push("receiver closed"))
        )
      )
      const scope = yield* Scope.make()
      yield* SelfProfile.layer().pipe(
        Layer.provide(receiver),
        Layer.buildWithScope(scope),
        Effect.provideService(Inspector, inspector)
      )
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(events, [])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(events.slice(0, 2).sort(), ["pushed memory", "pushed process_cpu"])
      assert.deepStrictEqual(events.slice(2), ["receiver closed"])
      assert.deepStrictEqual(commands.slice(2).sort(), ["takeCpu", "takeHeap"])
    }))

  it.effect("does not wait for ever for the last push, nor silently", () =>
    Effect.gen(function*() {
      const { inspector, logged } = yield* setting
      const asked = yield* Deferred.make<void>()
      const receiver = make(() => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never))
      const scope = yield* Scope.make()
      yield* SelfProfile.layer({ heap: false }).pipe(
        Layer.provide(Layer.succeed(Receiver, receiver)),
        Layer.buildWithScope(scope),
        Effect.provide(Logger.layer([Logger.make(({ message }) => logged.push(String(message)))])),
        Effect.provideService(Inspector, inspector)
      )
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Deferred.await(asked)
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(closing.pollUnsafe(), undefined)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(logged, ["the last profiles were not taken in time"])
    }))

  it.effect("does not start anew what V8 refuses when it closes", () =>
    Effect.gen(function*() {
      const { commands, logged, start, state } = yield* setting
      state.refuses = (command) => command === "takeCpu"
      yield* Effect.scoped(start({ heap: false }))
      assert.deepStrictEqual(commands, ["startCpu 10ms", "takeCpu"])
      assert.deepStrictEqual(logged, ["cannot take process_cpu profiles"])
    }))

  it.effect("is a stream that ends, with what there is, when it is told to", () =>
    Effect.gen(function*() {
      const { inspector, received } = yield* setting
      const until = yield* Deferred.make<void>()
      const running = yield* SelfProfile.profiles({ heap: false }, Deferred.await(until)).pipe(
        Stream.runForEach((profile) => Queue.offer(received, profile)),
        Effect.provideService(Inspector, inspector),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("15 seconds")
      yield* Queue.take(received)
      yield* TestClock.adjust("14 seconds")
      assert.strictEqual(yield* Queue.size(received), 0)
      yield* Deferred.succeed(until, undefined)
      yield* Fiber.join(running)
      assert.strictEqual(yield* Queue.size(received), 1)
    }))

  it.effect("refuses options that nothing could come of, all at once", () =>
    Effect.gen(function*() {
      const { commands, start } = yield* setting
      const error = yield* Effect.flip(
        start({ interval: "999 millis", samplingInterval: 0.5, labels: { "a-b": "1" } })
      )
      assert(error instanceof InvalidOptions)
      assert.deepStrictEqual(error.problems, [
        { option: "interval", detail: "must be a duration of at least 1s" },
        { option: "samplingInterval", detail: "must be a duration of at least 1ms" },
        { option: "labels", detail: "must be labels: invalid label name: a-b: character is not allowed: '-'" }
      ])
      assert.strictEqual(
        error.message,
        "self-profiling: interval must be a duration of at least 1s, samplingInterval must be a duration of at least 1ms, " +
          "labels must be labels: invalid label name: a-b: character is not allowed: '-'"
      )
      const details = (options: SelfProfile.Options) =>
        Effect.map(
          Effect.flip(Stream.runDrain(SelfProfile.profiles(options))),
          ({ problems }) => problems.map(({ detail }) => detail)
        )
      assert.deepStrictEqual(yield* details({ interval: "Infinity" }), ["must be a duration of at least 1s"])
      // Not TypeScript: `as` stands for what JavaScript lets through.
      assert.deepStrictEqual(yield* details({ interval: "15s" as "15 seconds" }), ["must be a duration of at least 1s"])
      assert.deepStrictEqual(yield* details({ labels: { service_name: "other" } }), [
        "must be labels: duplicate label name: service_name"
      ])
      assert.deepStrictEqual(commands, [])
      yield* start({ interval: "1 seconds", samplingInterval: "1 millis" })
      assert.deepStrictEqual(commands, ["startCpu 1ms", "startHeap 524288"])
    }))
})
