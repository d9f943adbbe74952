/**
 * On a terminal, what is waited for, once that takes a while; erased when it has come.
 */
import { Effect } from "effect"

export const waitingFor = (what: string) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  if (!process.stderr.isTTY) return self
  const write = (text: string) => Effect.sync(() => void process.stderr.write(text))
  // A longer line would be two, of which one is erased.
  const line = `trying ${what} ...`.slice(0, (process.stderr.columns || 80) - 1)
  const shown = Effect.acquireRelease(write(line), () => write("\r\x1b[K"))
  return Effect.scoped(Effect.andThen(Effect.forkScoped(Effect.delay(shown, "1 second")), self))
}
