/**
 * What is the matter with the files of a connection: it works on with what they last held, and whoever uses it says so.
 */
import { Context, Effect, SubscriptionRef } from "effect"

/** Texts by what they are about, which is the name of a file. */
export type All = ReadonlyMap<string, string>

export class Problems extends Context.Service<Problems, SubscriptionRef.SubscriptionRef<All>>()(
  "pyroduct/transport/Problems"
) {}

export const make: Effect.Effect<SubscriptionRef.SubscriptionRef<All>> = SubscriptionRef.make<All>(new Map())

/** `undefined` is for none. */
export const set = (
  problems: SubscriptionRef.SubscriptionRef<All>,
  about: string,
  problem: string | undefined
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const all = SubscriptionRef.getUnsafe(problems)
    if (all.get(about) === problem) return Effect.void
    const next = new Map(all)
    if (problem === undefined) next.delete(about)
    else next.set(about, problem)
    return SubscriptionRef.set(problems, next)
  })
