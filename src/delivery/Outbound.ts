/**
 * A profile as it goes out: encoded once, shared by all endpoints of a component and by all attempts.
 */
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"
import * as IngestName from "../wire/IngestName.ts"
import * as PushV1 from "../wire/PushV1.ts"

export interface Outbound {
  readonly kind: "push" | "ingest"
  /** Path and query below the endpoint's own path. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Bytes of profile in it, and how many profiles. */
  readonly profileBytes: number
  readonly profiles: number
}

const pushHeaders = { "content-type": "application/proto", "connect-protocol-version": "1" }

/** `external` labels override the profile's. */
export const make = (profile: Profile.Profile, external: Labels.Overrides): Outbound => {
  const profileBytes = Profile.byteLength(profile)
  const profiles = Profile.count(profile)
  if (profile._tag === "Series") {
    const body = PushV1.encode(Labels.outgoing(profile.labels, external), profile.samples)
    return { kind: "push", path: "/push.v1.PusherService/Push", headers: pushHeaders, body, profileBytes, profiles }
  }
  const query = IngestName.rewriteQuery(profile.query, Labels.outgoing(Labels.toIngest(profile.labels), external))
  return {
    kind: "ingest",
    path: `/ingest?${query}`,
    headers: profile.contentType === undefined ? {} : { "content-type": profile.contentType },
    body: profile.body,
    profileBytes,
    profiles
  }
}
