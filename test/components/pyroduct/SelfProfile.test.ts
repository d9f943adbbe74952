import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Queue, Result } from "effect"
import { TestClock } from "effect/testing"
import type { HeapProfiler, Profiler } from "node:inspector"
import * as Zlib from "node:zlib"
import { Profile as Pprof } from "pprof-format"
import { Inspector, InspectorError } from "../../../src/components/pyroduct/Inspector.ts"
import * as SelfProfile from "../../../src/components/pyroduct/SelfProfile.ts"
import * as Receipt from "../../../src/delivery/Receipt.ts"
import { make, Refused, Stopped } from "../../../src/delivery/Receiver.ts"
import * as Engine from "../../../src/engine/Engine.ts"
import * as Registry from "../../../src/engine/Registry.ts"
import type * as Profile from "../../../src/profile/Profile.ts"
import * as Source from "../../../src/syntax/Source.ts"
import * as Health from "../../../src/telemetry/Health.ts"

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
  const start = (options: Omit<SelfProfile.Options, "forward_to"> = {}) =>
    Layer.build(SelfProfile.layer({ forward_to: [receiver], ...options })).pipe(
      Effect.provide(Logger.layer([Logger.make(({ message }) => logged.push(String(message)))])),
      Effect.provideService(Inspector, inspector),
      Effect.provideService(Health.Reporter, {
        problem: (about, message) => Effect.sync(() => health.push(message ?? `over: ${about}`))
      })
    )
  return { commands, health, logged, received, start, state }
})

const pprofOf = (profile: Profile.Profile): Pprof => {
  assert(profile._tag === "Series")
  assert.strictEqual(profile.samples.length, 1)
  return Pprof.decode(Zlib.gunzipSync(profile.samples[0]!.profile))
}

const diagnostics = (body: string): ReadonlyArray<string> => {
  const checked = Engine.check({
    sources: [Source.make("config.alloy", `pyroduct.self_profile "self" {\n  forward_to = []\n${body}\n}`)],
    registry: Registry.make(SelfProfile.component),
    stdlib: new Map()
  })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : []
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
      yield* start({ cpu: false, interval: Duration.seconds(2), service_name: "mine" })
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
      const { health, received, start, state } = yield* setting
      state.isReceiving = false
      yield* start({ heap: false })
      for (let round = 0; round < 2; round++) {
        yield* TestClock.adjust("15 seconds")
        yield* Queue.take(received)
      }
      assert.deepStrictEqual(health, [])
    }))

  it("refuses arguments that nothing could come of", () => {
    assert.deepStrictEqual(diagnostics("  interval = \"1s\"\n  labels = { region = \"north\" }"), [])
    assert.deepStrictEqual(diagnostics("  interval = \"999ms\""), ["\"999ms\" must be at least 1s"])
    assert.deepStrictEqual(diagnostics("  sampling_interval = \"0s\""), ["\"0s\" must be at least 1ms"])
    assert.match(
      diagnostics("  labels = { \"a-b\" = \"1\" }")[0] ?? "",
      /must be labels: invalid label name: a-b: character is not allowed: '-'$/
    )
    assert.match(
      diagnostics("  labels = { service_name = \"other\" }")[0] ?? "",
      /must be labels: duplicate label name: service_name$/
    )
  })
})
