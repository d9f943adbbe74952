/**
 * Enrichment of profiles on their way: a profile that has the same value in a label as a target gets labels of that
 * target, in the place of its own where it has them. One that matches no target is passed on as it is. Labels that no
 * server takes, such as `k8s/app`, are left out: they would cost the profile.
 */
import { Effect, Layer } from "effect"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import { before, Receiver } from "./Receiver.ts"

/** Which profiles get labels, and of which targets. */
export interface Options {
  /** Of those with one value in `targetMatchLabel` the last counts; those without one match nothing. */
  readonly targets: ReadonlyArray<Labels.Labels>
  /** The label of a target whose value tells which profiles are its own. */
  readonly targetMatchLabel: string
  /** Default: the name of `targetMatchLabel`. */
  readonly profilesMatchLabel?: string
  /** Default: all that the target has. */
  readonly labelsToCopy?: ReadonlyArray<string>
}

/** The receiver behind the enrichment. */
export const make = (options: Options, receiver: Receiver): Receiver => {
  const { labelsToCopy = [], profilesMatchLabel = options.targetMatchLabel, targetMatchLabel, targets } = options
  const copied = new Set(labelsToCopy)
  const isCopied = ([name, value]: readonly [string, string]): boolean =>
    (copied.size === 0 || copied.has(name)) && Labels.check(new Map([[name, value]])) === undefined
  const copiedOf = (target: Labels.Labels): Labels.Labels => new Map(Array.from(target).filter(isCopied))
  const known = new Map<string, Labels.Labels>()
  for (const target of targets) {
    const value = Labels.get(target, targetMatchLabel)
    if (value !== "") known.set(value, copiedOf(target))
  }
  const enriched = (profile: Profile.Profile): Profile.Profile => {
    const labels = known.get(Labels.get(profile.labels, profilesMatchLabel))
    return labels === undefined ? profile : Profile.withLabels(profile, Labels.merge(profile.labels, labels))
  }
  return before(
    receiver,
    (profile) => Effect.suspend(() => receiver.offer(enriched(profile))),
    (profile) => receiver.check(enriched(profile))
  )
}

/** In front of the receiver that it needs. */
export const layer = (options: Options): Layer.Layer<Receiver, never, Receiver> =>
  Layer.effect(Receiver, Effect.map(Receiver, (receiver) => make(options, receiver)))
