/**
 * Looks for changes of a configuration that is in a file or a directory.
 *
 * By reading it once a second: so a change is seen however it is made, by a rename, by a link that is swapped as Kubernetes
 * does it, on a network's file system, and none that changes nothing counts.
 */
import { Effect, FileSystem, Result, Stream } from "effect"
import type { Source } from "../syntax/Source.ts"
import * as ConfigFile from "./ConfigFile.ts"

/** What is found at a look. That it cannot be read is a state as well: a reload says what is wrong. */
type Content = Result.Result<ReadonlyArray<Source>, ConfigFile.Unreadable>

const interval = "1 second"

/** For how long nothing more must change: an editor, or who copies several files, is in the middle of it. */
const settling = "250 millis"

/**
 * An element whenever what PATH holds has changed since `loaded` was read, or since the last element, and has settled.
 * What is neither a file nor a directory cannot be watched, which is logged.
 */
export const changes = (path: string, loaded: ReadonlyArray<Source>) =>
  Stream.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.result(fs.stat(path))
    const isOther = Result.isSuccess(found) && found.success.type !== "File" && found.success.type !== "Directory"
    if (isOther || ConfigFile.isStandardInput(path)) {
      yield* Effect.logWarning("--config.watch has no effect: what is neither a file nor a directory is read once")
      return Stream.empty
    }
    return follow(Effect.result(ConfigFile.read(path)), Result.succeed(loaded))
  }))

/** An element for each change of what `look` finds, once it finds the same twice. */
export const follow = <R>(look: Effect.Effect<Content, never, R>, known: Content): Stream.Stream<void, never, R> =>
  Stream.unfold(known, (known) => Effect.map(nextAfter(known, look), (found) => [undefined, found] as const))

const nextAfter = Effect.fnUntraced(function*<R>(known: Content, look: Effect.Effect<Content, never, R>) {
  for (;;) {
    yield* Effect.sleep(interval)
    let found = yield* look
    for (let before = known; !isSame(found, before);) {
      yield* Effect.sleep(settling)
      before = found
      found = yield* look
    }
    if (!isSame(found, known)) return found
  }
})

const isSame = (a: Content, b: Content): boolean => {
  if (Result.isFailure(a)) return Result.isFailure(b) && a.failure.message === b.failure.message
  return Result.isSuccess(b) && a.success.length === b.success.length &&
    a.success.every(({ bytes, name }, index) => {
      const other = b.success[index]!
      return other.name === name && Buffer.compare(other.bytes, bytes) === 0
    })
}
