/**
 * Where profiles are kept as files.
 *
 * A name is `<id>-<profile>.<kind>.gz`, and ids sort by time. The directory may hold other files, which are left alone;
 * those with such a name are ours, and what earlier runs have left is dropped first.
 */
import { Data, Effect, FileSystem, Option, type PlatformError } from "effect"
import * as Storage from "../../../storage/Directory.ts"
import * as FileError from "../../../storage/FileError.ts"
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

/** It cannot be made, or cannot be read. */
export class DirectoryError extends Data.TaggedError("DirectoryError")<{
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    return `directory "${this.path}": ${this.reason}`
  }
}

const ours = /^\d{8}T\d{6}\.\d{3}Z-\d{6,}-.*\.gz(\.tmp)?$/
const unfinished = ".tmp"

/**
 * Opens a directory, and makes it if there is none. Of what earlier runs have left, `most` files are kept at most; the
 * rest is removed as long as the scope is open.
 */
export const open = Effect.fnUntraced(function*(path: string, most: number) {
  const fs = yield* FileSystem.FileSystem
  const fileAt = (path: string, size: number): File => ({
    size,
    read: fs.readFile(path),
    remove: fs.remove(path, { force: true })
  })
  const all = yield* Effect.mapError(
    Effect.andThen(Storage.make(path), fs.readDirectory(path)),
    (error) => new DirectoryError({ path, reason: FileError.reasonOf(error) })
  )
  const names = all.filter((name) => ours.test(name)).sort()
  const whole = names.filter((name) => !name.endsWith(unfinished))
  const kept = whole.splice(Math.max(0, whole.length - most))
  const rest = [...whole, ...names.filter((name) => name.endsWith(unfinished))]
  yield* Effect.forkScoped(
    Effect.forEach(rest, (name) => Effect.ignore(fs.remove(`${path}/${name}`, { force: true })), { discard: true })
  )
  // What cannot be looked at, such as a link to nowhere, is no file of ours.
  const earlier = yield* Effect.forEach(
    kept,
    (name) =>
      Effect.map(
        Effect.option(fs.stat(`${path}/${name}`)),
        (info) =>
          Option.isSome(info) && info.value.type === "File" ? [fileAt(`${path}/${name}`, Number(info.value.size))] : []
      )
  )
  const write = Effect.fnUntraced(function*(name: string, bytes: Uint8Array) {
    const content = Compression.isGzip(bytes) ? bytes : yield* Compression.gzip(bytes)
    const whole = `${path}/${name}`
    yield* fs.writeFile(whole + unfinished, content).pipe(
      Effect.andThen(fs.rename(whole + unfinished, whole)),
      Effect.tapError(() => Effect.ignore(fs.remove(whole + unfinished, { force: true })))
    )
    return fileAt(whole, content.byteLength)
  })
  const directory: Directory = { earlier: earlier.flat(), write }
  return directory
})
