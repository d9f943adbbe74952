/**
 * One profile to every endpoint: checks and merges the labels, encodes once, and puts the result into each lane.
 *
 * A push is all or nothing: room is reserved in all lanes at once, and where one is full and set to refuse, none gets the
 * profile, so that the sender can try again without making duplicates. What is larger than some queues goes to the
 * others. No lane waits for another.
 *
 * Whether a push waits for room before it comes here is a matter of the `Flow` of all lanes.
 */
import { Duration, Effect } from "effect"
import type { Profile } from "../profile/Profile.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Flow from "./Flow.ts"
import type { Lane } from "./Lane.ts"
import * as Outbound from "./Outbound.ts"
import * as Receipt from "./Receipt.ts"
import * as Receiver from "./Receiver.ts"
import { ProfileTooLarge, QueueFull, Refused, Stopped } from "./Receiver.ts"
import type { Services } from "./Services.ts"

export interface Settings {
  /** Set last: they override, and an empty value removes a label. */
  readonly externalLabels: Readonly<Record<string, string>>
}

/** What a sender that found a full queue is told to wait. */
const retryAfter = Duration.seconds(5)

export const make = (
  settings: Settings,
  lanes: ReadonlyArray<Lane>,
  services?: Pick<Services, "came" | "refused">
): Receiver.Receiver => {
  const refuse = (profile: Profile, reason: Refused["reason"]): Refused => {
    const refused = new Refused({ reason })
    services?.refused(profile, refused)
    return refused
  }

  /** All of it happens at once, so that nothing comes between the last question and the last reservation. */
  const enqueue = (
    profile: Profile,
    outbound: Outbound.Outbound,
    now: number
  ): Effect.Effect<Receipt.Receipt, Refused> => {
    const rooms = lanes.map((lane) => lane.room(outbound.size))
    if (lanes.some((lane) => lane.isClosing())) return new Refused({ reason: new Stopped() })
    const full = rooms.indexOf("refuse")
    if (full !== -1) return refuse(profile, new QueueFull({ endpoint: lanes[full]!.endpoint, retryAfter }))
    if (rooms.every((room) => room === "never")) return refuse(profile, new ProfileTooLarge({ bytes: outbound.size }))
    const reservations = lanes.map((lane) => lane.reserve(outbound, now))
    return Effect.as(
      Effect.forEach(reservations, ({ commit }) => commit, { discard: true }),
      Receipt.make(Effect.all(reservations.map(({ outcome }) => outcome)))
    )
  }

  const check = (profile: Profile): Refused | undefined => {
    const refused = Outbound.check(profile, settings.externalLabels)
    if (refused !== undefined) services?.refused(profile, refused)
    return refused
  }

  const offer = Effect.fnUntraced(function*(profile: Profile) {
    const refused = check(profile)
    if (refused !== undefined) return yield* refused
    services?.came(profile)
    if (lanes.length === 0) return Receipt.none
    const outbound = Outbound.make(profile, settings.externalLabels)
    const now = yield* Monotonic.now
    return yield* Effect.uninterruptible(Effect.suspend(() => enqueue(profile, outbound, now)))
  })
  return Receiver.make(offer, Flow.all(lanes.map(({ flow }) => flow)), check)
}
