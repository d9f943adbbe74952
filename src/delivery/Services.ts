/**
 * Why a profile is missing, by `service_name`: when the last one came, when each endpoint last took one, and why one was
 * refused or lost.
 */
import type { Clock } from "effect"
import type { Profile } from "../profile/Profile.ts"
import type { Json } from "../telemetry/DebugInfo.ts"
import { type EndpointState, type Names, timeOf } from "./EndpointState.ts"
import * as History from "./History.ts"
import * as Outbound from "./Outbound.ts"
import type { Refused } from "./Receiver.ts"
import * as Recent from "./Recent.ts"

export interface Services {
  /** A profile has come. */
  readonly came: (profile: Profile) => void
  /** It was not taken, so that its sender knows why. */
  readonly refused: (profile: Profile, refused: Refused) => void
  /** With what the endpoints know, the last that came first. */
  readonly info: (endpoints: ReadonlyArray<EndpointState>) => ReadonlyArray<Json>
}

interface Service extends Recent.Seen {
  refusal: Failure | undefined
}

/** By an endpoint, or before any was asked. */
interface Failure extends Pick<History.Failure, "at" | "reason" | "status" | "message"> {
  readonly names?: Names
}

export const make = (clock: Clock.Clock): Services => {
  const services = Recent.make(History.limit, (name, seenAt): Service => ({ name, seenAt, refusal: undefined }))
  const see = (profile: Profile): Service => services.see(Outbound.serviceOf(profile), clock.currentTimeMillisUnsafe())
  return {
    came: (profile) => void see(profile),
    refused: (profile, { reason }) => {
      const service = see(profile)
      service.refusal = {
        at: service.seenAt,
        // One word for what is too large, whether for a queue or for a server.
        reason: reason._tag === "ProfileTooLarge" ? "TooLarge" : reason._tag,
        status: undefined,
        message: Recent.copy(reason.message)
      }
    },
    info: (endpoints) =>
      [...services.all()]
        .sort((one, other) => other.seenAt - one.seenAt)
        .map((service) => infoOf(service, endpoints))
  }
}

const infoOf = ({ name, refusal, seenAt }: Service, endpoints: ReadonlyArray<EndpointState>): Json => {
  const all = endpoints.flatMap(({ history, names }) => {
    const known = history.services.get(name)
    return known === undefined ? [] : [{ ...known, names }]
  })
  const refusals = all.flatMap(({ names, refusal }) => refusal === undefined ? [] : [{ names, ...refusal }])
  const losses = all.flatMap(({ loss, names }) => loss === undefined ? [] : [{ names, ...loss }])
  return {
    service_name: name,
    last_profile: timeOf(seenAt),
    last_accepted: all.flatMap(({ deliveredAt, names }) =>
      deliveredAt === undefined ? [] : [{ ...names, time: timeOf(deliveredAt) }]
    ),
    last_refusal: lastOf(refusal === undefined ? refusals : [refusal, ...refusals]),
    last_loss: lastOf(losses)
  }
}

const lastOf = (failures: ReadonlyArray<Failure>): Json => {
  const last = failures.reduce<Failure | undefined>(
    (last, failure) => last === undefined || failure.at > last.at ? failure : last,
    undefined
  )
  return last === undefined ? null : {
    time: timeOf(last.at),
    endpoint: last.names?.endpoint ?? null,
    name: last.names?.name ?? null,
    reason: last.reason,
    status: last.status ?? null,
    message: last.message
  }
}
