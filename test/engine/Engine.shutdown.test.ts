import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import type * as Component from "../../src/engine/Component.ts"
import * as Engine from "../../src/engine/Engine.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as components from "./components.ts"

describe("Engine, when its scope closes", () => {
  /** Runs a configuration of lingering components to its end, and gives what they have noted meanwhile. */
  const stopping = Effect.fnUntraced(function*(text: string, more: ReadonlyArray<Component.Any<never>> = []) {
    const events: Array<string> = []
    const registry = Registry.make(
      components.lingering("source", events),
      components.lingering("store", events),
      ...more
    )
    const scope = yield* Scope.make()
    const started = yield* Engine.make({ sources: [Source.make("a.alloy", text)], registry, stdlib: new Map() }).pipe(
      Scope.provide(scope),
      Effect.exit,
      Effect.forkChild({ startImmediately: true })
    )
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* Fiber.join(started))._tag, text.includes("broken") ? "Failure" : "Success")
    const from = events.length === 0 ? 60 : 0
    const closing = yield* Effect.forkChild(Effect.exit(Scope.close(scope, Exit.void)))
    yield* TestClock.adjust("1 minute")
    const exit = yield* Fiber.join(closing)
    const noted = events.map((event) => event.replace(/^\d+/, (second) => `${Number(second) - from}`))
    return { exit, noted }
  })

  it.effect("stops a pipeline without waiting for another's slow source", () =>
    Effect.gen(function*() {
      const { noted } = yield* stopping(`
        source "slow" {
          to    = [store.a.out]
          count = 5
        }
        source "fast" { to = [store.b.out] }
        store "a" { count = 2 }
        store "b" { count = 20 }
      `)
      assert.deepStrictEqual(noted, [
        "0 -source.fast",
        "0 -source.slow",
        "0 -store.b",
        "5 source.slow has stopped",
        "5 -store.a",
        "7 store.a has stopped",
        "20 store.b has stopped"
      ])
    }))

  it.effect("stops what several send to when the last of them has stopped, however far they are from the end", () =>
    Effect.gen(function*() {
      const { noted } = yield* stopping(`
        source "near" {
          to    = [store.end.out]
          count = 4
        }
        source "far" { to = [store.middle.out] }
        store "middle" {
          to    = [store.end.out]
          count = 3
        }
        store "end" { }
      `)
      assert.deepStrictEqual(noted, [
        "0 -source.far",
        "0 -source.near",
        "0 -store.middle",
        "3 store.middle has stopped",
        "4 source.near has stopped",
        "4 -store.end"
      ])
    }))

  it.effect("stops last what stands alone, for others may reach it by the network", () =>
    Effect.gen(function*() {
      const { noted } = yield* stopping(`
        source "s" { to = [store.a.out] }
        store "server" { count = 1 }
        store "a" { count = 2 }
        store "z" { }
      `)
      assert.deepStrictEqual(noted, [
        "0 -source.s",
        "0 -store.a",
        "2 store.a has stopped",
        "2 -store.z",
        "2 -store.server",
        "3 store.server has stopped"
      ])
    }))

  it.effect("stops everything though one fails to stop, and fails with what happened", () =>
    Effect.gen(function*() {
      const dying = components.make("dying", () => Effect.addFinalizer(() => Effect.die("the log is full")))
      const { exit, noted } = yield* stopping(
        `
        source "s" { to = [dying.d.out] }
        source "t" { to = [store.b.out] }
        dying "d" { to = [store.a.out] }
        store "a" { count = 1 }
        store "b" { count = 2 }
      `,
        [dying]
      )
      assert.deepStrictEqual(noted, [
        "0 -source.t",
        "0 -source.s",
        "0 -store.b",
        "0 -store.a",
        "1 store.a has stopped",
        "2 store.b has stopped"
      ])
      assert(Exit.isFailure(exit))
      assert.strictEqual(Cause.squash(exit.cause), "the log is full")
    }))

  it.effect("stops side by side what has started of a configuration that fails to", () =>
    Effect.gen(function*() {
      const { noted } = yield* stopping(
        `
        source "s" {
          to    = [store.a.out]
          count = 1
        }
        store "a" { count = 2 }
        store "b" { count = 4 }
        source "t" { to = [store.b.out] }
        broken "c" { }
      `,
        [components.failing("broken")]
      )
      assert.deepStrictEqual(noted, [
        "0 -source.t",
        "0 -source.s",
        "0 -store.b",
        "1 source.s has stopped",
        "1 -store.a",
        "3 store.a has stopped",
        "4 store.b has stopped"
      ])
    }))
})
