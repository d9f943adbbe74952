import { Data } from "effect"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import type { Source } from "../syntax/Source.ts"

/** What is wrong with a configuration. */
export class InvalidConfiguration extends Data.TaggedError("InvalidConfiguration")<{
  readonly diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
  /** By their names, with what may be shown of them: for `Diagnostic.renderAll`. */
  readonly sources: ReadonlyMap<string, Source>
  /**
   * Whether the configuration runs nevertheless, without the blocks that could not be built and with the old arguments of
   * those that could not be changed.
   */
  readonly isInForce: boolean
}> {
  override get message(): string {
    return Diagnostic.summary(this.diagnostics)
  }
}
