/**
 * Secrets and certificates, given as text or in files that may change at any time.
 *
 * Files are looked at once a second: nothing is read on the way of a request. A change is taken when the next look finds
 * nothing new, for a file may be written in steps, and when something good can be made of it. Until then the last good
 * thing stays in use, and the problem is published. When a server refuses what was made of them, there is a look at once,
 * and the next one soon after.
 */
import { Clock, Effect, Fiber, FileSystem, Option, Redacted, Result, type Scope, Semaphore } from "effect"
import { reasonOf } from "./FileProblem.ts"
import * as Problems from "./Problems.ts"

/** A text, or the file that holds it. */
export type Source =
  | { readonly _tag: "Inline"; readonly text: Redacted.Redacted<string> }
  | { readonly _tag: "File"; readonly path: string }

/** The text itself. */
export const inline = (text: Redacted.Redacted<string>): Source => ({ _tag: "Inline", text })
/** The file at that path, which is looked at every second. */
export const file = (path: string): Source => ({ _tag: "File", path })

/**
 * A source, and what error texts call it: `basic auth password`.
 *
 * @internal
 */
export interface Input {
  readonly name: string
  readonly source: Source
}

/**
 * The secret in an input's text. A file ends with a line break more often than a secret does.
 *
 * @internal
 */
export const secretIn = ({ name, source }: Input, text: string): Result.Result<string, string> => {
  if (source._tag === "Inline") return Result.succeed(text)
  const secret = text.trim()
  if (secret === "") return Result.fail(`unable to read ${name}: file ${source.path} is empty`)
  // It stands for what could not be decoded.
  return secret.includes("\ufffd")
    ? Result.fail(`unable to read ${name}: file ${source.path} is not UTF-8`)
    : Result.succeed(secret)
}

/** @internal */
export interface Material<A> {
  /** What was made of the last good texts, the same object until they change; what is wrong, if there never were any. */
  readonly current: () => Result.Result<A, string>
  /** Looks at the files now. */
  readonly refresh: Effect.Effect<void>
}

const interval = "1 second"

/** Between two looks when a server has refused what there was: there is no time to lose. */
const settling = "20 millis"

/** For one look, and for files that never stay as they are. */
const patience = "2 seconds"

/**
 * `load` gets the texts in the order of the inputs, and the time in milliseconds since the epoch. `flawOf` tells what is
 * wrong with something that is of use nevertheless.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*<A>(
  inputs: ReadonlyArray<Input>,
  load: (texts: ReadonlyArray<string>, now: number) => Result.Result<A, string>,
  flawOf: (made: A) => string | undefined = () => undefined
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
  /** How often the files have been read. */
  let reads = 0
  const reload = Effect.gen(function*() {
    reads++
    const texts = yield* Effect.forEach(inputs, read)
    const made = yield* Effect.fromResult(load(texts, yield* Clock.currentTimeMillis))
    return { texts, made }
  }).pipe(Effect.result)

  /** Changes with the files. */
  const stamp = Effect.map(
    Effect.forEach(paths, (path) => Effect.option(fs.stat(path))),
    (infos) => infos.map(Option.match({ onNone: () => "none", onSome: stampOf })).join()
  )
  const unreadable = `nothing can be read that stays as it is: ${paths.join(", ")}`
  let [seen, loaded] = yield* Effect.timeoutOrElse(Effect.all([stamp, reload]), {
    duration: patience,
    orElse: () => Effect.succeed([undefined, Result.fail(unreadable)] as const)
  })
  let current = Result.map(loaded, ({ made }) => made)
  if (paths.length === 0) return { current: () => current, refresh: Effect.void }

  const publish = (problem: string | undefined) => Problems.set(problems, paths.join(", "), problem)
  const publishFound = Effect.suspend(() =>
    publish(Result.match(loaded, { onFailure: (problem) => problem, onSuccess: ({ made }) => flawOf(made) }))
  )
  let texts = Result.isSuccess(loaded) ? loaded.success.texts : undefined
  /** What was read while nothing changed: else it may be half of a file, or of two that do not match. */
  const take = (result: typeof loaded, stamp: string): void => {
    seen = stamp
    loaded = result
    if (Result.isFailure(result)) {
      if (texts === undefined) current = Result.fail(result.failure)
    } else if (texts === undefined || !equal(texts, result.success.texts)) {
      texts = result.success.texts
      current = Result.succeed(result.success.made)
    }
  }
  /** Takes what is there, if it is as it was at `before`; gives what there is now. */
  const look = Effect.fnUntraced(function*(before: string) {
    const now = yield* stamp
    if (now !== before) return now
    if (now !== seen || Result.isFailure(loaded)) {
      const result = yield* reload
      const after = yield* stamp
      if (after !== now) return after
      take(result, now)
    }
    yield* publishFound
    return now
  })
  let last = seen ?? ""
  /** Looks in a row that found something new. */
  let restless = 0
  /** A call of the file system that does not come back is not left behind for a next one to join it: threads are few. */
  const scheduled = Effect.acquireUseRelease(
    Effect.forkChild(Effect.delay(publish(unreadable), patience)),
    () =>
      Effect.flatMap(look(last), (now) => {
        restless = now === last ? 0 : restless + 1
        last = now
        return restless < 5 ? Effect.void : publish(unreadable)
      }),
    Fiber.interrupt
  )
  const refresh = Effect.fnUntraced(function*(readsBefore: number) {
    let before = yield* stamp
    // A file may be another of the same size and time, as `cp -p` leaves it.
    if (before === seen && texts !== undefined && reads === readsBefore) {
      const result = yield* reload
      if (Result.isSuccess(result) && !equal(texts, result.success.texts)) seen = undefined
    }
    while (before !== seen || Result.isFailure(loaded)) {
      yield* Effect.sleep(settling)
      const after = yield* look(before)
      if (after === before) return
      before = after
    }
  })
  yield* publishFound
  yield* Effect.forkScoped(Effect.forever(Effect.delay(turn.withPermit(scheduled), interval)))
  return {
    current: () => current,
    refresh: Effect.suspend(() =>
      Effect.timeoutOrElse(turn.withPermit(refresh(reads)), { duration: patience, orElse: () => publish(unreadable) })
    )
  }
})

/**
 * Of a file: another after each change.
 *
 * @internal
 */
export const stampOf = ({ ino, mtime, size }: FileSystem.File.Info): string =>
  `${Option.getOrElse(ino, () => 0)}/${Option.match(mtime, { onNone: () => 0, onSome: Number })}/${size}`

const equal = (some: ReadonlyArray<string>, others: ReadonlyArray<string>): boolean =>
  some.every((text, index) => text === others[index])
