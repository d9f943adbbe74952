/**
 * A configuration file, and how its problems are shown.
 */
import { Console, Data, Effect, Fiber, FileSystem, Result, Runtime, Stream } from "effect"
import type { ConfigError } from "../engine/ConfigError.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Source from "../syntax/Source.ts"

/** The command has failed and has said why. */
export class Reported extends Data.TaggedError("Reported") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

/** Prints a last word and fails. */
export const giveUp = (message: string): Effect.Effect<never, Reported> =>
  Effect.andThen(Console.error(`Error: ${message}`), new Reported())

const reasons: Readonly<Record<string, string>> = {
  NotFound: "no such file",
  PermissionDenied: "permission denied",
  BadResource: "not a file"
}

/**
 * The largest file that is read: a list of a million elements is smaller. What orchestrators keep configurations in holds
 * a quarter of it (a ConfigMap of Kubernetes). To check it takes seconds, and where much of it is wrong a gigabyte or two.
 */
const maxBytes = 4 * 1024 * 1024

export const read = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const reading = yield* Effect.forkDetach(Stream.runCollect(fs.stream(path, { bytesToRead: maxBytes + 1 })))
  // A file that gives no answer, which cannot be interrupted, is left behind.
  const chunks = yield* Fiber.join(reading).pipe(
    Effect.catch((error) =>
      giveUp(`reading config path "${path}": ${reasons[error.reason._tag] ?? error.reason.message}`)
    )
  )
  const bytes = Buffer.concat(chunks)
  if (bytes.length > maxBytes) {
    return yield* giveUp(`reading config path "${path}": larger than 4 MiB, which no configuration is`)
  }
  const text = Source.check(bytes)
  return Result.isFailure(text) ? yield* giveUp(`${path}: ${text.failure}`) : Source.make(path, text.success)
})

export const report = ({ diagnostics, sources }: ConfigError): Effect.Effect<void> =>
  Console.error(Diagnostic.renderAll(diagnostics, sources, { color: process.stderr.isTTY }).slice(0, -1))
