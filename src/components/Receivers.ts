/**
 * Receivers in configurations: what `forward_to` takes and what `receiver` exports.
 */
import { Context, Effect, Layer, Predicate } from "effect"
import * as Receiver from "../delivery/Receiver.ts"
import type { Export } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Value from "../evaluation/Value.ts"

const capsule = "pyroscope.Receiver"

const isReceiver = (value: unknown): value is Receiver.Receiver => Predicate.hasProperty(value, "push")

/** `forward_to`: every one of them gets every profile. */
export const Argument = Decode.list(Decode.capsule(capsule, isReceiver))

/** All that `forward_to` names, as the one receiver that a component hands profiles to. */
export const layer = (forwardTo: ReadonlyArray<Receiver.Receiver>): Layer.Layer<Receiver.Receiver> =>
  forwardTo.length === 0
    ? Layer.effect(Receiver.Receiver, Receiver.discarding("forward_to is empty"))
    : Layer.succeed(Receiver.Receiver, Receiver.all(forwardTo))

const notRunning = Receiver.make(() => Effect.fail(new Receiver.Refused({ reason: new Receiver.Stopped() })))

/** The `receiver` export of a component whose Layer provides one. */
export const exported: Export<Receiver.Receiver> = {
  placeholder: Value.opaque(capsule, notRunning),
  read: (context) => Value.opaque(capsule, Context.get(context, Receiver.Receiver))
}
