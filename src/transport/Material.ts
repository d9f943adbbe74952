/**
 * Secrets and certificates, given as text or in files that may change at any time.
 *
 * Files are looked at once a second, and at once when a server refuses what was made of them: nothing is read on the way
 * of a request. What a look finds is taken when the files have stopped changing and something good can be made of them.
 * Until then the last good thing stays in use, and the problem is published.
 */
import { Clock, Effect, FileSystem, Option, type PlatformError, Redacted, Result, type Scope, Semaphore } from "effect"
import * as Problems from "./Problems.ts"

export type Source =
  | { readonly _tag: "Inline"; readonly text: Redacted.Redacted<string> }
  | { readonly _tag: "File"; readonly path: string }

export const inline = (text: Redacted.Redacted<string>): Source => ({ _tag: "Inline", text })
export const file = (path: string): Source => ({ _tag: "File", path })

/** A source, and what error texts call it: `basic auth password`. */
export interface Input {
  readonly name: string
  readonly source: Source
}

export interface Material<A> {
  /** What was made of the last good texts, the same object until they change; what is wrong, if there never were any. */
  readonly current: () => Result.Result<A, string>
  /** Looks at the files now. */
  readonly refresh: Effect.Effect<void>
}

const interval = "1 second"

/** A file is written for longer than this, or not in steps. */
const settling = "20 millis"

/** `load` gets the texts in the order of the inputs, and the time in milliseconds since the epoch. */
export const make = Effect.fnUntraced(function*<A>(
  inputs: ReadonlyArray<Input>,
  load: (texts: ReadonlyArray<string>, now: number) => Result.Result<A, string>
): Effect.fn.Return<Material<A>, never, FileSystem.FileSystem | Problems.Problems | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const problems = yield* Problems.Problems
  const paths = inputs.flatMap(({ source }) => source._tag === "File" ? [source.path] : [])
  const turn = Semaphore.makeUnsafe(1)

  const read = ({ name, source }: Input): Effect.Effect<string, string> =>
    source._tag === "Inline"
      ? Effect.succeed(Redacted.value(source.text))
      : Effect.mapError(
        fs.readFileString(source.path),
        (error) => `unable to read ${name}: unable to read file ${source.path}: ${reasonOf(error)}`
      )
  const reload = Effect.gen(function*() {
    const texts = yield* Effect.forEach(inputs, read)
    const made = yield* Effect.fromResult(load(texts, yield* Clock.currentTimeMillis))
    return { texts, made }
  }).pipe(Effect.result)

  /** Changes with the files. */
  const stamp = Effect.map(
    Effect.forEach(paths, (path) => Effect.option(fs.stat(path))),
    (infos) => infos.map(Option.match({ onNone: () => "none", onSome: stampOf })).join()
  )
  const settled = (before: string): Effect.Effect<string> =>
    Effect.flatMap(
      Effect.delay(stamp, settling),
      (after) => after === before ? Effect.succeed(after) : settled(after)
    )

  let seen = yield* stamp
  let loaded = yield* reload
  let current = Result.map(loaded, ({ made }) => made)
  if (paths.length === 0) return { current: () => current, refresh: Effect.void }

  const publish = Effect.suspend(() =>
    Problems.set(problems, paths.join(", "), Result.isFailure(loaded) ? loaded.failure : undefined)
  )
  /** What is read while files change is nothing to judge by: it may be half of one, or of two that do not match. */
  const reloadAt = (before: string): typeof reload =>
    Effect.gen(function*() {
      const result = yield* reload
      const after = yield* stamp
      if (after !== before) return yield* reloadAt(yield* settled(after))
      seen = after
      return result
    })
  let texts = Result.isSuccess(loaded) ? loaded.success.texts : undefined
  const look = Effect.gen(function*() {
    const now = yield* stamp
    if (now === seen && Result.isSuccess(loaded)) return
    loaded = yield* reloadAt(now === seen ? now : yield* settled(now))
    yield* publish
    if (Result.isFailure(loaded)) {
      if (texts === undefined) current = Result.fail(loaded.failure)
    } else if (texts === undefined || !equal(texts, loaded.success.texts)) {
      texts = loaded.success.texts
      current = Result.succeed(loaded.success.made)
    }
  })
  yield* publish
  const refresh = turn.withPermit(look)
  yield* Effect.forkScoped(Effect.forever(Effect.delay(refresh, interval)))
  return { current: () => current, refresh }
})

const stampOf = ({ ino, mtime, size }: FileSystem.File.Info): string =>
  `${Option.getOrElse(ino, () => 0)}/${Option.match(mtime, { onNone: () => 0, onSome: Number })}/${size}`

const equal = (some: ReadonlyArray<string>, others: ReadonlyArray<string>): boolean =>
  some.every((text, index) => text === others[index])

const reasonOf = (error: PlatformError.PlatformError): string => {
  switch (error.reason._tag) {
    case "NotFound":
      return "no such file or directory"
    case "PermissionDenied":
      return "permission denied"
    default:
      return error.message
  }
}
