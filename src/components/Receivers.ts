/**
 * Receivers in configurations: what `forward_to` takes and what `receiver` exports.
 */
import { Context, Effect, Predicate } from "effect"
import type { Export } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Value from "../evaluation/Value.ts"
import { Receiver, Refused, Stopped } from "../profile/Receiver.ts"

const capsule = "pyroscope.Receiver"

const isReceiver = (value: unknown): value is Receiver => Predicate.hasProperty(value, "push")

/** `forward_to`: every one of them gets every profile. */
export const Argument = Decode.list(Decode.capsule(capsule, isReceiver))

const notRunning: Receiver = { push: () => Effect.fail(new Refused({ reason: new Stopped() })) }

/** The `receiver` export of a component whose Layer provides one. */
export const exported: Export<Receiver> = {
  placeholder: Value.opaque(capsule, notRunning),
  read: (context) => Value.opaque(capsule, Context.get(context, Receiver))
}
