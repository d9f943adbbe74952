import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Latch, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { changing, type Component } from "../../src/engine/Component.ts"
import * as Engine from "../../src/engine/Engine.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as World from "./world.ts"

const start = <R>(registry: Registry.Registry<R>, text: string) =>
  Engine.make({ sources: [Source.make("a.alloy", text)], registry, stdlib: new Map() })

const settled = TestClock.adjust("1 second")

const pair = "node \"a\" { }\nnode \"b\" { to = [node.a.out] }"

describe("Engine, when exports change", () => {
  it.effect("evaluates the blocks that refer to them, and no others", () =>
    Effect.gen(function*() {
      const world = World.make()
      yield* start(world.registry, `${pair}\nnode "c" { to = [node.b.out] }\nnode "d" { }`)
      world.events()
      yield* world.set("node.a", "other")
      yield* settled
      assert.deepStrictEqual(world.events(), ["+node.b", "-node.b"])
      assert.deepStrictEqual(world.running().map(({ args, id }) => `${id} ${args.to.join()}`), [
        "node.d ",
        "node.a ",
        "node.c text",
        "node.b other"
      ])
    }))

  it.effect("does nothing where the value is the same, or makes the same arguments", () =>
    Effect.gen(function*() {
      const world = World.make()
      yield* world.set("node.a", "1")
      yield* start(world.registry, "node \"a\" { }\nnode \"b\" { count = node.a.out }")
      world.events()
      yield* world.set("node.a", "1")
      yield* settled
      yield* world.set("node.a", "01")
      yield* settled
      assert.deepStrictEqual(world.events(), [])
    }))

  it.effect("keeps arguments and exports at their last good values, and says so until there are others", () =>
    Effect.gen(function*() {
      const world = World.make()
      const engine = yield* start(world.registry, pair)
      world.events()
      const health = Effect.map(
        engine.component("node.b"),
        (detail) => `${detail?.health.state} ${detail?.health.message}`
      )
      yield* world.set("node.a", "broken")
      yield* settled
      assert.deepStrictEqual(world.events(), [])
      assert.strictEqual(yield* health, "unhealthy component evaluation failed: building component: no disk")
      yield* world.set("node.a", "mended")
      yield* settled
      assert.deepStrictEqual(world.events(), ["+node.b", "-node.b"])
      assert.strictEqual(yield* health, "healthy component evaluated")
    }))

  it.effect("takes five thousand changes in a second as ten at most", () =>
    Effect.gen(function*() {
      const world = World.make()
      yield* start(world.registry, pair)
      const before = world.builds()
      for (let change = 0; change < 5000; change++) {
        yield* world.set("node.a", `${change}`)
        if (change % 5 === 4) yield* TestClock.adjust("1 millis")
      }
      yield* settled
      assert.isAtMost(world.builds() - before, 11)
      assert.deepStrictEqual(world.running().at(-1)?.args.to, ["4999"])
    }))

  it.effect("never evaluates a block twice at a time", () =>
    Effect.gen(function*() {
      const world = World.make()
      const gate = Latch.makeUnsafe()
      const entered = yield* Deferred.make<void>()
      let inside = 0
      const slow: Component<{ readonly to: string }> = {
        name: "slow",
        arguments: Schema.Struct({ to: Decode.String }),
        exports: {},
        layer: ({ to }) =>
          Layer.effectDiscard(Effect.gen(function*() {
            inside += 1
            assert.strictEqual(inside, 1)
            yield* Deferred.succeed(entered, undefined)
            if (to !== "text") yield* gate.await
            inside -= 1
          }))
      }
      yield* start(Registry.add(world.registry, slow), "node \"a\" { }\nslow \"s\" { to = node.a.out }")
      yield* world.set("node.a", "first")
      yield* settled
      yield* world.set("node.a", "second")
      yield* settled
      yield* gate.open
      yield* settled
      assert.strictEqual(inside, 0)
    }))

  it.effect("stays as it is when the exports of what was replaced change once more", () =>
    Effect.gen(function*() {
      const world = World.make()
      const late = Latch.makeUnsafe()
      const stopped = Latch.makeUnsafe()
      const told: Component<{ readonly count: number }> = {
        name: "told",
        arguments: Schema.Struct({ count: Decode.Int }),
        exports: {
          out: {
            placeholder: Value.unknown,
            make: () => {
              let builds = 0
              return {
                initial: undefined,
                values: () => {
                  const build = ++builds
                  const after = Stream.fromEffect(Effect.as(late.await, Value.text(`late ${build}`)))
                  return Stream.concat(Stream.make(Value.text(`first ${build}`)), build === 1 ? after : Stream.empty)
                }
              }
            }
          }
        },
        layer: () => Layer.effectDiscard(Effect.addFinalizer(() => stopped.await))
      }
      const text = (count: number) => `told "t" { count = ${count} }\nnode "b" { to = [told.t.out] }`
      const engine = yield* start(Registry.add(world.registry, told), text(1))
      yield* engine.reload([Source.make("a.alloy", text(2))])
      yield* late.open
      yield* settled
      yield* stopped.open
      assert.deepStrictEqual(world.running().map(({ args }) => args.to), [["first 2"]])
    }))

  it.effect("tells of an export that fails: before it has a value nothing is built, later the block is unhealthy", () =>
    Effect.gen(function*() {
      const world = World.make()
      const gate = Latch.makeUnsafe()
      const of = (name: string, values: Stream.Stream<Value.Value>): Component<{}> => ({
        name,
        arguments: Schema.Struct({}),
        exports: { out: changing(Value.unknown, () => values) },
        layer: () => Layer.empty
      })
      const late = Stream.fromEffect(Effect.andThen(gate.await, Effect.die("no disk")))
      const registry = Registry.add(
        world.registry,
        of("early", Stream.die("no disk")),
        of("none", Stream.empty),
        of("late", Stream.concat(Stream.make(Value.text("text")), late))
      )
      const text = "late \"l\" { }\nnode \"a\" { to = [late.l.out] }"
      const engine = yield* start(registry, text)
      const failure = yield* Effect.flip(
        engine.reload([Source.make("a.alloy", `${text}\nearly "e" { }\nnone "n" { }`)])
      )
      assert.deepStrictEqual(failure.diagnostics.map(({ message }) => message), [
        "Failed to build component: the export out fails: no disk",
        "Failed to build component: the export out has no value"
      ])
      yield* gate.open
      yield* settled
      const health = (yield* engine.components).find(({ id }) => id === "late.l")?.health
      assert.deepStrictEqual([health?.state, health?.message], ["unhealthy", "the export out fails: no disk"])
      assert.deepStrictEqual(world.running().map(({ args }) => args.to.join()), ["text"])
    }))
})
