/**
 * Materials of files that are not there, which tests watch.
 */
import { type Duration, Effect, Result, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Material from "../../src/transport/Material.ts"
import * as Problems from "../../src/transport/Problems.ts"
import type * as Files from "../support/files.ts"

export const path = "/run/token"

/** What tests make of texts: nothing of an empty one, nothing of one that ends in the middle. */
export const load = (texts: ReadonlyArray<string>): Result.Result<string, string> => {
  if (texts.includes("")) return Result.fail("it is empty")
  return texts.every((text) => text.endsWith(".")) ? Result.succeed(texts.join(" ")) : Result.fail("it ends too soon")
}

export const inputs = (...paths: ReadonlyArray<string>): ReadonlyArray<Material.Input> =>
  paths.map((path) => ({ name: "the token", source: Material.file(path) }))

/** A material, and every set of problems that it has published, the first included. */
export const setUp = Effect.fnUntraced(function*<A = string>(
  files: Files.Files,
  all = inputs(path),
  make: (texts: ReadonlyArray<string>, now: number) => Result.Result<A | string, string> = load
) {
  const problems = yield* Problems.make
  const material = yield* Material.make(all, make).pipe(
    Effect.provideService(Problems.Problems, problems),
    Effect.provide(files.layer)
  )
  const published: Array<ReadonlyArray<string>> = []
  yield* Effect.forkScoped(
    Stream.runForEach(
      SubscriptionRef.changes(problems),
      (all) => Effect.sync(() => published.push([...all].map(([about, problem]) => `${about}: ${problem}`)))
    ),
    { startImmediately: true }
  )
  return { ...material, published }
})

/** The problem of a file that never stays as it is, or that nobody can look at. */
export const restless = `${path}: nothing can be read that stays as it is: ${path}`

/** From now on. */
export const writeEvery = (duration: Duration.Input, files: Files.Files) =>
  Effect.sync(() => files.write(path, "new.")).pipe(
    Effect.delay(duration),
    Effect.forever,
    Effect.forkChild({ startImmediately: true })
  )

/** Two looks: one that finds what is new, and one that finds it as it was. */
export const looks = TestClock.adjust("2 seconds")
