/**
 * Diagnostics as they are come upon, as many of them as somebody reads. A file that is no configuration has a problem in
 * every line: the further ones are counted, and one diagnostic stands for all of them.
 */
import * as Diagnostic from "./Diagnostic.ts"
import type { Range } from "./Source.ts"

/** How many are kept. */
export const limit = 100

export class Problems {
  private readonly kept: Array<Diagnostic.Diagnostic> = []
  private further: Diagnostic.Diagnostic | undefined

  get isEmpty(): boolean {
    return this.kept.length === 0
  }

  private get isFull(): boolean {
    return this.kept.length >= limit
  }

  /** A text takes its time to make, and that of one that is only counted is not shown. */
  report(message: () => string, file: string, range: Range): void {
    this.add(Diagnostic.error(this.isFull ? "" : message(), file, range))
  }

  add(diagnostic: Diagnostic.Diagnostic): void {
    const { count = 1 } = diagnostic
    if (diagnostic.count === undefined && !this.isFull) this.kept.push(diagnostic)
    else {
      const sum = count + (this.further?.count ?? 0)
      this.further = { ...(this.further ?? diagnostic), count: sum, message: furtherMessage(sum) }
    }
  }

  /** In the order in which they came, the one that stands for the others at the end. */
  get all(): ReadonlyArray<Diagnostic.Diagnostic> {
    return this.further === undefined ? this.kept : [...this.kept, this.further]
  }
}

const furtherMessage = (count: number): string => `${count} more ${count === 1 ? "problem" : "problems"} from here on`
