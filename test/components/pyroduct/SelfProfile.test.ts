import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Result } from "effect"
import { TestClock } from "effect/testing"
import type { HeapProfiler, Profiler } from "node:inspector"
import * as SelfProfile from "../../../src/components/pyroduct/SelfProfile.ts"
import * as Write from "../../../src/components/pyroscope/Write.ts"
import * as Engine from "../../../src/engine/Engine.ts"
import * as Plan from "../../../src/engine/Plan.ts"
import * as Registry from "../../../src/engine/Registry.ts"
import { Inspector } from "../../../src/pprof/Inspector.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { ScriptedServer } from "../../../src/testing.ts"
import { Transport } from "../../../src/transport/Transport.ts"
import * as PushV1 from "../../../src/wire/PushV1.ts"

const callFrame = { functionName: "busy", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 }

const cpuProfile: Profiler.Profile = {
  nodes: [{ id: 1, callFrame: { ...callFrame, functionName: "(root)" }, children: [2] }, { id: 2, callFrame }],
  startTime: 0,
  endTime: 10_000,
  samples: [2],
  timeDeltas: [10_000]
}

const heapProfile: HeapProfiler.SamplingHeapProfile = {
  head: { callFrame, selfSize: 1024, children: [] }
}

const running = Effect.sync(() => {
  const commands: Array<string> = []
  const command = <A>(name: string, answer: A) =>
    Effect.sync(() => {
      commands.push(name)
      return answer
    })
  const inspector = Effect.succeed<Inspector>({
    startCpu: (interval) => command(`startCpu ${Duration.format(interval)}`, undefined),
    takeCpu: command("takeCpu", cpuProfile),
    startHeap: () => command("startHeap", undefined),
    takeHeap: command("takeHeap", heapProfile)
  })
  const start = (body: string) =>
    Engine.make({
      sources: [Source.make(
        "config.alloy",
        `
          pyroduct.self_profile "self" {
            forward_to = [pyroscope.write.out.receiver]
            ${body}
          }
          pyroscope.write "out" {
            endpoint {
              url = "http://pyroscope.example"
            }
          }
        `
      )],
      registry: Registry.make(SelfProfile.component, Write.component),
      stdlib: new Map()
    }).pipe(Effect.provideService(Inspector, inspector))
  return { commands, start }
})

const labelsOf = ({ body }: ScriptedServer.Received) => {
  const decoded = PushV1.decode(body)
  assert(decoded._tag === "Success")
  return decoded.success.map(({ labels }) => Object.fromEntries(labels))
}

const platform = Layer.merge(
  Transport.layerHttpClient.pipe(Layer.provideMerge(ScriptedServer.layer())),
  Logger.layer([])
)

const diagnostics = (body: string): ReadonlyArray<string> => {
  const checked = Plan.check({
    sources: [Source.make("config.alloy", `pyroduct.self_profile "self" {\n  forward_to = []\n${body}\n}`)],
    registry: Registry.make(SelfProfile.component),
    stdlib: new Map()
  })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : []
}

describe("pyroduct.self_profile", () => {
  it.effect("has an endpoint get the interval that a shutdown cuts short", () =>
    Effect.gen(function*() {
      const { start } = yield* running
      const server = yield* ScriptedServer.ScriptedServer
      yield* Effect.scoped(Effect.andThen(start(""), TestClock.adjust("14 seconds")))
      assert.deepStrictEqual(
        server.requests.flatMap(labelsOf).sort((a, b) => a["__name__"]! < b["__name__"]! ? -1 : 1),
        ["memory", "process_cpu"].map((__name__) => ({ __name__, pyroscope_spy: "nodespy", service_name: "pyroduct" }))
      )
    }).pipe(Effect.provide(platform)))

  it.effect("does as its arguments say", () =>
    Effect.gen(function*() {
      const { commands, start } = yield* running
      const server = yield* ScriptedServer.ScriptedServer
      yield* start(`
        interval          = "2s"
        service_name      = "mine"
        labels            = { region = "north" }
        heap              = false
        sampling_interval = "5ms"
      `)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* server.received(1)).flatMap(labelsOf), [
        { __name__: "process_cpu", pyroscope_spy: "nodespy", region: "north", service_name: "mine" }
      ])
      assert.deepStrictEqual(commands, ["startCpu 5ms", "takeCpu"])
      yield* start("cpu = false")
      assert.deepStrictEqual(commands.slice(2), ["startHeap"])
    }).pipe(Effect.provide(platform)))

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
