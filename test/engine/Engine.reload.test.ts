import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Logger, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Engine from "../../src/engine/Engine.ts"
import type { InvalidConfiguration } from "../../src/engine/InvalidConfiguration.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Source from "../../src/syntax/Source.ts"
import { problem } from "../syntax/notation.ts"
import * as components from "./components.ts"
import * as World from "./world.ts"

const source = (text: string) => [Source.make("a.alloy", text)]

const start = (world: World.World, text: string) =>
  Engine.make({ sources: source(text), registry: world.registry, stdlib: new Map() })

const problemsOf = ({ diagnostics, isInForce }: InvalidConfiguration) => [isInForce, ...diagnostics.map(problem)]

const refused = (engine: Engine.Engine, text: string) =>
  Effect.map(Effect.flip(engine.reload(source(text))), problemsOf)

const healthOf = (engine: Engine.Engine) =>
  Effect.map(engine.components, (all) => all.map(({ health, id }) => `${id} ${health.state}: ${health.message}`))

/** What has been replaced or removed ends beside the reload. */
const settled = TestClock.adjust("0 seconds")

describe("Engine.reload", () => {
  it.effect("leaves alone, to the identity of its objects, what says the same in other words and another place", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world, "node \"a\" { count = 1 }\nnode \"b\" { to = [node.a.out] }\none { }")
      const before = world.running()
      world.events()
      yield* engine.reload(
        source("// moved\nnode \"b\" {\n  to = [(node.a.out)]\n  count = 0\n}\none { }\nnode \"a\" { count = 3 - 2 }")
      )
      yield* settled
      assert.deepStrictEqual(world.events(), [])
      assert.isTrue(world.running().every((built, index) => built === before[index]))
    }))

  it.effect("builds what has changed beside what runs, and stops that afterwards; nothing else is touched", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world, "node \"a\" { count = 1 }\nnode \"b\" { to = [node.a.out] }")
      world.events()
      yield* engine.reload(source("node \"a\" { count = 2 }\nnode \"b\" { to = [node.a.out] }\nnode \"c\" { }"))
      yield* settled
      assert.deepStrictEqual(world.events(), ["+node.c", "+node.a", "-node.a"])
      assert.deepStrictEqual(
        (yield* engine.component("node.a"))?.arguments,
        [{ name: "count", type: "attr", value: { type: "number", value: 2 } }]
      )
    }))

  it.effect("stops what is gone, what others referred to last", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(
        world,
        "node \"a\" { }\nnode \"b\" { to = [node.a.out] }\nnode \"c\" { to = [node.b.out] }"
      )
      world.events()
      yield* engine.reload(source(""))
      yield* settled
      assert.deepStrictEqual(world.events(), ["-node.c", "-node.b", "-node.a"])
      assert.deepStrictEqual(yield* engine.components, [])
    }))

  it.effect("changes nothing where the text is wrong, also for what is evaluated later", () =>
    Effect.gen(function*() {
      const world = World.make()
      const text = "node \"a\" { }\nnode \"b\" { to = [node.a.out] }"
      const engine = yield* start(world, text)
      world.events()
      assert.deepStrictEqual(yield* refused(engine, "node \"a\" {"), [
        false,
        "1:11 expected }, got EOF: the block node opened at 1:1 is not closed"
      ])
      assert.deepStrictEqual(yield* refused(engine, "node \"b\" { to = [node.a.out, \"new\"] }\nnode \"c\" { }"), [
        false,
        "1:18-1:27 component \"node.a.out\" does not exist or is out of scope"
      ])
      assert.deepStrictEqual(yield* refused(engine, "node \"a\" { count = true }"), [
        false,
        "1:20-1:23 true should be number, got bool"
      ])
      assert.deepStrictEqual(world.events(), [])
      yield* world.set("node.a", "other")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(world.running().at(-1)?.args.to, ["other"])
      assert.deepStrictEqual((yield* engine.components).map(({ health }) => health.state), ["healthy", "healthy"])
    }))

  it.effect("keeps what runs of a block that cannot be built, and says so until it can", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world, "node \"a\" { count = 1 }\nnode \"b\" { to = [node.a.out] }")
      world.events()
      assert.deepStrictEqual(
        yield* refused(engine, "node \"a\" { to = [\"broken\"] }\nnode \"b\" { to = [node.a.out] }\nnode \"c\" { }"),
        [true, "1:1-1:4 Failed to build component: no disk"]
      )
      assert.deepStrictEqual(world.events(), ["+node.c"])
      assert.deepStrictEqual(yield* healthOf(engine), [
        "node.c healthy: started component",
        "node.a unhealthy: component evaluation failed: building component: no disk",
        "node.b healthy: started component"
      ])
      assert.deepStrictEqual(
        (yield* engine.component("node.a"))?.arguments,
        [{ name: "count", type: "attr", value: { type: "number", value: 1 } }]
      )
      yield* engine.reload(source("node \"a\" { count = 1 }\nnode \"b\" { to = [node.a.out] }\nnode \"c\" { }"))
      assert.deepStrictEqual(world.events(), [])
      assert.isTrue((yield* engine.components).every(({ health }) => health.state === "healthy"))
    }))

  it.effect("builds what refers to a block that could not be built once that can be", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world, "")
      const text = (to: string) => `node "a" { to = ["${to}"] }\nnode "b" { to = [node.a.out] }`
      assert.deepStrictEqual(yield* refused(engine, text("broken")), [
        true,
        "1:1-1:4 Failed to build component: no disk"
      ])
      assert.deepStrictEqual(
        (yield* healthOf(engine))[1],
        [
          "node.b unhealthy: component evaluation failed: node.a has not been built"
        ].join()
      )
      yield* engine.reload(source(text("well")))
      assert.deepStrictEqual(world.events(), ["+node.a", "+node.b"])
    }))

  it.effect("does not stop what is gone while something that could not be changed still sends to it", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world, "node \"a\" { }\nnode \"b\" { to = [node.a.out] }")
      world.events()
      yield* Effect.flip(
        engine.reload(source("node \"b\" { to = [\"broken\"] }")).pipe(Effect.tapError(() => Effect.void))
      )
        .pipe(Effect.forkChild, Effect.tap(() => TestClock.adjust("5 seconds")), Effect.flatMap(Fiber.join))
      assert.deepStrictEqual(world.events(), [])
      yield* engine.reload(source("node \"b\" { }"))
      yield* settled
      assert.deepStrictEqual(world.events(), ["+node.b", "-node.b", "-node.a"])
    }))

  it.effect("knows what a block refers to now, also where it gets the same from there", () =>
    Effect.gen(function*() {
      const world = World.make()
      const scope = yield* Scope.make()
      const engine = yield* Scope.provide(start(world, "node \"a\" { }\nnode \"b\" { to = [node.a.out] }"), scope)
      world.events()
      yield* engine.reload(source("node \"c\" { }\nnode \"b\" { to = [node.c.out] }"))
      yield* settled
      assert.deepStrictEqual(world.events(), ["+node.c", "-node.a"])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(world.events(), ["-node.b", "-node.c"])
    }))

  it.effect("builds what needs the place of something that goes", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world, "node \"old\" { count = -1 }")
      yield* engine.reload(source("node \"new\" { count = -1 }"))
      assert.deepStrictEqual(world.events(), ["+node.old", "-node.old", "+node.new"])
    }))

  it.effect("builds what needs the place of something that goes since an earlier one", () =>
    Effect.gen(function*() {
      let isTaken = false
      const place = components.make("place", () =>
        Effect.gen(function*() {
          if (isTaken) return yield* new components.NoDisk({ message: "in use" })
          isTaken = true
          yield* Effect.addFinalizer(() =>
            Effect.map(Effect.sleep("2 seconds"), () => {
              isTaken = false
            })
          )
        }))
      const settings = { sources: source("place \"old\" { }"), registry: Registry.make(place), stdlib: new Map() }
      const scope = yield* Scope.make()
      const engine = yield* Scope.provide(Engine.make(settings), scope)
      yield* engine.reload([])
      const reload = yield* Effect.forkChild(engine.reload(source("place \"new\" { }")), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(reload)
      yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 seconds")
    }))

  it.effect("waits for all that cannot be built side by side, the second time as well", () =>
    Effect.gen(function*() {
      const slow = components.make("slow", ({ count }) =>
        count === 0
          ? Effect.void
          : Effect.andThen(Effect.sleep(`${count} seconds`), new components.NoDisk({ message: "no disk" })))
      const settings = { sources: source("slow \"old\" { }"), registry: Registry.make(slow), stdlib: new Map() }
      const engine = yield* Engine.make(settings)
      const text = ["a", "b", "c"].map((label) => `slow "${label}" { count = 10 }`).join("\n")
      const reload = yield* Effect.forkChild(refused(engine, text), { startImmediately: true })
      yield* TestClock.adjust("20 seconds")
      assert.lengthOf(yield* Fiber.join(reload), 4)
    }))

  it.effect("goes on when whoever asked for it does not wait, and takes one text after the other", () =>
    Effect.gen(function*() {
      const built: Array<number> = []
      const gate = yield* Deferred.make<void>()
      const slow = components.make("slow", ({ count }) =>
        Effect.gen(function*() {
          if (count === 1) yield* Deferred.await(gate)
          built.push(count)
        }))
      const engine = yield* Engine.make({ sources: [], registry: Registry.make(slow), stdlib: new Map() })
      const first = yield* Effect.forkChild(engine.reload(source("slow \"a\" { count = 1 }")), {
        startImmediately: true
      })
      const second = yield* Effect.forkChild(engine.reload(source("slow \"a\" { count = 2 }")), {
        startImmediately: true
      })
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(built, [])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(second)
      assert.deepStrictEqual(built, [1, 2])
    }))

  it.effect("waits at its end for what was replaced and still stops", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const registry = Registry.make(components.lingering("store", events))
      const scope = yield* Scope.make()
      const engine = yield* Engine.make({ sources: source("store \"a\" { count = 9 }"), registry, stdlib: new Map() })
        .pipe(Scope.provide(scope))
      yield* engine.reload(source("store \"a\" { count = 1 }"))
      yield* TestClock.adjust("2 seconds")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(events, ["0 -store.a", "2 -store.a", "3 store.a has stopped", "9 store.a has stopped"])
    }))

  it.effect("stops what is gone, though the engine ends in the middle of it", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const registry = Registry.make(
        components.noting("store", events),
        components.make("slow", () => Effect.never)
      )
      const scope = yield* Scope.make()
      const engine = yield* Engine.make({ sources: source("store \"a\" { }"), registry, stdlib: new Map() }).pipe(
        Scope.provide(scope)
      )
      const reload = yield* Effect.forkChild(engine.reload(source("slow \"b\" { }")), { startImmediately: true })
      yield* settled
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(reload)))
      assert.deepStrictEqual(events, ["+store.a", "-store.a"])
    }))

  it.effect("waits a minute for a component, and says so; then it goes on without it", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ fiber, message }) => {
        lines.push(`${fiber.getRef(References.CurrentLogAnnotations)["component_id"]}: ${message}`)
      })
      const registry = Registry.make(
        components.make("slow", ({ count }) => count === 0 ? Effect.void : Effect.never)
      )
      const engine = yield* Engine.make({ sources: source("slow \"a\" { }"), registry, stdlib: new Map() }).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      const first = yield* Effect.forkChild(
        refused(engine, "slow \"a\" { count = 1 }\nslow \"b\" { to = [slow.a.out] }"),
        { startImmediately: true }
      )
      const second = yield* Effect.forkChild(engine.reload(source("slow \"a\" { }")), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(lines, ["slow.a: the component is still being built"])
      yield* TestClock.adjust("55 seconds")
      assert.deepStrictEqual(yield* Fiber.join(first), [
        true,
        "1:1-1:4 Failed to build component: it takes longer than a minute"
      ])
      yield* Fiber.join(second)
      assert.deepStrictEqual(yield* healthOf(engine), ["slow.a healthy: component evaluated"])
    }))

  it.effect.each(
    [
      ["dies", Effect.die(new TypeError("no such thing")), "TypeError: no such thing"],
      ["is interrupted by what it uses", Effect.interrupt, "it was interrupted"]
    ] as const
  )("puts the rest in force where a component that is built %s", ([, run, why]) =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const registry = Registry.make(components.noting("store", events), components.make("bad", () => run))
      const engine = yield* Engine.make({ sources: source("store \"a\" { }"), registry, stdlib: new Map() })
      assert.deepStrictEqual(yield* refused(engine, "bad \"b\" { }\nstore \"c\" { }"), [
        true,
        `1:1-1:3 Failed to build component: ${why}`
      ])
      assert.deepStrictEqual(events, ["+store.a", "+store.c", "-store.a"])
    }))
})
