/**
 * Where a configuration is read from: a file, all files of a directory, or standard input.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Console, Data, Effect, Fiber, FileSystem, Path, PlatformError, Result, Stdio, Stream } from "effect"
import { createReadStream } from "node:fs"
import * as Foreign from "../engine/Foreign.ts"
import type { InvalidConfiguration } from "../engine/InvalidConfiguration.ts"
import type { Plan } from "../engine/Plan.ts"
import * as FileError from "../storage/FileError.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Source from "../syntax/Source.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"
import { Reported } from "./Reported.ts"

/** There is no text to look at. Each problem names what it is about. */
export class Unreadable extends Data.TaggedError("Unreadable")<{ readonly problems: ReadonlyArray<string> }> {
  override get message(): string {
    return this.problems.join("; ")
  }
}

/**
 * What orchestrators keep configurations in holds a quarter of it (a ConfigMap of Kubernetes), and a list of a million
 * elements is smaller. To check as much takes seconds, and where much of it is wrong a gigabyte or two.
 */
const maxBytes = 4 * 1024 * 1024

/** The PATH that stands for standard input, and what that is called in diagnostics. */
const standardInput = { path: "-", name: "<stdin>" }

export const isStandardInput = (path: string): boolean => path === standardInput.path

/**
 * The texts of a configuration: of a file, or of all files directly in a directory that end in `.alloy` or `.river`, in
 * the order of their names, none perhaps; `-` is standard input. Of several files that cannot be read each is named.
 */
export const read = Effect.fnUntraced(function*(path: string) {
  // A file system that gives no answer, which cannot be interrupted, is left behind.
  const reading = yield* Effect.forkDetach(isStandardInput(path) ? readInput : readPath(path))
  return yield* Fiber.join(reading)
})

/** The same once more, for a reload: what has come by standard input is gone. */
export const readAgain = (path: string): ReturnType<typeof read> =>
  isStandardInput(path)
    ? new Unreadable({ problems: ["standard input has been read, and cannot be read again"] })
    : read(path)

/** What to say where there are no sources: of a directory without a file for us, or of a program that has written nothing. */
export const nothingIn = (path: string): string =>
  `${
    isStandardInput(path) ? "standard input is empty" : `no file in "${path}" ends in .alloy or .river`
  }: nothing is configured`

const readInput = Effect.gen(function*() {
  const { stdin } = yield* Stdio.Stdio
  if (process.stdin.isTTY) yield* Console.error("Type the configuration, and Ctrl-D at its end.")
  const bytes = yield* contentOf(stdin, maxBytes).pipe(
    Effect.mapError((error) => new Unreadable({ problems: [problemOf(standardInput.name, FileError.reasonOf(error))] }))
  )
  if (bytes.length > maxBytes) return yield* tooLarge(standardInput.name)
  if (bytes.length === 0) return []
  return [yield* Effect.fromResult(sourceOf(standardInput.name, bytes))]
})

const readPath = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.flatMap(
    fs.stat(path),
    ({ type }) => type === "Directory" ? filesIn(path) : Effect.succeed([path])
  ).pipe(Effect.mapError((error) => new Unreadable({ problems: [problemOf(path, FileError.reasonOf(error))] })))
  const sources: Array<Source.Source> = []
  const problems: Array<string> = []
  let room = maxBytes
  for (const name of names) {
    const content = yield* Effect.result(contentOf(streamOf(name), room))
    if (Result.isFailure(content)) {
      problems.push(problemOf(name, FileError.reasonOf(content.failure)))
      continue
    }
    room -= content.success.length
    if (room < 0) return yield* tooLarge(path)
    const source = sourceOf(name, content.success)
    if (Result.isSuccess(source)) sources.push(source.success)
    else problems.push(...source.failure.problems)
  }
  return problems.length > 0 ? yield* new Unreadable({ problems }) : sources
})

/** The paths of a directory's files, in the order of their names' bytes, as Go sorts. */
const filesIn = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = (yield* fs.readDirectory(directory)).filter((name) => /\.(alloy|river)$/.test(name))
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const files = names.map((name) => path.join(directory, name))
  return yield* Effect.filter(files, (file) =>
    Effect.match(fs.stat(file), {
      onSuccess: ({ type }) => type !== "Directory",
      // It says what is wrong when it is read; but Emacs marks a file that is being edited by a link that leads nowhere.
      onFailure: () => !path.basename(file).startsWith(".#")
    }))
})

/** From its beginning to its end, whatever it is: the platform's own stream reads no pipe, such as a shell's `<(...)`. */
const streamOf = (path: string) =>
  NodeStream.fromReadable({
    evaluate: () => createReadStream(path),
    onError: (cause) =>
      PlatformError.systemError({
        _tag: "Unknown",
        module: "FileSystem",
        method: "open",
        pathOrDescriptor: path,
        cause
      })
  })

/** Of a longer one somewhat more than `most` bytes. */
const contentOf = <R>(stream: Stream.Stream<Uint8Array, PlatformError.PlatformError, R>, most: number) => {
  let length = 0
  return Stream.runCollect(Stream.takeUntil(stream, (chunk) => (length += chunk.length) > most)).pipe(
    Effect.map((chunks): Uint8Array => Buffer.concat(chunks))
  )
}

const sourceOf = (name: string, bytes: Uint8Array): Result.Result<Source.Source, Unreadable> =>
  Source.check(bytes).pipe(
    Result.map((text) => Source.make(name, text)),
    Result.mapError((reason) => new Unreadable({ problems: [`${name}: ${reason}`] }))
  )

const tooLarge = (path: string) =>
  new Unreadable({ problems: [problemOf(path, "larger than 4 MiB, which no configuration is")] })

const problemOf = (path: string, reason: string): string => `reading config path "${path}": ${reason}`

/** Prints what is wrong with a configuration. */
export const report = (error: InvalidConfiguration | Unreadable): Effect.Effect<void> => {
  if (error._tag === "Unreadable") return Console.error(error.problems.map((problem) => `Error: ${problem}`).join("\n"))
  const { diagnostics, sources } = error
  const text = Diagnostic.renderAll(diagnostics, sources, { color: process.stderr.isTTY }).slice(0, -1)
  const isIgnorable = diagnostics.some(({ message }) => Foreign.isIgnorable(message))
  return Console.error(isIgnorable ? `${text}\n\n--components.foreign=ignore leaves such components out` : text)
}

/** Prints what may be wrong with one, and what is left out of it: a line for each, without an excerpt. */
export const warn = ({ ignored, warnings }: Pick<Plan<unknown>, "ignored" | "warnings">): Effect.Effect<void> =>
  Effect.forEach(
    [...warnings.map(({ diagnostic }) => diagnostic), ...ForeignBlocks.warnings(ignored)],
    (warning) => Console.error(Diagnostic.render(warning, new Map(), { color: process.stderr.isTTY }).slice(0, -1)),
    { discard: true }
  )

/** What `read` gives, or says why there is nothing and fails: for a command that has nothing else to do. */
export const readOrGiveUp = (path: string) =>
  read(path).pipe(Effect.catchTag("Unreadable", (error) => Effect.andThen(report(error), new Reported())))
