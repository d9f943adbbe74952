/**
 * A receiver that stays the same while what is behind it changes, as at a reload: whoever holds it notices nothing.
 */
import { Effect } from "effect"
import type { Profile } from "../profile/Profile.ts"
import * as Receiver from "./Receiver.ts"

/** A receiver and what is behind it. */
export interface StableReceiver {
  /** To hand out. */
  readonly receiver: Receiver.Receiver
  /** From now on profiles go there. What is on its way goes on. */
  readonly switchTo: (next: Receiver.Receiver) => void
}

const notRunning = Receiver.make(() => Effect.fail(new Receiver.Refused({ reason: new Receiver.Stopped() })))

/** There is nothing behind it at first, and it refuses profiles as one does that is shutting down. */
export const make = (): StableReceiver => {
  let current = notRunning
  const offer: Receiver.Receiver["offer"] = (profile: Profile) =>
    Effect.suspend(() => {
      const asked = current
      // Who was asked may have begun to stop because another has taken its place.
      return Effect.catchIf(
        asked.offer(profile),
        ({ reason }) => reason._tag === "Stopped" && current !== asked,
        () => offer(profile)
      )
    })
  const receiver = Receiver.make(
    offer,
    {
      isBehind: () => current.flow.isBehind(),
      keepsUp: () => current.flow.keepsUp(),
      freed: Effect.suspend(() => current.flow.freed)
    },
    (profile) => current.check(profile)
  )
  return {
    receiver,
    switchTo: (next) => {
      current = next
    }
  }
}
