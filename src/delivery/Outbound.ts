/**
 * A profile as it goes out: encoded once, shared by all endpoints of a component and by all attempts.
 */
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as Ingest from "../wire/Ingest.ts"
import * as PushV1 from "../wire/PushV1.ts"
import { EmptyProfile, InvalidLabels, Refused } from "./Receiver.ts"

export interface Outbound {
  readonly kind: "push" | "ingest"
  /** Path and query below the endpoint's own path. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** What it takes in the memory of a queue: the body, the texts, and all that has to be remembered about it. */
  readonly size: number
  /** Bytes of profile in it, and how many profiles. */
  readonly profileBytes: number
  readonly profiles: number
  /** The `service_name` that it came with, as an example in logs. */
  readonly service: string
}

const pushHeaders = { "content-type": "application/proto", "connect-protocol-version": "1" }

/**
 * What a profile of no bytes takes while it waits: 520 bytes of V8's heap, of which 200 are the lane's, 190 of malloc's
 * for its buffer (measured on Node 24), and some more once it has failed. Lanes share a profile, but each counts all of
 * it, for each may be the last to hold it.
 */
const overhead = 768

/** `external` labels override the profile's. */
export const make = (profile: Profile.Profile, external: Labels.Overrides): Outbound => {
  const { body, headers, kind, path } = profile._tag === "Series" ? push(profile, external) : ingest(profile, external)
  const service = serviceOf(profile)
  const texts = path.length + service.length + (headers["content-type"]?.length ?? 0)
  return {
    kind,
    path,
    headers,
    body,
    size: body.byteLength + texts + overhead,
    profileBytes: Profile.byteLength(profile),
    profiles: Profile.count(profile),
    service
  }
}

export const serviceOf = ({ labels }: Profile.Profile): string => labels.get("service_name") ?? ""

/**
 * What keeps every server from taking it with the labels that it goes out with. On Push a `__name__` is required, which
 * is the type of the profile; on `/ingest` the name of an application or a service.
 */
export const check = (profile: Profile.Profile, external: Labels.Overrides): Refused | undefined => {
  const labels = Labels.outgoing(profile.labels, external)
  const isNamed = profile._tag === "Series" ? labels.has("__name__") : Ingest.nameOf(labels) !== ""
  const mistake = isNamed
    ? Labels.check(labels)
    : new Labels.LabelError({ reason: "Missing", name: profile._tag === "Series" ? "__name__" : "", value: "" })
  if (mistake !== undefined) return new Refused({ reason: new InvalidLabels({ cause: mistake }) })
  return isEmpty(profile) ? new Refused({ reason: new EmptyProfile() }) : undefined
}

/** A server takes an empty body on `/ingest`, and stores nothing. */
const isEmpty = (profile: Profile.Profile): boolean =>
  profile._tag === "Series" &&
  (profile.samples.length === 0 || profile.samples.some(({ profile }) => profile.byteLength === 0))

type Encoded = Pick<Outbound, "kind" | "path" | "headers" | "body">

/** A push without profiles, of which a server stores nothing: Pyroscope answers that there are none. */
export const nothing: Encoded = {
  kind: "push",
  path: "/push.v1.PusherService/Push",
  headers: pushHeaders,
  body: new Uint8Array(0)
}

const push = (profile: Profile.Series, external: Labels.Overrides): Encoded => ({
  ...nothing,
  body: PushV1.encode(Labels.outgoing(profile.labels, external), profile.samples)
})

const ingest = (profile: Profile.Ingest, external: Labels.Overrides): Encoded => ({
  kind: "ingest",
  path: `/ingest?${Ingest.forward(profile, Labels.outgoing(profile.labels, external))}`,
  headers: profile.contentType === undefined ? {} : { "content-type": profile.contentType },
  body: profile.body
})
