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

/** Ends the process once what was logged is written; `exit` is the ordinary way. */
export const leave = (code: number, exit: (code: number) => void = process.exit): void =>
  whenWritten(() => {
    if (isHeld()) become(code)
    exit(code)
  })

/** What Node calls a call that a thread is in, or is waiting for a thread. */
const threaded = new Set(["FSReqCallback", "FSReqPromise", "GetAddrInfoReqWrap", "GetNameInfoReqWrap"])

const isHeld = (): boolean => process.getActiveResourcesInfo().some((name) => threaded.has(name))

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

/** For a reader that has stopped reading. */
const patience = 1000

/** Waits until the output has gone into its pipes, which the end of the process would cut off. */
const whenWritten = (then: () => void): void => {
  const behind = [process.stdout, process.stderr].filter(({ writableLength }) => writableLength > 0)
  if (behind.length === 0) return then()
  const written = behind.map((stream) => new Promise((resolve) => stream.once("error", resolve).write("", resolve)))
  const late = new Promise((resolve) => setTimeout(resolve, patience).unref())
  void Promise.race([Promise.all(written), late]).then(then)
}
