import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Result, Scope, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Materials from "../../src/transport/Materials.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Tls from "../../src/transport/Tls.ts"
import * as Files from "../support/files.ts"

const path = "/run/token"

const sharing = (files: Files.Files) => Effect.provide(Layer.provideMerge(Materials.layer, files.layer))

/** What a client has: credentials, and problems of its own. */
const makeUser = Effect.fnUntraced(function*(scheme?: string) {
  const problems = yield* Problems.make
  const settings = Authentication.token(Material.file(path), scheme)
  const { header } = yield* Effect.provideService(
    Authentication.make(settings, () => Effect.die("no token endpoint"), undefined),
    Problems.Problems,
    problems
  )
  return {
    header: header("https://pyroscope.example"),
    problems: () => [...SubscriptionRef.getUnsafe(problems).keys()]
  }
})

const headers = (users: ReadonlyArray<Effect.Success<ReturnType<typeof makeUser>>>) =>
  Effect.map(Effect.forEach(users, ({ header }) => header), (headers) => [...new Set(headers)])

describe("Materials", () => {
  it.effect("are made once for all who need the same, and the same of other files or settings for themselves", () => {
    const files = Files.make({ [path]: "one" })
    return Effect.gen(function*() {
      const users = yield* Effect.forEach(Array.from({ length: 1000 }), () => makeUser())
      assert.strictEqual(files.reads(), 1)
      files.write(path, "two")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(files.reads(), 2)
      assert.deepStrictEqual(yield* headers(users), ["Bearer two"])
      assert.deepStrictEqual(yield* headers([yield* makeUser("Token")]), ["Token two"])
      assert.strictEqual(files.reads(), 3)
    }).pipe(sharing(files))
  })

  it.effect("have their problems told by all who have them, and by those who come later", () => {
    const files = Files.make()
    return Effect.gen(function*() {
      const first = yield* makeUser()
      const second = yield* makeUser()
      assert.deepStrictEqual([first.problems(), second.problems()], [[path], [path]])
      files.write(path, "one")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([first.problems(), second.problems()], [[], []])
    }).pipe(sharing(files))
  })

  it.effect("last as long as anyone has them", () => {
    const files = Files.make({ [path]: "one" })
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.provide(makeUser(), scope)
      const staying = yield* makeUser()
      yield* Scope.close(scope, Exit.void)
      files.write(path, "two")
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* headers([staying]), ["Bearer two"])
    }).pipe(sharing(files))
  })

  it.effect("share a TLS context", () =>
    Effect.gen(function*() {
      const settings = (serverName: string): Tls.Settings => ({ ...Tls.defaults, serverName })
      const materials = yield* Effect.forEach([settings("a"), settings("a"), settings("b")], Tls.material)
      const [one, same, other] = materials.map(({ current }) => Result.getOrThrow(current()))
      assert.strictEqual(one, same)
      assert.notStrictEqual(one, other)
    }).pipe(Effect.provideServiceEffect(Problems.Problems, Problems.make), sharing(Files.make())))
})
