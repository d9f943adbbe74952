/**
 * One profile to every endpoint: checks and merges the labels, encodes once, and puts the result into each lane.
 *
 * A push is all or nothing: where one lane is full and set to refuse, none gets the profile, so that the sender can try
 * again without making duplicates. What is larger than some queues goes to the others. No lane waits for another.
 */
import { Duration, Effect } from "effect"
import * as Labels from "../profile/Labels.ts"
import type { Profile } from "../profile/Profile.ts"
import * as Monotonic from "../telemetry/Monotonic.ts"
import type { Lane } from "./Lane.ts"
import * as Outbound from "./Outbound.ts"
import * as Receipt from "./Receipt.ts"
import * as Receiver from "./Receiver.ts"
import { InvalidLabels, QueueFull, Refused, Stopped, TooLarge } from "./Receiver.ts"

export interface Settings {
  /** Set last: they override, and an empty value removes a label. */
  readonly externalLabels: Readonly<Record<string, string>>
}

/** What a sender that found a full queue is told to wait. */
const retryAfter = Duration.seconds(5)

export const make = (settings: Settings, lanes: ReadonlyArray<Lane>): Receiver.Receiver =>
  Receiver.make(Effect.fnUntraced(function*(profile: Profile) {
    const mistake = Labels.check(profile.labels)
    if (mistake !== undefined) return yield* new Refused({ reason: new InvalidLabels({ cause: mistake }) })
    if (lanes.length === 0) return Receipt.none
    const outbound = Outbound.make(profile, settings.externalLabels)
    const now = yield* Monotonic.now
    // No effect from here on: nothing may come between the last question and the last offer.
    let fits = false
    for (const lane of lanes) {
      if (lane.isClosing()) return yield* new Refused({ reason: new Stopped() })
      const room = lane.room(outbound.size)
      if (room === "full") return yield* new Refused({ reason: new QueueFull({ endpoint: lane.endpoint, retryAfter }) })
      fits ||= room === "yes"
    }
    if (!fits) return yield* new Refused({ reason: new TooLarge({ bytes: outbound.size }) })
    const outcomes = lanes.map((lane) => lane.offer(outbound, now))
    return Receipt.make(Effect.all(outcomes))
  }))
