/**
 * One profile to every endpoint: checks and merges the labels, encodes once, and puts the result into each lane.
 *
 * A push is all or nothing: room is reserved in all lanes at once, and where one is full and set to refuse, none gets the
 * profile, so that the sender can try again without making duplicates. What is larger than some queues goes to the
 * others. No lane waits for another.
 *
 * A push waits where profiles come faster than this process sends them, a second at most, so that senders are slowed
 * rather than robbed. That is where a lane that delivers is full and no other lane that delivers keeps up. So an endpoint
 * that is down, or slow by itself, makes nobody wait.
 */
import { Duration, Effect, Semaphore } from "effect"
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

/** For how long a push waits for room at most. */
const patience = Duration.seconds(1)

export const make = (settings: Settings, lanes: ReadonlyArray<Lane>): Receiver.Receiver => {
  /** Pushes wait in the order they came. */
  const turn = Semaphore.makeUnsafe(1)
  let waiting = 0

  const isOutrun = (bytes: number): boolean => {
    let isFull = false
    for (const lane of lanes) {
      if (lane.isClosing()) return false
      if (!lane.isDelivering()) continue
      if (lane.keepsUp()) return false
      const room = lane.room(bytes)
      isFull ||= room === "full" || room === "refuse"
    }
    return isFull
  }
  const untilRoom = (bytes: number): Effect.Effect<void> =>
    Effect.suspend(() =>
      isOutrun(bytes)
        ? Effect.andThen(Effect.raceAll(lanes.map((lane) => lane.left)), untilRoom(bytes))
        : Effect.void
    )
  const waitForRoom = (bytes: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      waiting += 1
      return turn.withPermits(1)(untilRoom(bytes)).pipe(
        Effect.timeoutOption(patience),
        Effect.ensuring(Effect.sync(() => void (waiting -= 1))),
        Effect.asVoid
      )
    })

  /** All of it happens at once, so that nothing comes between the last question and the last reservation. */
  const enqueue = (outbound: Outbound.Outbound, now: number): Effect.Effect<Receipt.Receipt, Refused> => {
    const rooms = lanes.map((lane) => lane.room(outbound.size))
    if (lanes.some((lane) => lane.isClosing())) return new Refused({ reason: new Stopped() })
    const full = rooms.indexOf("refuse")
    if (full !== -1) return new Refused({ reason: new QueueFull({ endpoint: lanes[full]!.endpoint, retryAfter }) })
    if (rooms.every((room) => room === "never")) {
      return new Refused({ reason: new TooLarge({ bytes: outbound.size }) })
    }
    const reservations = lanes.map((lane) => lane.reserve(outbound, now))
    return Effect.as(
      Effect.forEach(reservations, ({ commit }) => commit, { discard: true }),
      Receipt.make(Effect.all(reservations.map(({ outcome }) => outcome)))
    )
  }

  return Receiver.make(Effect.fnUntraced(function*(profile: Profile) {
    const mistake = Labels.check(profile.labels)
    if (mistake !== undefined) return yield* new Refused({ reason: new InvalidLabels({ cause: mistake }) })
    if (lanes.length === 0) return Receipt.none
    const outbound = Outbound.make(profile, settings.externalLabels)
    if (waiting > 0 || isOutrun(outbound.size)) yield* waitForRoom(outbound.size)
    const now = yield* Monotonic.now
    return yield* Effect.uninterruptible(Effect.suspend(() => enqueue(outbound, now)))
  }))
}
