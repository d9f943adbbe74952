/**
 * How much memory the bodies of answers may take together while they are read and worked on, in bytes: of many servers that each send
 * as much as one may, or of a few that do so slowly. What finds no room is refused and does not wait, for others' answers
 * may take as long to come as they like.
 */
import { Context, Effect } from "effect"

/** So many bytes, and how many of them are used. */
export class Budget {
  readonly max: number
  used = 0

  constructor(max: number) {
    this.max = max
  }

  /** Whether there is room for so many more. */
  claim(bytes: number): boolean {
    if (this.used + bytes > this.max) return false
    this.used += bytes
    return true
  }

  release(bytes: number): void {
    this.used -= bytes
  }

  /** Why there is no room. */
  get refusal(): string {
    return `there is no room for the answer: all that are being read may take ${this.max} bytes together`
  }
}

/**
 * Has so many bytes count while `use` works on them, if there is room.
 *
 * @internal
 */
export const hold = <A, E, R, E2>(
  budget: Budget,
  bytes: number,
  use: Effect.Effect<A, E, R>,
  refuse: () => Effect.Effect<never, E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => budget.claim(bytes)),
    (hasRoom): Effect.Effect<A, E | E2, R> => hasRoom ? use : refuse(),
    (hasRoom) => hasRoom ? Effect.sync(() => budget.release(bytes)) : Effect.void
  )

/** Of this process, for all that is asked for again and again: 256 MiB. */
export const Shared = Context.Reference<Budget>("pyroduct/transport/Budget", {
  defaultValue: () => new Budget(256 * 1024 * 1024)
})
