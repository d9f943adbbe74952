/**
 * Where profiles are kept as files.
 *
 * A name is `<id>-<profile>.<kind>.gz`, and ids sort by time. The directory may hold other files, which are left alone;
 * those with such a name are ours, and what earlier runs have left is dropped first.
 */
import { Effect, FileSystem, type PlatformError } from "effect"
import * as Compression from "../../../wire/Compression.ts"

export interface Directory {
  /** What earlier runs have left, oldest first. */
  readonly earlier: ReadonlyArray<File>
  /** Writes a file, gzipped unless the bytes are already; whole or not at all. */
  readonly write: (name: string, bytes: Uint8Array) => Effect.Effect<File, PlatformError.PlatformError>
}

export interface File {
  readonly size: number
  readonly read: Effect.Effect<Uint8Array, PlatformError.PlatformError>
  readonly remove: Effect.Effect<void, PlatformError.PlatformError>
}

const ours = /^\d{8}T\d{6}\.\d{3}Z-\d{6,}-.*\.gz$/
const unfinished = ".tmp"

/** Opens a directory, and makes it if there is none. */
export const open = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const fileAt = (path: string, size: number): File => ({
    size,
    read: fs.readFile(path),
    remove: fs.remove(path, { force: true })
  })
  yield* fs.makeDirectory(path, { recursive: true })
  const earlier: Array<File> = []
  for (const name of (yield* fs.readDirectory(path)).sort()) {
    const whole = `${path}/${name}`
    if (name.endsWith(unfinished) && ours.test(name.slice(0, -unfinished.length))) {
      yield* fs.remove(whole, { force: true })
    } else if (ours.test(name)) {
      earlier.push(fileAt(whole, Number((yield* fs.stat(whole)).size)))
    }
  }
  const write = Effect.fnUntraced(function*(name: string, bytes: Uint8Array) {
    const content = Compression.isGzip(bytes) ? bytes : yield* Compression.gzip(bytes)
    const whole = `${path}/${name}`
    yield* fs.writeFile(whole + unfinished, content).pipe(
      Effect.andThen(fs.rename(whole + unfinished, whole)),
      Effect.tapError(() => Effect.ignore(fs.remove(whole + unfinished, { force: true })))
    )
    return fileAt(whole, content.byteLength)
  })
  const directory: Directory = { earlier, write }
  return directory
})
