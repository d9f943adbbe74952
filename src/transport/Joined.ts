/**
 * Calls that may hang, and that are not to be made twice at a time: who wants what is under way already waits for it.
 */
import { Deferred, Effect } from "effect"

/** For calls by key. A call goes on when those who wait for it have given up. */
export const make = <A, E>(): (key: string, call: Effect.Effect<A, E>) => Effect.Effect<A, E> => {
  const underWay = new Map<string, Deferred.Deferred<A, E>>()
  return (key, call) =>
    Effect.suspend(() => {
      const known = underWay.get(key)
      if (known !== undefined) return Deferred.await(known)
      const answer = Deferred.makeUnsafe<A, E>()
      underWay.set(key, answer)
      const calling = Effect.onExit(call, (exit) =>
        Effect.sync(() => {
          underWay.delete(key)
          Deferred.doneUnsafe(answer, exit)
        }))
      return Effect.andThen(
        Effect.uninterruptible(Effect.forkDetach(Effect.interruptible(calling))),
        Deferred.await(answer)
      )
    })
}
