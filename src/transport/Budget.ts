/**
 * How much memory the bodies of answers may take together while they are read, in bytes: of many servers that each send
 * as much as one may, or of a few that do so slowly. What finds no room is refused and does not wait, for others' answers
 * may take as long to come as they like.
 */
import { Context } from "effect"

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
}

/** Of this process, for all that is asked for again and again: 256 MiB. */
export const Shared = Context.Reference<Budget>("pyroduct/transport/Budget", {
  defaultValue: () => new Budget(256 * 1024 * 1024)
})
