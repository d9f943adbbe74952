/**
 * Files that are read as if they were always there: credentials, certificates, the names of hosts.
 *
 * A file system that gives no answer (NFS without its server, as a rule) keeps a thread for as long as it is silent, and
 * Node has four of them, for names and compression too. So one file is read at a time. When that takes long its thread is
 * left to it, and the next file gets another: one of our own, that costs Node's none. All files that hang together keep
 * one of Node's threads, and as many of ours; when they are too many, the next one waits. The machine's own files, without
 * which no host has an address, do not wait for those that a configuration names: they have threads of their own. Who asks
 * for a file that is being read already waits for the same answer.
 *
 * What is no regular file, such as a pipe, would hang as well, or never end: it is refused.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { ByteSize, Effect, Fiber, FileSystem, Layer, PlatformError, Queue, Semaphore, Stream } from "effect"
import { watch } from "node:fs"
import * as FileThread from "./FileThread.ts"
import * as Joined from "./Joined.ts"

/** After which a call is left to its thread. */
const patience = "250 millis"

/** Threads that hang. */
const maxHung = 8

/** A bundle of certificates has less than one. */
const maxSize = ByteSize.mebibytes(16)

/** `first` reads, and another thread only while it hangs. */
export const make = (
  first: FileThread.Reader,
  another: () => FileThread.FileThread
): FileThread.Reader => {
  const own: FileThread.FileThread = { ...first, end: () => {} }
  const free = [own]
  const turn = Semaphore.makeUnsafe(1)
  const threads = Semaphore.makeUnsafe(1 + maxHung)

  const call = <A>(
    run: (thread: FileThread.Reader) => Effect.Effect<A, PlatformError.PlatformError>
  ): Effect.Effect<A, PlatformError.PlatformError> =>
    Effect.gen(function*() {
      yield* threads.take(1)
      const thread = free.pop() ?? another()
      const calling = yield* Effect.forkDetach(Effect.ensuring(
        run(thread),
        Effect.suspend(() => {
          if (thread === own) free.unshift(thread)
          else free.push(thread)
          for (const idle of free.splice(1)) idle.end()
          return threads.release(1)
        })
      ))
      yield* Effect.timeoutOption(Fiber.await(calling), patience)
      return calling
    }).pipe(turn.withPermit, Effect.flatMap(Fiber.join))

  const stats = Joined.make<FileSystem.File.Info, PlatformError.PlatformError>()
  const reads = Joined.make<string, PlatformError.PlatformError>()
  return {
    stat: (path) => stats(path, call((thread) => thread.stat(path))),
    readFileString: (path) =>
      reads(
        path,
        call((thread) =>
          Effect.flatMap(thread.stat(path), (info) => {
            const problem = problemOf(info)
            return problem === undefined ? thread.readFileString(path) : Effect.fail(unusable(path, problem))
          })
        )
      )
  }
}

const problemOf = ({ size, type }: FileSystem.File.Info): string | undefined => {
  if (type !== "File") return "not a regular file"
  return ByteSize.isGreaterThan(size, maxSize) ? "larger than 16 MiB" : undefined
}

const unusable = (path: string, description: string, method = "readFileString") =>
  PlatformError.systemError({
    _tag: "BadResource",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description
  })

/**
 * The changes of a file or of what is in a directory, by name, until that is another. Who begins to watch makes a call of the system
 * in the main thread: so what gives no answer to another call before is not watched.
 */
const watching = ({ stat }: FileThread.Reader): FileSystem.FileSystem["watch"] => (path, options) =>
  Stream.callback((queue) =>
    Effect.acquireRelease(
      Effect.flatMap(stat(path), () =>
        Effect.try({
          try: () =>
            watch(path, { persistent: false }, (_, name) => {
              Queue.offerUnsafe(queue, { _tag: "Update", path: name ?? path })
            }).on("error", () => Queue.endUnsafe(queue)),
          catch: (error) => unusable(path, String(error), "watch")
        })),
      (watcher) => Effect.sync(() => watcher.close())
    ).pipe(Effect.tap(() => Effect.sync(() => options?.onReady?.())))
  )

/** A file system that can do nothing but read and watch. It is one for the whole process, which has four threads. */
const shared = (): Layer.Layer<FileSystem.FileSystem> => {
  let reader: FileThread.Reader | undefined
  return Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => {
      reader ??= make(fs, FileThread.make)
      return FileSystem.makeNoop({ ...reader, watch: watching(reader) })
    })
  ).pipe(Layer.provide(NodeFileSystem.layer))
}

/** For the files that a configuration names. */
export const layer = shared()

/** For those of the machine itself. */
export const layerForSystem = shared()
