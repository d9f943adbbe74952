/**
 * What an endpoint has still to get: its queue, and which lane is in charge of it.
 *
 * A queue outlives the lanes that empty it. When an endpoint's settings change there is a new lane over the same queue. It
 * takes charge: from then on what waits is its business, with its limits and its ages, while the lane before finishes what
 * it has in flight, and gives back what it could not deliver. Whichever of them profiles are pushed into, they end up in
 * the one queue. A lane that closes leaves the charge to another that is open, the last one that had it; where there is
 * none it keeps it, to drain the queue, until it is through or another takes over.
 */
import { type Deferred, Effect, Latch, type Scope } from "effect"
import { Drain } from "./Drain.ts"
import * as History from "./History.ts"
import type { Outbound } from "./Outbound.ts"
import type { PushError } from "./PushError.ts"
import * as Queue from "./Queue.ts"
import type { Outcome } from "./Receipt.ts"
import type { Step } from "./RetrySchedule.ts"

/** A profile on its way to the endpoint. */
export interface Delivery extends Queue.Item {
  readonly outbound: Outbound
  readonly outcome: Deferred.Deferred<Outcome>
  retries: number
  /** The lane that took it last, of whose settings and breaker the following is. */
  keeper: Keeper | undefined
  nextDelay: Step<PushError> | undefined
  /** Whether it was last taken after the flush. */
  isFlushed: boolean
  /** Of the breaker, when it was last taken and when it last failed. */
  openings: number
  failedAt: number | undefined
}

/** What a backlog knows of a lane. */
export interface Keeper {
  /** In what is said of a shutdown: the URL without credentials, and a name. */
  readonly label: string
  /** There may be something to do, or somebody else does it now. */
  readonly wake: () => void
  /** It has been put in charge. */
  readonly appointed: Effect.Effect<void>
}

export interface Backlog {
  readonly queue: Queue.Queue<Delivery>
  readonly history: History.History
  /** Released when there may be more room. */
  readonly freed: Latch.Latch
  /** Puts a lane in charge, as of now. */
  readonly take: (keeper: Keeper) => Effect.Effect<void>
  /** A lane closes: another that is open is put in charge in its place. */
  readonly leave: (keeper: Keeper) => Effect.Effect<void>
  /** A lane in charge ends, and nobody empties the queue any more. */
  readonly abandon: () => void
  readonly isKeptBy: (keeper: Keeper) => boolean
  readonly isAbandoned: () => boolean
  /** There may be something to do for the lane in charge. */
  readonly wake: () => void
}

/** A shutdown waits for it until the scope closes. Its limits are those of the lane in charge. */
export const make: Effect.Effect<Backlog, never, Scope.Scope> = Effect.gen(function*() {
  const queue = Queue.make<Delivery>(Queue.defaults)
  /** The lanes that may have the charge, in the order in which they last took it. */
  const open = new Set<Keeper>()
  let keeper: Keeper | undefined
  let label = ""

  const appoint = (next: Keeper): Effect.Effect<void> =>
    Effect.suspend(() => {
      const before = keeper
      keeper = next
      label = next.label
      before?.wake()
      return next.appointed
    })

  const drain = yield* Drain
  yield* drain.enter({
    get endpoint() {
      return label
    },
    profiles: queue.size
  })
  return {
    queue,
    history: History.make(),
    freed: Latch.makeUnsafe(false),
    take: (next) =>
      Effect.suspend(() => {
        open.delete(next)
        open.add(next)
        return keeper === next ? Effect.void : appoint(next)
      }),
    leave: (leaving) =>
      Effect.suspend(() => {
        open.delete(leaving)
        const next = [...open].at(-1)
        return next === undefined || keeper !== leaving ? Effect.void : appoint(next)
      }),
    abandon: () => {
      keeper = undefined
    },
    isKeptBy: (other) => keeper === other,
    isAbandoned: () => keeper === undefined,
    wake: () => keeper?.wake()
  }
})
