import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Logger, Metric, References, Result, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Engine from "../../src/engine/Engine.ts"
import type { InvalidConfiguration } from "../../src/engine/InvalidConfiguration.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as Health from "../../src/telemetry/Health.ts"
import { problem } from "../syntax/notation.ts"
import * as components from "./components.ts"

const stdlib = new Map([["answer", Value.text("42")]])

const settings = <R>(registry: Registry.Registry<R>, ...texts: ReadonlyArray<string>): Plan.Settings<R> => ({
  sources: texts.map((text, index) => Source.make(`${index}.alloy`, text)),
  registry,
  stdlib
})

const problemsOf = ({ diagnostics }: InvalidConfiguration) =>
  diagnostics.map((diagnostic) => `${diagnostic.file}:${problem(diagnostic)}`)

/** Everything that is wrong with the texts. */
const check = <R>(registry: Registry.Registry<R>, ...texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const checked = Plan.check(settings(registry, ...texts))
  return Result.isFailure(checked) ? problemsOf(checked.failure) : []
}

/** A registry of stores, sources and what cannot be built, and what the first two have done so far. */
const noting = () => {
  const events: Array<string> = []
  const registry = Registry.make(
    components.noting("store", events),
    components.noting("source", events),
    components.failing("broken")
  )
  return { events, registry }
}

const healthOf = (engine: Engine.Engine) =>
  Effect.map(
    engine.components,
    (all) => all.map(({ health, id }) => `${id} ${health.state} since ${health.updatedAt}: ${health.message}`)
  )

/** The gauge's values by health. */
const counted = Effect.map(Metric.snapshot, (metrics) =>
  Object.fromEntries(
    metrics.flatMap(({ attributes, id, state }) =>
      id === "pyroduct_component_controller_running_components" && "value" in state
        ? [[attributes?.["health_type"], state.value]]
        : []
    )
  ))

const withOwnMetrics = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(self, Metric.MetricRegistry, new Map()))

describe("Engine.check", () => {
  it("finds every element that does not fit, beside one that refers to nothing", () => {
    const { registry } = noting()
    assert.deepStrictEqual(
      check(registry, "source \"s\" { to = [a.b.c, [], store.no.out, true] }\nstore { count = [] }"),
      [
        "0.alloy:1:20-1:24 component \"a.b.c\" does not exist or is out of scope",
        "0.alloy:1:27-1:28 [] should be string, got array",
        "0.alloy:1:31-1:42 component \"store.no.out\" does not exist or is out of scope",
        "0.alloy:1:45-1:48 true should be string, got bool",
        "0.alloy:2:1-2:5 component \"store\" must have a label",
        "0.alloy:2:17-2:18 [] should be number, got array"
      ]
    )
  })

  it("has no effects", () => {
    const { events, registry } = noting()
    assert.deepStrictEqual(check(registry, "store \"a\" { }\nbroken \"b\" { to = [store.a.out] }"), [])
    assert.deepStrictEqual(events, [])
  })

  it("finds the problems of the graph and of all arguments together, file by file in the order of the text", () => {
    const { registry } = noting()
    assert.deepStrictEqual(
      check(
        registry,
        "store \"a\" { count = true }\nstore \"a\" { }\nsource \"s\" {\n  to = store.a.out\n  no = 1\n}",
        "source \"t\" { to = [store.b.out] }\nwhat \"x\" { }\nsource \"u\" { count = \"x\" }"
      ),
      [
        "0.alloy:1:21-1:24 true should be number, got bool",
        "0.alloy:2:1-2:9 block store.a already declared at 0.alloy:1:1",
        "0.alloy:4:8-4:18 store.a.out should be array, got string",
        "0.alloy:5:3-5:8 unrecognized attribute name \"no\"",
        "1.alloy:1:20-1:30 component \"store.b.out\" does not exist or is out of scope",
        "1.alloy:2:1-2:4 cannot find the definition of component name \"what\"",
        "1.alloy:3:22-3:24 \"x\" should be number, got string"
      ]
    )
  })

  it("finds the syntax errors of all files, and then nothing else", () => {
    const { registry } = noting()
    assert.deepStrictEqual(
      check(registry, "store \"a\" {", "what \"x\" { }", "source = \"s\" {").map((line) => line.split(":")[0]),
      ["0.alloy", "2.alloy"]
    )
  })

  it("knows what exports are named, and not what else", () => {
    const { registry } = noting()
    assert.deepStrictEqual(check(registry, "store \"a\" { }\nsource \"s\" { to = [store.a.in] }"), [
      "0.alloy:2:28-2:29 field \"in\" does not exist"
    ])
  })

  it("sums up what is wrong", () => {
    const checked = Plan.check(settings(noting().registry, "a \"x\" { }\nb \"y\" { }"))
    assert(Result.isFailure(checked))
    assert.strictEqual(
      checked.failure.message,
      "0.alloy:1:1: cannot find the definition of component name \"a\" (and 1 more diagnostics)"
    )
    assert.strictEqual(checked.failure.message, Diagnostic.summary(checked.failure.diagnostics))
  })
})

describe("Engine.start", () => {
  it.effect("starts dependencies first and stops in reverse", () =>
    Effect.gen(function*() {
      const { events, registry } = noting()
      const text = `
        source "s" { to = [store.b.out] }
        store "b" { to = [store.a.out] }
        store "a" { }
        store "z" { }
      `
      yield* Effect.scoped(Effect.andThen(
        Engine.make(settings(registry, text)),
        Effect.sync(() => assert.deepStrictEqual(events.splice(0), ["+store.z", "+store.a", "+store.b", "+source.s"]))
      ))
      assert.deepStrictEqual(events, ["-source.s", "-store.b", "-store.a", "-store.z"])
    }))

  it.effect("stops all sources before anything that sources send to", () =>
    Effect.gen(function*() {
      const { events, registry } = noting()
      const text = `
        source "near" { to = [store.end.out] }
        source "far" { to = [store.middle.out] }
        store "middle" { to = [store.end.out] }
        store "end" { }
      `
      yield* Effect.scoped(Engine.make(settings(registry, text)))
      assert.deepStrictEqual(events.slice(4), ["-source.far", "-source.near", "-store.middle", "-store.end"])
    }))

  it.effect("gives components the exports of those that run, and the standard library", () =>
    Effect.gen(function*() {
      const seen: Array<ReadonlyArray<string>> = []
      const registry = Registry.make(
        components.noting("my.store", []),
        components.make("source", ({ to }) =>
          Effect.sync(() => {
            seen.push(to)
          }))
      )
      yield* Engine.make(settings(
        registry,
        "source \"s\" { to = [my.store.a.out, answer, my.store.b[\"out\"]] }\nmy.store \"a\" { }\nmy.store \"b\" { }"
      ))
      assert.deepStrictEqual(seen, [["running", "42", "running"]])
    }))

  it.effect("starts nothing of a configuration that is wrong", () =>
    Effect.gen(function*() {
      const { events, registry } = noting()
      const error = yield* Effect.flip(Engine.make(settings(registry, "store \"a\" { }\nstore \"b\" { no = 1 }")))
      assert.deepStrictEqual(problemsOf(error), ["0.alloy:2:13-2:18 unrecognized attribute name \"no\""])
      assert.deepStrictEqual(events, [])
    }))

  it.effect("stops what has started when something cannot be built, and says all that could not", () =>
    Effect.gen(function*() {
      const { events, registry } = noting()
      const text = `store "a" { }
broken "b" { to = [store.a.out] }
source "s" { to = [broken.b.out] }
store "after" { to = [source.s.out] }
broken "c" { }
store "d" { to = [store.a.out] }`
      const scope = yield* Scope.make()
      const error = yield* Effect.flip(Engine.make(settings(registry, text)).pipe(Scope.provide(scope)))
      assert.deepStrictEqual(problemsOf(error).sort(), [
        "0.alloy:2:1-2:6 Failed to build component: no disk",
        "0.alloy:5:1-5:6 Failed to build component: no disk"
      ])
      assert.deepStrictEqual(events.splice(0), ["+store.a", "+store.d", "-store.d", "-store.a"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(events, [])
    }))

  it.effect("stops what has started when it is interrupted while it starts", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const reached = yield* Deferred.make<void>()
      const registry = Registry.make(
        components.noting("store", events),
        components.make("slow", () => Effect.andThen(Deferred.succeed(reached, undefined), Effect.never))
      )
      const text = "store \"a\" { }\nslow \"s\" { to = [store.a.out] }"
      const fiber = yield* Effect.forkChild(Effect.scoped(Engine.make(settings(registry, text))))
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(events, ["+store.a", "-store.a"])
    }))

  it.effect("names the component in its logs and metrics, and in those of its fibers and of its end", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.make(({ fiber, message }) => {
        logged.push(`${String(message)} ${JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))}`)
      })
      const runs = Metric.counter("runs")
      const source = components.make("source", () =>
        Effect.gen(function*() {
          yield* Effect.addFinalizer(() => Effect.logInfo("stopping"))
          yield* Effect.logInfo("starting")
          yield* Metric.update(runs, 1)
          yield* Fiber.join(yield* Effect.forkScoped(Effect.logInfo("going on")))
        }))
      yield* Effect.scoped(Engine.make(settings(Registry.make(source), "source \"s\" { }"))).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      const annotations = "{\"component_path\":\"/\",\"component_id\":\"source.s\"}"
      assert.deepStrictEqual(logged, ["starting", "going on", "stopping"].map((text) => `${text} ${annotations}`))
      const snapshot = yield* Metric.snapshot
      assert.deepStrictEqual(snapshot.find(({ id }) => id === "runs")?.attributes, {
        component_id: "source.s",
        component_path: "/"
      })
    }).pipe(withOwnMetrics))

  it.effect("runs an embedder's own component, which may need services and replace one of ours", () =>
    Effect.gen(function*() {
      class Disk extends Context.Service<Disk, { readonly path: string }>()("test/Disk") {}
      const { events, registry } = noting()
      const own = components.make("store", (_, id) =>
        Effect.map(Disk, ({ path }) => {
          events.push(`${id} on ${path}`)
        }))
      const extended = Registry.add(registry, own)
      yield* Engine.make(settings(extended, "store \"a\" { }\nsource \"s\" { to = [store.a.out] }")).pipe(
        Effect.provideService(Disk, { path: "/disk" })
      )
      assert.deepStrictEqual(events, ["store.a on /disk", "+source.s"])
      assert.strictEqual(registry.components.size, extended.components.size)
    }))

  it.effect("builds a Layer for each block, though the component has but one, which the application has built too", () =>
    Effect.gen(function*() {
      const { events, registry } = noting()
      const store = components.noting("store", events)
      const only = store.layer({ to: [], count: 0 })
      const shared = Registry.add(registry, { ...store, layer: () => only })
      const text = "store \"a\" { }\nstore \"b\" { }"
      yield* Effect.provide(Effect.void, Layer.provide(Engine.layer(settings(shared, text)), only))
      assert.deepStrictEqual(events, ["+", "+store.a", "+store.b", "-store.b", "-store.a", "-"])
    }))

  it.effect("is a Layer as well", () =>
    Effect.gen(function*() {
      const { events, registry } = noting()
      yield* Engine.Engine.pipe(
        Effect.flatMap(({ components }) => components),
        Effect.map((all) =>
          assert.deepStrictEqual(all.map(({ id, name }) => `${id} ${name}`), ["store.a store", "source.s source"])
        ),
        Effect.provide(Engine.layer(settings(registry, "source \"s\" { to = [store.a.out] }\nstore \"a\" { }")))
      )
      assert.deepStrictEqual(events.length, 4)
    }))
})

describe("Engine health", () => {
  it.effect("builds side by side what does not depend on each other, is healthy from the start and exited when everything of the component has stopped", () =>
    Effect.gen(function*() {
      const slow = components.make(
        "slow",
        () => Effect.andThen(Effect.sleep("2 seconds"), Effect.addFinalizer(() => Effect.sleep("3 seconds")))
      )
      const scope = yield* Scope.make()
      const starting = yield* Effect.forkChild(
        Engine.make(settings(Registry.make(slow), "slow \"a\" { }\nslow \"b\" { }")).pipe(Scope.provide(scope))
      )
      yield* TestClock.adjust("4 seconds")
      const engine = yield* Fiber.join(starting)
      assert.deepStrictEqual(yield* healthOf(engine), [
        "slow.a healthy since 2000: started component",
        "slow.b healthy since 2000: started component"
      ])
      const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* healthOf(engine), [
        "slow.a healthy since 2000: started component",
        "slow.b healthy since 2000: started component"
      ])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(yield* healthOf(engine), [
        "slow.a exited since 7000: component shut down cleanly",
        "slow.b exited since 7000: component shut down cleanly"
      ])
    }))

  it.effect("is what the component says of itself, as long as it runs", () =>
    Effect.gen(function*() {
      const reporters: Array<Health.Reporter> = []
      const source = components.make("source", () =>
        Effect.map(Health.Reporter, (reporter) => {
          reporters.push(reporter)
        }))
      const scope = yield* Scope.make()
      const engine = yield* Engine.make(settings(Registry.make(source), "source \"a\" { }\nsource \"b\" { }")).pipe(
        Scope.provide(scope)
      )
      const well = "source.b healthy since 0: started component"
      yield* TestClock.adjust("1 seconds")
      yield* reporters[0]!.problem("disk", "no disk")
      assert.deepStrictEqual(yield* healthOf(engine), ["source.a unhealthy since 1000: no disk", well])
      yield* TestClock.adjust("1 seconds")
      yield* reporters[0]!.problem("file", "no file")
      assert.deepStrictEqual(yield* healthOf(engine), ["source.a unhealthy since 2000: no disk; no file", well])
      yield* reporters[0]!.problem("disk", undefined)
      assert.deepStrictEqual(yield* healthOf(engine), ["source.a unhealthy since 2000: no file", well])
      yield* TestClock.adjust("1 seconds")
      yield* reporters[0]!.problem("file", undefined)
      assert.deepStrictEqual(yield* healthOf(engine), ["source.a healthy since 3000: recovered", well])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual((yield* healthOf(engine))[0], "source.a exited since 3000: component shut down cleanly")
    }))

  it.effect("is counted in a gauge, as long as the engine runs", () =>
    Effect.gen(function*() {
      let reporter: Health.Reporter | undefined
      const source = components.make("source", () =>
        Effect.map(Health.Reporter, (own) => {
          reporter = own
        }))
      const scope = yield* Scope.make()
      yield* Engine.make(settings(Registry.make(source), "source \"a\" { }\nsource \"b\" { }")).pipe(
        Scope.provide(scope)
      )
      assert.deepStrictEqual(yield* counted, { healthy: 2, unhealthy: 0, unknown: 0, exited: 0 })
      yield* reporter!.problem("it", "no disk")
      assert.deepStrictEqual(yield* counted, { healthy: 1, unhealthy: 1, unknown: 0, exited: 0 })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* counted, {})
    }).pipe(withOwnMetrics))

  it.effect("has its gauges until the last component has stopped", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const registry = Registry.make(components.lingering("store", []))
      yield* Engine.make(settings(registry, "store \"a\" { count = 1 }\nstore \"b\" { count = 3 }")).pipe(
        Scope.provide(scope)
      )
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* counted, { healthy: 1, unhealthy: 0, unknown: 0, exited: 1 })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(yield* counted, {})
    }).pipe(withOwnMetrics))
})
