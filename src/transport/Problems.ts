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

/** Tells all there are, and then what changes, until the scope closes; `undefined` is for one that is over. */
export const follow = Effect.fnUntraced(function*(
  source: SubscriptionRef.SubscriptionRef<All>,
  tell: (about: string, problem: string | undefined) => Effect.Effect<void>
): Effect.fn.Return<void, never, Scope.Scope> {
  let known: All = new Map()
  const update = Effect.fnUntraced(function*(latest: All) {
    for (const [about, problem] of latest) yield* tell(about, problem)
    for (const about of known.keys()) if (!latest.has(about)) yield* tell(about, undefined)
    known = latest
  })
  yield* update(SubscriptionRef.getUnsafe(source))
  yield* Effect.forkScoped(Stream.runForEach(SubscriptionRef.changes(source), update))
})

/** Has those of `source` among one's own, until the scope closes. */
export const tell = (
  source: SubscriptionRef.SubscriptionRef<All>
): Effect.Effect<void, never, Problems | Scope.Scope> =>
  Effect.flatMap(Problems, (own) => follow(source, (about, problem) => set(own, about, problem)))
