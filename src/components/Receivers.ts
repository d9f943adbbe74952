/**
 * Receivers in configurations: what `forward_to` takes and what `receiver` exports.
 */
import { Context, Layer, Predicate, Stream } from "effect"
import * as Receiver from "../delivery/Receiver.ts"
import * as StableReceiver from "../delivery/StableReceiver.ts"
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

/** A receiver that a block exports. One of an application's own belongs to none. */
export interface Exported extends Receiver.Receiver {
  readonly blockId?: string
}

const valueOf = ({ receiver }: StableReceiver.StableReceiver, blockId: string): Value.Value =>
  Value.opaque(capsule, { ...receiver, blockId } satisfies Exported)

/** The `receiver` export of a component whose Layer provides one: the same for the life of a block. */
export const exported: Export<Receiver.Receiver> = {
  placeholder: valueOf(StableReceiver.make(), ""),
  make: (id) => {
    const stable = StableReceiver.make()
    const value = valueOf(stable, id)
    return {
      initial: value,
      values: (context) =>
        Stream.sync(() => {
          stable.switchTo(Context.get(context, Receiver.Receiver))
          return value
        })
    }
  }
}
