/**
 * The failure of a command that has said what is wrong.
 */
import { Console, Data, Effect, Runtime } from "effect"

export class Reported extends Data.TaggedError("Reported") {
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

/** Prints a last word and fails. */
export const giveUp = (message: string): Effect.Effect<never, Reported> =>
  Effect.andThen(Console.error(`Error: ${message}`), new Reported())
