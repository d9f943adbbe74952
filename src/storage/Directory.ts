/**
 * Directories that are made where there are none yet.
 */
import { Effect, FileSystem, type PlatformError } from "effect"

/**
 * Makes a directory, and those above it. Fails if there is something else, or where there cannot be any. (Node's own
 * way to make all of them never ends where that is so, as below `/proc`, and keeps a processor busy.)
 */
export const make = (path: string): Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => {
    const one = fs.makeDirectory(path)
    const parent = parentOf(path)
    return one.pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "NotFound" && parent !== undefined,
        () => Effect.andThen(make(parent!), one)
      ),
      Effect.catchIf(
        ({ reason }) => reason._tag === "AlreadyExists",
        (error) => Effect.flatMap(fs.stat(path), ({ type }) => type === "Directory" ? Effect.void : Effect.fail(error))
      )
    )
  })

const parentOf = (path: string): string | undefined => /^(.*[^/\\])[/\\]+[^/\\]+[/\\]*$/s.exec(path)?.[1]
