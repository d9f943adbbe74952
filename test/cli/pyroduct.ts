/**
 * The `pyroduct` command as a user has it: a process with arguments, output and an exit code.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { binary } from "../support/engine.ts"
import { makeJournal } from "../support/journal.ts"

export interface Ended {
  /** The exit code, or the signal that has killed it. */
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  /** The working directory. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Where its standard output and error go, instead of to the test. */
  readonly output?: number
}

/** Starts the command; kills it when the scope closes. */
export const start = (args: ReadonlyArray<string>, { cwd, env = {}, output = -1 }: Options = {}) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [binary, ...args], {
        cwd,
        env: { ...process.env, NO_COLOR: "1", ...env },
        stdio: output < 0 ? ["ignore", "pipe", "pipe"] : ["ignore", output, output]
      })
    ),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await once(child, "exit")
      })
  ).pipe(Effect.map((child) => {
    /** The lines of standard error. */
    const lines = makeJournal<string>((line) => line)
    if (child.stderr !== null) createInterface(child.stderr).on("line", lines.add)
    const output = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
        output[name] += chunk
      })
    }
    const ended = new Promise<Ended>((resolve) =>
      child.once("close", (code, signal) => resolve({ code: code ?? signal, ...output }))
    )
    return {
      lines,
      /** Nobody reads what it says any more. */
      unread: Effect.sync(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }),
      signal: (signal: NodeJS.Signals) => Effect.sync(() => child.kill(signal)),
      ended: Effect.promise(() => ended),
      /** Waits for a line of the log. */
      logged: (pattern: RegExp) =>
        Effect.map(
          lines.until((lines) => lines.some((line) => pattern.test(line))),
          (lines) => lines.find((line) => pattern.test(line))!
        )
    }
  }))

/** Runs the command to its end. */
export const run = (args: ReadonlyArray<string>, options?: Options) =>
  Effect.scoped(Effect.flatMap(start(args, options), ({ ended }) => ended))
