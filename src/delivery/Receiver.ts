/**
 * Somewhere to send profiles: what `forward_to` refers to and what an application pushes to.
 */
import { Context, Duration, Effect, Result, Schema, type Scope, Sink } from "effect"
import { LabelError } from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Series from "../telemetry/Series.ts"
import * as Flow from "./Flow.ts"
import * as Receipt from "./Receipt.ts"

export type { Flow } from "./Flow.ts"

/** Where profiles go, as a service: what sources need, and `Forward` provides. */
export interface Receiver {
  /**
   * Hands a profile over. Succeeds when every endpoint's queue has it, and never waits for a delivery: the receipt
   * does, for whoever wants to know. Where profiles come faster than they can be sent it takes up to a second, so that
   * whoever waits for it is slowed.
   */
  readonly push: (profile: Profile.Profile) => Effect.Effect<Receipt.Receipt, Refused>
  /** Pushes what a Stream gives, one after the other, until one is refused. */
  readonly sink: Sink.Sink<void, Profile.Profile, never, Refused>
  /** `push` in two steps, for what comes together: waits for room, up to a second. */
  readonly ready: Effect.Effect<void>
  /**
   * What is wrong with the profile itself, so that `offer` would refuse it at any time. What queues have room for is
   * another matter, of which it says nothing.
   */
  readonly check: (profile: Profile.Profile) => Refused | undefined
  /** Hands a profile over there and then. */
  readonly offer: (profile: Profile.Profile) => Effect.Effect<Receipt.Receipt, Refused>
  /** How far behind its queues are. */
  readonly flow: Flow.Flow
}

/** Where profiles go, as a service: what sources need, and `Forward` provides. */
export const Receiver = Context.Service<Receiver>("pyroduct/delivery/Receiver")

/** `offer` refuses by itself what `check` would. */
export const make = (
  offer: Receiver["offer"],
  flow: Flow.Flow = Flow.none,
  check: Receiver["check"] = () => undefined
): Receiver => complete({ ready: Flow.makeGate(flow), check, offer, flow })

const complete = (parts: Pick<Receiver, "ready" | "check" | "offer" | "flow">): Receiver => {
  const push: Receiver["push"] = (profile) => Effect.andThen(parts.ready, parts.offer(profile))
  return { ...parts, push, sink: Sink.forEach(push) }
}

/** The same receiver, with an `offer` in front of its own, and a `check` where profiles are others behind it. */
export const before = (
  receiver: Receiver,
  offer: Receiver["offer"],
  check: Receiver["check"] = receiver.check
): Receiver => complete({ ...receiver, offer, check })

/**
 * Takes every profile and only counts it: what a configuration asks for that names no destination. That is hardly what
 * was meant, so it is said, with `why`.
 *
 * @internal
 */
export const discarding = Effect.fnUntraced(function*(why: string): Effect.fn.Return<Receiver, never, Scope.Scope> {
  yield* Effect.logWarning("profiles go nowhere").pipe(Effect.annotateLogs({ err: why }))
  const context = yield* Effect.context<never>()
  const discarded = (yield* Series.holder)(Metrics.discardedProfiles())
  return make((profile) =>
    Effect.sync(() => {
      discarded.updateUnsafe(Profile.count(profile), context)
      return Receipt.none
    })
  )
})

/** The labels break a rule of the protocol: pushing the same profile again cannot succeed. */
export class InvalidLabels extends Schema.TaggedError<InvalidLabels>()("InvalidLabels", {
  cause: LabelError
}) {
  override get message(): string {
    return `invalid labels in profile: ${this.cause.message}`
  }
}

/** No samples, or one without a profile in it: pushing the same again cannot succeed. */
export class EmptyProfile extends Schema.TaggedError<EmptyProfile>()("EmptyProfile", {}) {
  override get message(): string {
    return "the profile is empty"
  }
}

/** A queue that is set to refuse is full: try again after `retryAfter`. */
export class QueueFull extends Schema.TaggedError<QueueFull>()("QueueFull", {
  endpoint: Schema.String,
  retryAfter: Schema.Duration
}) {
  override get message(): string {
    return `the queue of ${this.endpoint} is full, retry after ${Duration.format(this.retryAfter)}`
  }
}

/** Larger than any queue can ever hold. */
export class ProfileTooLarge
  extends Schema.TaggedError<ProfileTooLarge>()("ProfileTooLarge", { bytes: Schema.Natural })
{
  override get message(): string {
    return `the profile takes ${this.bytes} bytes, more than any queue holds`
  }
}

/** The receiver is shutting down. */
export class Stopped extends Schema.TaggedError<Stopped>()("Stopped", {}) {
  override get message(): string {
    return "shutting down"
  }
}

/**
 * Why a profile was not taken. No endpoint of the receiver that refused has it; of several receivers others may.
 */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  reason: Schema.Union([InvalidLabels, EmptyProfile, QueueFull, ProfileTooLarge, Stopped]),
  /** Others have taken it: they would have it twice if it were pushed again. */
  isPartial: Schema.optionalKey(Schema.Boolean)
}) {
  override get message(): string {
    return this.reason.message
  }
}

/** Pushing the same profile again cannot succeed. */
const isFinal = ({ reason }: Refused): boolean =>
  reason._tag === "InvalidLabels" || reason._tag === "EmptyProfile" || reason._tag === "ProfileTooLarge"

/**
 * One receiver in front of several: each gets every profile, whether or not another refuses it, but for what `check` of
 * one of them finds wrong. A refusal is reported once all have been asked; a profile that can never succeed outranks one that
 * may be tried again.
 */
export const all = (receivers: ReadonlyArray<Receiver>): Receiver => {
  if (receivers.length === 1) return receivers[0]!
  const check = (profile: Profile.Profile): Refused | undefined => {
    for (const receiver of receivers) {
      const refused = receiver.check(profile)
      if (refused !== undefined) return refused
    }
    return undefined
  }
  const offer = Effect.fnUntraced(function*(profile: Profile.Profile) {
    const unfit = check(profile)
    if (unfit !== undefined) return yield* unfit
    const receipts: Array<Receipt.Receipt> = []
    let refused: Refused | undefined
    let isPartial = false
    for (const receiver of receivers) {
      const result = yield* Effect.result(receiver.offer(profile))
      if (Result.isSuccess(result)) {
        receipts.push(result.success)
        continue
      }
      isPartial ||= result.failure.isPartial === true
      if (refused === undefined || isFinal(result.failure)) refused = result.failure
    }
    if (refused === undefined) return Receipt.all(receipts)
    // Rules may have dropped it on the way to all others.
    return yield* isPartial || Receipt.all(receipts) !== Receipt.none
      ? new Refused({ reason: refused.reason, isPartial: true })
      : refused
  })
  return make(offer, Flow.all(receivers.map(({ flow }) => flow)), check)
}
