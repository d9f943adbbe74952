/**
 * A thread that does nothing but read files, one at a time: that of a worker, so that a file system that gives no answer
 * keeps none of Node's own threads. It takes some 10 MB.
 */
import { ByteSize, Effect, type FileSystem, Option, PlatformError } from "effect"
import { Worker } from "node:worker_threads"

/** What of a file system is needed to read a file. */
export type Reader = Pick<FileSystem.FileSystem, "stat" | "readFileString">

export interface FileThread extends Reader {
  readonly end: () => void
}

/** Those that are in a call: none of them can be ended, and the process does not exit while there is one. */
let busy = 0

export const isBusy = (): boolean => busy > 0

/** Synchronous calls are made by the thread itself. Text, so that it is there however this module is packed. */
const program = `
  const { readFileSync, statSync } = require("node:fs")
  const { parentPort } = require("node:worker_threads")
  const calls = {
    stat: (path) => {
      const info = statSync(path, { bigint: true })
      return { isFile: info.isFile(), ino: info.ino, mtime: Number(info.mtimeMs), size: info.size }
    },
    readFileString: (path) => readFileSync(path, "utf8")
  }
  parentPort.on("message", ([call, path]) => {
    try {
      parentPort.postMessage({ value: calls[call](path) })
    } catch ({ code, message }) {
      parentPort.postMessage({ code, message })
    }
  })
`

type Answer = { readonly value: unknown } | { readonly code: string; readonly message: string }

const resourceLimits = { maxOldGenerationSizeMb: 64 }

/** What of a file's state the thread tells. */
interface State {
  readonly isFile: boolean
  readonly ino: bigint
  readonly mtime: number
  readonly size: bigint
}

export const make = (): FileThread => {
  let settle = (_answer: Answer): void => {}
  let worker: Worker | undefined
  const start = (): Worker => {
    const started = new Worker(program, { eval: true, env: {}, execArgv: [], resourceLimits })
    started.unref()
    started.on("message", (answer: Answer) => settle(answer))
    // It has run out of memory, perhaps.
    started.on("error", ({ message }) => {
      worker = undefined
      settle({ code: "", message })
    })
    return started
  }
  const call = (name: keyof Reader, path: string) =>
    Effect.callback<unknown, PlatformError.PlatformError>((resume) => {
      busy += 1
      settle = (answer) => {
        busy -= 1
        settle = () => {}
        resume("value" in answer ? Effect.succeed(answer.value) : Effect.fail(errorOf(name, path, answer)))
      } // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
      ;(worker ??= start()).postMessage([name, path])
    })
  return {
    stat: (path) => Effect.map(call("stat", path), (state) => infoOf(state as State)),
    readFileString: (path) => Effect.map(call("readFileString", path), String),
    end: () => void worker?.terminate()
  }
}

const tags: Readonly<Record<string, PlatformError.SystemErrorTag>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied"
}

const errorOf = (method: string, path: string, error: { readonly code: string; readonly message: string }) =>
  PlatformError.systemError({
    _tag: tags[error.code] ?? "Unknown",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description: error.message
  })

const infoOf = ({ ino, isFile, mtime, size }: State): FileSystem.File.Info => ({
  type: isFile ? "File" : "Unknown",
  mtime: Option.some(new Date(mtime)),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0n,
  ino: Option.some(ino),
  mode: 0,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  size: ByteSize.bytes(size),
  blksize: Option.none(),
  blocks: Option.none()
})
