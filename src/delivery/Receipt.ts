/**
 * What became of a profile that was accepted: for each endpoint, one outcome.
 */
import { Effect } from "effect"
import type { PushError } from "./PushError.ts"

/**
 * - `Delivered`: the endpoint took it.
 * - `Failed`: it was given up, after `retries` retries, for the reason in `error`.
 * - `Dropped`: it found or made no room in a full queue, the shutdown's deadline came first, or a defect of ours.
 */
export type Outcome =
  | { readonly _tag: "Delivered"; readonly endpoint: string }
  | { readonly _tag: "Failed"; readonly endpoint: string; readonly error: PushError; readonly retries: number }
  | { readonly _tag: "Dropped"; readonly endpoint: string; readonly reason: DropReason }

export type DropReason = "queue_full" | "shutdown" | "defect"

export interface Receipt {
  /** Waits until every endpoint is done with the profile. */
  readonly outcomes: Effect.Effect<ReadonlyArray<Outcome>>
}

/** Of a profile that no endpoint was to get. */
export const none: Receipt = { outcomes: Effect.succeed([]) }

export const all = (receipts: ReadonlyArray<Receipt>): Receipt =>
  receipts.length === 0 ? none : {
    outcomes: Effect.map(Effect.forEach(receipts, (receipt) => receipt.outcomes), (outcomes) => outcomes.flat())
  }
