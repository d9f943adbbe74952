/**
 * What may happen a thousand times a second is told once when it begins, or a few times, and then in sums, so that a log
 * says what goes on, how much of it, and nothing twice. What has been counted is told at the latest when the scope closes.
 */
import { Duration, Effect, type Scope } from "effect"

export interface Tally<A> {
  /**
   * One more `amount` of a kind, such as that of this `example`. Where kinds come from outside, so that there may be any
   * number of them, what is not among the first is `ofMany`.
   */
  readonly note: (kind: string, amount: number, example: A, ofMany?: Kind<A>) => Effect.Effect<void>
}

export interface Kind<A> {
  readonly kind: string
  readonly example: A
}

/** Sums are for this long. A kind of which there was none since the last sum is told at once again. */
export const interval = Duration.minutes(1)

/** So many kinds are told apart that might be any number. */
export const most = 50

/**
 * As many of a kind as `singly` are told by themselves before there are sums. Whoever notes, it is told in the name of who
 * has made the tally.
 */
export const make = Effect.fnUntraced(function*<A>(
  tell: (amount: number, example: A) => Effect.Effect<void>,
  singly = 1
): Effect.fn.Return<Tally<A>, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const say = (amount: number, example: A) => Effect.provideContext(tell(amount, example), context)
  const kinds = new Map<string, { told: number; amount: number; example: A }>()

  /** What has been taken for a sum is told, whatever ends meanwhile; and one that cannot be told costs no other. */
  const flush = Effect.uninterruptible(Effect.suspend(() => {
    const due = [...kinds].filter(([kind, { amount }]) => amount > 0 || !kinds.delete(kind))
    return Effect.forEach(due, ([kind, { amount, example }]) => {
      kinds.set(kind, { told: singly, amount: 0, example })
      return Effect.ignoreCause(say(amount, example))
    }, { discard: true })
  }))
  yield* Effect.addFinalizer(() => flush)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(interval), flush)))

  return {
    note: (given, amount, itself, ofMany) =>
      Effect.suspend(() => {
        const isApart = ofMany === undefined || kinds.has(given) || kinds.size < most
        const { example, kind } = isApart ? { kind: given, example: itself } : ofMany
        const { amount: untold, told } = kinds.get(kind) ?? { amount: 0, told: 0 }
        const isTold = told < singly
        kinds.set(kind, { told: isTold ? told + 1 : told, amount: isTold ? 0 : untold + amount, example })
        return isTold ? say(amount, example) : Effect.void
      })
  }
})
