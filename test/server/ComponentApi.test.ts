import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { HttpServerResponse } from "effect/http"
import { ComponentApi } from "../../src/server/ComponentApi.ts"

/** Answers with its name and the path that was left, unless that is `/nothing`. */
const mounted = (id: string) =>
  Effect.flatMap(
    ComponentApi,
    (api) =>
      api.mount(id, (path) =>
        Effect.succeed(
          path === "/nothing" ? undefined : HttpServerResponse.empty({ headers: { path: `${id}:${path}` } })
        ))
  )

const handled = (path: string) =>
  Effect.map(
    Effect.flatMap(ComponentApi, (api) => api.handle(path, new URLSearchParams())),
    (response) => response?.headers["path"]
  )

const withApi = Effect.provide(ComponentApi.layer)

describe("ComponentApi", () => {
  it.effect("gives a path to the component whose id is longest, without the id", () =>
    Effect.gen(function*() {
      yield* mounted("sink.a")
      yield* mounted("module/sink.a")
      yield* mounted("module")
      assert.strictEqual(yield* handled("sink.a/profiles"), "sink.a:/profiles")
      assert.strictEqual(yield* handled("sink.a/profiles/1"), "sink.a:/profiles/1")
      assert.strictEqual(yield* handled("module/sink.a/profiles"), "module/sink.a:/profiles")
      assert.strictEqual(yield* handled("module/sink.b/profiles"), "module:/sink.b/profiles")
      assert.strictEqual(yield* handled("sink.a"), "sink.a:/")
      assert.strictEqual(yield* handled("sink.a/"), "sink.a:/")
    }).pipe(withApi))

  it.effect("has nothing for others, or for what the component does not know", () =>
    Effect.gen(function*() {
      yield* mounted("sink.a")
      assert.deepStrictEqual(
        yield* Effect.forEach(["", "/", "sink", "sink.ab/x", "sink.a/nothing", "/sink.a"], handled),
        [undefined, undefined, undefined, undefined, undefined, undefined]
      )
    }).pipe(withApi))

  it.effect("does no more for a path of a million segments than for another, which would not end otherwise", () =>
    Effect.gen(function*() {
      yield* mounted("sink.a")
      const rest = "/a".repeat(1_000_000)
      assert.strictEqual(yield* handled(`sink.a${rest}`), `sink.a:${rest}`)
      assert.isUndefined(yield* handled(`sink.b${rest}`))
    }).pipe(withApi))

  it.effect("asks the newest of several with one id, and the one before it when that has ended", () =>
    Effect.gen(function*() {
      const { handle, mount } = yield* ComponentApi
      const scopes = yield* Effect.all([Scope.make(), Scope.make(), Scope.make()])
      for (const [version, scope] of scopes.entries()) {
        yield* Scope.provide(mount("a", () => Effect.succeed(HttpServerResponse.empty({ status: version }))), scope)
      }
      const asked = Effect.map(
        Effect.suspend(() => handle("a/x", new URLSearchParams())),
        (response) => response?.status
      )
      const versions = [yield* asked]
      for (const version of [0, 2, 1]) {
        yield* Scope.close(scopes[version]!, Exit.void)
        versions.push(yield* asked)
      }
      assert.deepStrictEqual(versions, [2, 2, 1, undefined])
    }).pipe(withApi))

  it.effect("serves a component until its scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.provide(mounted("sink.a"), scope)
      assert.strictEqual(yield* handled("sink.a/x"), "sink.a:/x")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* handled("sink.a/x"), undefined)
    }).pipe(withApi))
})
