/**
 * What became of a profile that was accepted: for each endpoint, one outcome.
 */
import { Effect, Schema } from "effect"
import type { PushError } from "./PushError.ts"

/**
 * - `Delivered`: the endpoint took it.
 * - `Failed`: it was given up, after `retries` retries, for the reason in `error`.
 * - `Dropped`: it was given up without one.
 */
export type Outcome =
  | { readonly _tag: "Delivered"; readonly endpoint: string }
  | { readonly _tag: "Failed"; readonly endpoint: string; readonly error: PushError; readonly retries: number }
  | { readonly _tag: "Dropped"; readonly endpoint: string; readonly reason: DropReason }

/** A full queue needed its room or had none for it, the shutdown's deadline came first, or a defect of ours. */
export const DropReason = Schema.Literals(["queue_full", "shutdown", "defect"])
export type DropReason = typeof DropReason.Type

/** An endpoint will not get the profile, and not for a reason of its own. */
export class Dropped extends Schema.TaggedError<Dropped>()("Dropped", {
  /** The endpoint's URL without credentials. */
  endpoint: Schema.String,
  reason: DropReason
}) {
  override get message(): string {
    return `a profile for ${this.endpoint} was dropped: ${this.reason}`
  }
}

/** For whoever wants to know what becomes of a profile that was taken. */
export interface Receipt {
  /** Waits until every endpoint is done with the profile. */
  readonly outcomes: Effect.Effect<ReadonlyArray<Outcome>>
  /** Waits as long, and fails with the first endpoint's reason, in their order, if not all of them have it. */
  readonly delivered: Effect.Effect<void, PushError | Dropped>
}

/** A receipt of these outcomes. */
export const make = (outcomes: Receipt["outcomes"]): Receipt => ({
  outcomes,
  delivered: Effect.flatMap(outcomes, (all): Effect.Effect<void, PushError | Dropped> => {
    const lost = all.find((outcome) => outcome._tag !== "Delivered")
    if (lost === undefined) return Effect.void
    return Effect.fail(lost._tag === "Failed" ? lost.error : new Dropped(lost))
  })
})

/** Of a profile that no endpoint was to get. */
export const none: Receipt = make(Effect.succeed([]))

/** `none` where each of them is. */
export const all = (receipts: ReadonlyArray<Receipt>): Receipt =>
  receipts.every((receipt) => receipt === none)
    ? none
    : make(Effect.map(Effect.forEach(receipts, (receipt) => receipt.outcomes), (outcomes) => outcomes.flat()))
