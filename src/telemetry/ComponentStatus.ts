/**
 * What an engine tells about a component to whoever looks: the API, the page.
 */
import type * as DebugInfo from "./DebugInfo.ts"
import type { Health } from "./Health.ts"

/** A component, as it is seen from outside. */
export interface ComponentStatus {
  /** `pyroscope.write.staging`, or `logging` for one without a label. */
  readonly id: string
  /** `pyroscope.write` */
  readonly name: string
  /** `staging`; nothing for one without. */
  readonly label: string | undefined
  /** How it is doing. */
  readonly health: Health
  /** The ids of those that its block refers to, in the order of the text, each once. */
  readonly referencesTo: ReadonlyArray<string>
  /** The ids of those whose blocks refer to it. */
  readonly referencedBy: ReadonlyArray<string>
}

/** With all that can be seen of it. Nothing in it is a secret. */
export interface ComponentDetail extends ComponentStatus {
  /** What its block says, as it was last accepted. */
  readonly arguments: ReadonlyArray<Statement>
  /** What other blocks may refer to. */
  readonly exports: ReadonlyArray<Statement>
  /** What it shows itself. */
  readonly debugInfo: DebugInfo.Info | undefined
}

/** A statement of a block, as Alloy's API has it. */
export type Statement =
  | { readonly name: string; readonly type: "attr"; readonly value: Shown }
  | {
    readonly name: string
    readonly type: "block"
    readonly label?: string
    readonly body: ReadonlyArray<Statement>
  }

/**
 * A value as Alloy's API has it. A capsule's value says what it is: `(secret)`, a receiver as the configuration refers to
 * it, `capsule("pyroscope.Receiver")` where it does not, and `(17 more)` for what has been left out.
 */
export type Shown =
  | { readonly type: "null"; readonly value: null }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "string" | "function" | "capsule"; readonly value: string }
  | { readonly type: "array"; readonly value: ReadonlyArray<Shown> }
  | { readonly type: "object"; readonly value: ReadonlyArray<{ readonly key: string; readonly value: Shown }> }
