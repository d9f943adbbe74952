/**
 * The end of the process.
 *
 * Node does not exit while one of its worker threads is in a system call: a file system that gives no answer, a pipe that
 * nobody writes to, a DNS server that is silent. Neither `process.exit` nor its native half is an exception, for it is the
 * C library that joins the threads on its way out. Only two things end them: a signal that kills, whose exit code is the
 * signal's, and the start of another program in the process. So where such a call is pending the last program is one that
 * has nothing to do but to exit with the code. It is Node once more, which takes some 50 ms: a shell would be faster, but
 * not every image has one, and this binary is surely there.
 */
import { existsSync } from "node:fs"
import * as FileThread from "../transport/FileThread.ts"

/** Ends the process as a command ends: once what it has said is written, for a reader that takes its time as well. */
export const finish = (code: number): void => void written().then(() => end(code))

/** Ends the process as at a signal, which does not wait long for a reader. */
export const leave = (code: number): void => {
  const late = new Promise((resolve) => setTimeout(resolve, patience).unref())
  void Promise.race([written(), late]).then(() => end(code))
}

const end = (code: number): void => {
  if (isHeld()) become(code)
  process.exit(code)
}

/** What Node calls a call that a thread of its own is in, or is waiting for a thread. */
const threaded = new Set(["FSReqCallback", "FSReqPromise", "GetAddrInfoReqWrap", "GetNameInfoReqWrap"])

const isHeld = (): boolean => FileThread.isBusy() || process.getActiveResourcesInfo().some((name) => threaded.has(name))

/** Returns only where a system has no such thing. */
const become = (code: number): void => {
  // The file may have been replaced meanwhile, or be gone: that would abort the process.
  const self = "/proc/self/exe"
  const binary = existsSync(self) ? self : process.execPath
  // Nothing of the environment, which may have Node load what does not answer; but how its libraries are found.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(DY)?LD_/.test(name)))
  try {
    process.execve?.(binary, ["node", "-e", `process.exit(${code})`], env)
  } catch {
    // The ordinary exit waits for the threads.
  }
}

/** Milliseconds, for a reader that has stopped reading. */
const patience = 1000

/** The output is in its pipes, which the end of the process would cut off, or there is nobody any more to read it. */
const written = (): Promise<unknown> =>
  Promise.all([process.stdout, process.stderr].map((stream) =>
    stream.writableLength === 0
      ? undefined
      : new Promise((resolve) => stream.once("error", resolve).write("", resolve))
  ))
