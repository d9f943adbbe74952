/**
 * What a file holds, read again whenever it may have changed.
 *
 * Changes are noticed by watching the file and the directory that it is in, and by looking at it from time to time, for a
 * watch does not see everything: not what happens on another machine, nor to a link further up. It is a watch of what had
 * the name when it began, so after each change it begins anew. When something else in the directory has changed, which may
 * be a link on the way to the file, it is read only if its state has changed as well.
 *
 * A file may be written in steps: only what reads the same twice in a row counts, and that it has become empty only when it
 * stays so for longer, as writing anew begins with that.
 */
import { ByteSize, Deferred, Duration, Effect, FileSystem, Latch, Result, type Scope, Stream } from "effect"
import { basename, dirname } from "node:path"
import { reasonOf } from "../../../transport/FileProblem.ts"
import * as Material from "../../../transport/Material.ts"

export interface Settings {
  readonly path: string
  readonly detector: "fsnotify" | "poll"
  readonly pollFrequency: Duration.Duration
}

/** What the file holds, or why it cannot be read. */
export type Reading = Result.Result<string, string>

const settling = "30 millis"

/** Looks in a row, a pause of `settling` between them, that have to find the same. */
const agreeing = 2
const agreeingOnEmpty = 34

/** For one change. */
const mostLooks = 100

/** For the file system to answer. */
const patience = "2 seconds"

/** Between two looks at a file that cannot be read or watched. */
const eager = Duration.seconds(1)

/** Text for a person or a program. */
const maxSize = ByteSize.mebibytes(4)

/** Fails with the file's name and what is the matter with it. */
export const read = (path: string): Effect.Effect<string, string, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { size } = yield* fs.stat(path)
    if (ByteSize.isGreaterThan(size, maxSize)) return yield* Effect.fail("larger than 4 MiB")
    const text = yield* fs.readFileString(path)
    // It stands for what could not be decoded.
    return text.includes("\ufffd") ? yield* Effect.fail("not UTF-8") : text
  }).pipe(
    Effect.mapError((error) => `${path}: ${typeof error === "string" ? error : reasonOf(error)}`),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(unanswered(path)) })
  )

const unanswered = (path: string): string => `${path}: the file system gives no answer`

/** Tells `observe` what the file holds, if only that it is as before, from `content` on. */
export const follow = Effect.fnUntraced(function*(
  { detector, path, pollFrequency }: Settings,
  content: string,
  observe: (reading: Reading) => Effect.Effect<void>
): Effect.fn.Return<never, never, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  let known: Reading = Result.succeed(content)

  const settled: Effect.Effect<Reading, never, FileSystem.FileSystem> = Effect.gen(function*() {
    let latest = yield* Effect.result(read(path))
    let agreed = 1
    for (let looks = 1; looks < mostLooks; looks++) {
      if (isSame(latest, known) || isSame(latest, Result.fail(unanswered(path)))) return latest
      const isEmptied = content !== "" && Result.isSuccess(latest) && latest.success === ""
      if (agreed >= (isEmptied ? agreeingOnEmpty : agreeing)) return latest
      yield* Effect.sleep(settling)
      const next = yield* Effect.result(read(path))
      agreed = isSame(next, latest) ? agreed + 1 : 1
      latest = next
    }
    return Result.fail(`${path}: does not stay as it is`)
  })

  const stamp = Effect.match(fs.stat(path), { onFailure: () => "none", onSuccess: Material.stampOf })

  /** When the file may no longer be as it was `seen`. */
  const changed = (events: Events, seen: string): Effect.Effect<void> =>
    Effect.gen(function*() {
      do {
        yield* events.any.await
        yield* Effect.sleep(settling)
        events.any.closeUnsafe()
      } while (!events.isOfFile && (yield* stamp) === seen)
    })

  const round = Effect.gen(function*() {
    const events: Events = { any: Latch.makeUnsafe(false), isOfFile: false }
    const watched = detector === "poll"
      ? []
      : yield* Effect.forEach([dirname(path), path], (each) => watch(each, basename(path), events), {
        concurrency: "unbounded"
      })
    const seen = yield* Effect.timeoutOrElse(stamp, { duration: patience, orElse: () => Effect.succeed("none") })
    known = yield* settled
    if (Result.isSuccess(known)) content = known.success
    yield* observe(known)
    const isWell = Result.isSuccess(known) && watched.every((isWatched) => isWatched)
    const pause = detector === "poll" || isWell ? pollFrequency : Duration.min(pollFrequency, eager)
    yield* Effect.timeoutOption(changed(events, seen), pause)
  })
  return yield* Effect.forever(Effect.scoped(round))
})

const isSame = (one: Reading, other: Reading): boolean =>
  Result.isSuccess(one)
    ? Result.isSuccess(other) && one.success === other.success
    : Result.isFailure(other) && one.failure === other.failure

/** What a watch has seen. */
interface Events {
  readonly any: Latch.Latch
  isOfFile: boolean
}

/** Notes what happens to the file and beside it until the scope closes. Tells whether it can. */
const watch = Effect.fnUntraced(function*(
  path: string,
  file: string,
  events: Events
): Effect.fn.Return<boolean, never, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const begun = Deferred.makeUnsafe<boolean>()
  const tell = (isWatched: boolean) => Deferred.doneUnsafe(begun, Effect.succeed(isWatched))
  yield* fs.watch(path, { onReady: () => tell(true) }).pipe(
    Stream.runForEach((event) =>
      Effect.sync(() => {
        if (event.path === file) events.isOfFile = true
        events.any.openUnsafe()
      })
    ),
    Effect.exit,
    Effect.tap(() => Effect.sync(() => tell(false))),
    Effect.forkScoped
  )
  return yield* Effect.timeoutOrElse(Deferred.await(begun), {
    duration: patience,
    orElse: () => Effect.succeed(false)
  })
})
