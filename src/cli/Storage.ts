/**
 * What the binary keeps under its storage path.
 */
import { Effect, FileSystem, Path, Schema } from "effect"
import * as Identity from "../delivery/Identity.ts"

const Id = Schema.String.check(Schema.isUUID())

/** The instance's id, the same after every restart; one for this run alone where it cannot be kept. */
export const identity = Effect.fnUntraced(function*(storagePath: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(storagePath, "instance_id")
  const known = yield* fs.readFileString(file).pipe(
    Effect.flatMap((text) => Schema.decodeEffect(Id)(text.trim())),
    Effect.option
  )
  if (known._tag === "Some") return Identity.make(known.value)
  const id = crypto.randomUUID()
  yield* fs.makeDirectory(storagePath, { recursive: true }).pipe(
    Effect.andThen(fs.writeFileString(file, `${id}\n`)),
    Effect.catch((error) =>
      Effect.logWarning("the instance id cannot be kept, it will be another after a restart").pipe(
        Effect.annotateLogs({ err: error.message })
      )
    )
  )
  return Identity.make(id)
})
