/**
 * A file system of a few texts, which change when a test says so, and which says how often they were read.
 */
import { ByteSize, type Duration, Effect, FileSystem, Latch, Option, PlatformError } from "effect"

export interface Files {
  readonly layer: ReturnType<typeof FileSystem.layerNoop>
  /** Puts a file there, in the place of another. */
  readonly write: (path: string, text: string) => void
  /** Changes a file's text and nothing else of it, as `cp -p` may. */
  readonly overwrite: (path: string, text: string) => void
  /** Lets nobody read a file, or everybody; the file itself stays as it is. */
  readonly forbid: (path: string, isForbidden?: boolean) => void
  readonly remove: (path: string) => void
  /** Answers nothing from now on, or what it was asked meanwhile and all else. */
  readonly stall: (isStalled?: boolean) => void
  /** Does something as soon as a file has been read the next time. */
  readonly afterRead: (act: () => void) => void
  /** How often a file was read, or tried to be. */
  readonly reads: () => number
}

/** `duration` is what it takes to read a file. */
export const make = (initial: Readonly<Record<string, string>> = {}, duration?: Duration.Input): Files => {
  const files = new Map<string, { readonly text: string; readonly version: bigint }>()
  const forbidden = new Set<string>()
  let version = 0n
  let reads = 0
  const answering = Latch.makeUnsafe(true)
  let act = (): void => {}
  const put = (path: string, text: string): void => {
    files.set(path, { text, version: ++version })
  }
  for (const [path, text] of Object.entries(initial)) put(path, text)
  const at = (path: string) =>
    Effect.flatMap(answering.await, () => {
      const file = files.get(path)
      return file === undefined ? fail("NotFound") : Effect.succeed(file)
    })
  return {
    layer: FileSystem.layerNoop({
      stat: (path) => Effect.map(at(path), ({ version }) => infoOf(version)),
      readFileString: (path) =>
        Effect.gen(function*() {
          reads++
          yield* duration === undefined ? Effect.void : Effect.sleep(duration)
          const { text } = yield* forbidden.has(path) ? fail("PermissionDenied") : at(path)
          act()
          act = () => {}
          return text
        })
    }),
    write: put,
    overwrite: (path, text) => {
      files.set(path, { text, version: files.get(path)!.version })
    },
    forbid: (path, isForbidden = true) => {
      if (isForbidden) forbidden.add(path)
      else forbidden.delete(path)
    },
    remove: (path) => {
      files.delete(path)
    },
    stall: (isStalled = true) => {
      if (isStalled) answering.closeUnsafe()
      else answering.openUnsafe()
    },
    afterRead: (next) => {
      act = next
    },
    reads: () => reads
  }
}

const fail = (_tag: "NotFound" | "PermissionDenied") =>
  Effect.fail(PlatformError.systemError({ _tag, module: "FileSystem", method: "open" }))

const infoOf = (ino: bigint): FileSystem.File.Info => ({
  type: "File",
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0n,
  ino: Option.some(ino),
  mode: 0o600,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  size: ByteSize.bytes(0),
  blksize: Option.none(),
  blocks: Option.none()
})
