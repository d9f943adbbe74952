/**
 * What has become of the profiles for an endpoint so far, whichever lane had them. Times are for whoever looks: the wall
 * clock's, in milliseconds since the epoch.
 */
import type { Outbound } from "./Outbound.ts"
import type * as PushError from "./PushError.ts"
import type { DropReason, Outcome } from "./Receipt.ts"
import * as Recent from "./Recent.ts"

/** An attempt that failed, or a profile that was given up. No text holds a secret. */
export interface Failure {
  readonly at: number
  /** A `PushError`'s reason, or a `DropReason`. */
  readonly reason: string
  /** Of an answer over HTTP. */
  readonly status: number | undefined
  readonly message: string
  readonly service: string
  /** Without a query. */
  readonly path: string
}

/** Of the profiles with one `service_name`. */
export interface OfService extends Recent.Seen {
  deliveredAt: number | undefined
  refusal: Failure | undefined
  loss: Failure | undefined
}

export interface History {
  readonly sent: { readonly profiles: number; readonly bytes: number }
  readonly retries: number
  /** How many profiles were given up, by the reason. */
  readonly dropped: ReadonlyMap<string, number>
  readonly deliveredAt: number | undefined
  readonly refusal: Failure | undefined
  readonly services: Recent.Recent<OfService>
  /** An attempt failed. */
  readonly refused: (outbound: Outbound, reason: PushError.Reason, now: number) => void
  /** It will be tried again. */
  readonly retried: () => void
  readonly settled: (outbound: Outbound, outcome: Outcome, now: number) => void
}

/** So many services are remembered. */
export const limit = 256

export const make = (): History => {
  const sent = { profiles: 0, bytes: 0 }
  const dropped = new Map<string, number>()
  const services = Recent.make(limit, (name, seenAt): OfService => ({
    name,
    seenAt,
    deliveredAt: undefined,
    refusal: undefined,
    loss: undefined
  }))
  let retries = 0
  let deliveredAt: number | undefined
  let refusal: Failure | undefined
  return {
    sent,
    get retries() {
      return retries
    },
    dropped,
    get deliveredAt() {
      return deliveredAt
    },
    get refusal() {
      return refusal
    },
    services,
    refused: (outbound, reason, now) => {
      const service = services.see(outbound.service, now)
      refusal = failureOf(service.name, outbound, whyOf(reason), now)
      service.refusal = refusal
    },
    retried: () => {
      retries += 1
    },
    settled: (outbound, outcome, now) => {
      const service = services.see(outbound.service, now)
      if (outcome._tag === "Delivered") {
        sent.profiles += outbound.profiles
        sent.bytes += outbound.profileBytes
        deliveredAt = now
        service.deliveredAt = now
        return
      }
      const why = outcome._tag === "Failed" ? whyOf(outcome.error.reason) : dropping[outcome.reason]
      service.loss = failureOf(service.name, outbound, why, now)
      dropped.set(why.reason, (dropped.get(why.reason) ?? 0) + outbound.profiles)
    }
  }
}

type Why = Pick<Failure, "reason" | "status" | "message">

const whyOf = (reason: PushError.Reason): Why => {
  const status = "status" in reason ? reason.status : reason._tag === "RateLimited" ? 429 : undefined
  return { reason: reason._tag, status, message: reason.message }
}

const dropping: Readonly<Record<DropReason, Why>> = {
  queue_full: { reason: "queue_full", status: undefined, message: "the queue was full" },
  shutdown: { reason: "shutdown", status: undefined, message: "there was no time left to deliver it" },
  defect: { reason: "defect", status: undefined, message: "a defect of pyroduct itself, see the log" }
}

const failureOf = (service: string, { path }: Outbound, why: Why, at: number): Failure => ({
  at,
  ...why,
  service,
  path: path.split("?", 1)[0]!
})
