/**
 * A program of its own to be scraped, which prints the address that it listens on and ends with its standard input.
 */
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

/** Runs it until the scope closes, and gives its address, for `__address__`. */
export const startTarget = Effect.fnUntraced(function*(
  command: string,
  ...args: ReadonlyArray<string>
): Effect.fn.Return<string, never, Scope.Scope> {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] })),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exited = once(child, "exit")
        child.stdin.end()
        await exited
      })
  )
  return yield* Effect.promise(async () => {
    for await (const line of createInterface(child.stdout)) return line
    throw new Error(`${command} has ended`)
  })
})
