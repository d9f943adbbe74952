/**
 * Whether profiles come faster than this process sends them on, so that senders that wait are slowed rather than robbed.
 *
 * That is where an endpoint that takes what it is sent has a queue that is nearly full, and no other such endpoint keeps
 * up. So an endpoint that is down makes nobody wait, nor does one that is slow by itself, beside one that is not.
 */
import { Effect, Semaphore } from "effect"

/** Of one queue, or of several together. */
export interface Flow {
  /** It delivers, and has little room left. */
  readonly isBehind: () => boolean
  /** It delivers, and what waits is little of what may. */
  readonly keepsUp: () => boolean
  /** Waits until there may be more room, or nothing is accepted any more. */
  readonly freed: Effect.Effect<void>
}

/** Where nothing is queued. */
export const none: Flow = { isBehind: () => false, keepsUp: () => true, freed: Effect.never }

export const all = (flows: ReadonlyArray<Flow>): Flow => ({
  isBehind: () => flows.some((flow) => flow.isBehind()),
  keepsUp: () => flows.some((flow) => flow.keepsUp()),
  freed: Effect.raceAll(flows.map((flow) => flow.freed))
})

/** For how long one waits at most. */
const patience = "1 second"

/** Waits for room where profiles come too fast, a second at most, in the order of those who wait. */
export const makeGate = (flow: Flow): Effect.Effect<void> => {
  const turn = Semaphore.makeUnsafe(1)
  let waiting = 0
  const isOutrun = (): boolean => flow.isBehind() && !flow.keepsUp()
  const untilRoom: Effect.Effect<void> = Effect.suspend(() =>
    isOutrun() ? Effect.andThen(flow.freed, untilRoom) : Effect.void
  )
  const wait = Effect.suspend(() => {
    waiting += 1
    return turn.withPermits(1)(untilRoom).pipe(
      Effect.timeoutOption(patience),
      Effect.ensuring(Effect.sync(() => void (waiting -= 1))),
      Effect.asVoid
    )
  })
  return Effect.suspend(() => waiting > 0 || isOutrun() ? wait : Effect.void)
}
