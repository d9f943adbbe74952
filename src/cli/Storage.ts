/**
 * What the binary keeps under its storage path.
 */
import { Effect, FileSystem, Path, type PlatformError, Schema } from "effect"
import * as Identity from "../delivery/Identity.ts"
import * as Directory from "../storage/Directory.ts"
import * as FileError from "../storage/FileError.ts"
import { giveUp } from "./Reported.ts"

const Id = Schema.String.check(Schema.isUUID())

/** Bytes; an id has 36, and perhaps a line end. */
const longest = 1024

/** For a file system that gives no answer. */
const patience = "5 seconds"

/**
 * The instance's id, the same after every restart; one for this run alone where it cannot be kept at the moment. Fails
 * where it never can: where there is something else.
 */
export const identity = Effect.fnUntraced(function*(storagePath: string) {
  const id = yield* kept(storagePath).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => unkept("the file system gives no answer") })
  )
  return Identity.make(id)
})

const kept = Effect.fnUntraced(function*(storagePath: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(storagePath, "instance_id")
  const wrong = (reason: string) => giveUp(`--storage.path "${storagePath}" ${reason}`)
  const found = yield* Effect.result(fs.stat(file))
  if (found._tag === "Success") {
    const { size, type } = found.success
    if (type !== "File") return yield* wrong("has an instance_id that is not a file")
    if (Number(size) > longest) return yield* wrong("has an instance_id that is too large")
    const known = yield* fs.readFileString(file).pipe(
      Effect.flatMap((text) => Schema.decodeEffect(Id)(text.trim())),
      Effect.option
    )
    if (known._tag === "Some") return known.value
  }
  const made = yield* Effect.result(Directory.make(storagePath))
  if (made._tag === "Failure" && impossible.has(made.failure.reason._tag)) {
    return yield* wrong(`cannot be made: ${FileError.reasonOf(made.failure)}`)
  }
  const id = crypto.randomUUID()
  return yield* Effect.fromResult(made).pipe(
    Effect.andThen(fs.writeFileString(file, `${id}\n`)),
    Effect.as(id),
    Effect.catch((error: PlatformError.PlatformError) => unkept(FileError.reasonOf(error)))
  )
})

/** No directory at all, rather than one that cannot be written to. */
const impossible = new Set(["NotFound", "AlreadyExists", "BadResource"])

const unkept = (err: string): Effect.Effect<string> =>
  Effect.logWarning("the instance id cannot be kept, it will be another after a restart").pipe(
    Effect.annotateLogs({ err }),
    Effect.andThen(Effect.sync(() => crypto.randomUUID()))
  )
