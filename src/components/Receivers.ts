/**
 * Receivers in configurations: what `forward_to` takes and what `receiver` exports.
 */
import { Context, Effect, Layer, Predicate, Stream } from "effect"
import * as Receiver from "../delivery/Receiver.ts"
import * as StableReceiver from "../delivery/StableReceiver.ts"
import { ComponentId, type Export } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Value from "../evaluation/Value.ts"
import * as Profile from "../profile/Profile.ts"
import * as Edges from "../telemetry/Edges.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Series from "../telemetry/Series.ts"

const capsule = "pyroscope.Receiver"

/** A receiver, and the block that exports it; one of an application's own belongs to none. */
export interface Exported extends Receiver.Receiver {
  /** Such as `pyroscope.write.staging`. */
  readonly blockId?: string
}

const isReceiver = (value: unknown): value is Exported => Predicate.hasProperty(value, "push")

/** `forward_to`: every one of them gets every profile. */
export const Argument = Decode.list(Decode.capsule(capsule, isReceiver))

/**
 * All that `forward_to` names, as the one receiver that a component hands profiles to. What they take is counted, for each
 * by itself.
 */
export const layer = (forwardTo: ReadonlyArray<Exported>): Layer.Layer<Receiver.Receiver> =>
  Layer.effect(
    Receiver.Receiver,
    forwardTo.length === 0
      ? Receiver.discarding("forward_to is empty")
      : Effect.flatMap(Effect.forEach(forwardTo, counted), (receivers) => measured(Receiver.all(receivers)))
  )

/** What all of them together take, and for how long. As in Alloy what comes on `/ingest` is no entry. */
const measured = Effect.fnUntraced(function*(receiver: Receiver.Receiver) {
  const context = yield* Effect.context<never>()
  const clock = yield* Effect.clockWith(Effect.succeed)
  const hold = yield* Series.holder
  const latency = hold(Metrics.fanoutLatency())
  const entries = hold(Metrics.forwardedEntries())
  const offer: Receiver.Receiver["offer"] = (profile) =>
    Effect.suspend(() => {
      const start = Monotonic.read(clock)
      return Effect.map(receiver.offer(profile), (receipt) => {
        latency.updateUnsafe((Monotonic.read(clock) - start) / 1000, context)
        if (profile._tag === "Series") entries.updateUnsafe(profile.samples.length, context)
        return receipt
      })
    })
  return Receiver.before(receiver, offer)
})

const counted = Effect.fnUntraced(function*(receiver: Exported) {
  if (receiver.blockId === undefined) return receiver
  const edges = yield* Edges.Edges
  const edge = yield* edges.edge(yield* ComponentId, receiver.blockId)
  const offer: Receiver.Receiver["offer"] = (profile) =>
    Effect.map(receiver.offer(profile), (receipt) => {
      edge.profiles += Profile.count(profile)
      edge.bytes += Profile.byteLength(profile)
      return receipt
    })
  return Receiver.before(receiver, offer)
})

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
