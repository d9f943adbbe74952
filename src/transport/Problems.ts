/**
 * What is the matter with the files of a connection: it works on with what they last held, and whoever uses it says so.
 */
import { Context, Effect, type Scope, Stream, SubscriptionRef } from "effect"

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

/** Has those of `source` among one's own, until the scope closes. */
export const tell = Effect.fnUntraced(function*(
  source: SubscriptionRef.SubscriptionRef<All>
): Effect.fn.Return<void, never, Problems | Scope.Scope> {
  const own = yield* Problems
  let known: All = new Map()
  const update = Effect.fnUntraced(function*(latest: All) {
    for (const [about, problem] of latest) yield* set(own, about, problem)
    for (const about of known.keys()) if (!latest.has(about)) yield* set(own, about, undefined)
    known = latest
  })
  yield* update(SubscriptionRef.getUnsafe(source))
  yield* Effect.forkScoped(Stream.runForEach(SubscriptionRef.changes(source), update))
})
