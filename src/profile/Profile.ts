/**
 * A profile on its way: labels and bytes. The bytes are passed through as they came and never looked into.
 */
import type { Labels } from "./Labels.ts"

export type Profile = Series | Ingest

/** pprof samples that share their labels, as `push.v1` carries them. */
export interface Series {
  readonly _tag: "Series"
  readonly labels: Labels
  readonly samples: ReadonlyArray<Sample>
}

/** One pprof file, gzipped or not. `id` is the sender's, empty when it gave none. */
export interface Sample {
  readonly id: string
  readonly profile: Uint8Array
}

/** An `/ingest` request in any of its formats; `query` is the incoming one, its `name` is replaced by the labels. */
export interface Ingest {
  readonly _tag: "Ingest"
  readonly labels: Labels
  /** The labels that its sender gave it, if some of `labels` are not from there. */
  readonly given?: Labels
  readonly query: string
  readonly contentType: string | undefined
  readonly body: Uint8Array
}

export const series = (labels: Labels, samples: ReadonlyArray<Sample>): Series => ({ _tag: "Series", labels, samples })

export const ingest = (ingest: Omit<Ingest, "_tag">): Ingest => ({ _tag: "Ingest", ...ingest })

/** The same profile with other labels. What its sender called it is not forgotten. */
export const withLabels = (profile: Profile, labels: Labels): Profile => {
  if (labels === profile.labels) return profile
  return profile._tag === "Series"
    ? { ...profile, labels }
    : { ...profile, labels, given: profile.given ?? profile.labels }
}

/** How many bytes of profile it carries. */
export const byteLength = (profile: Profile): number => {
  if (profile._tag === "Ingest") return profile.body.byteLength
  let bytes = 0
  for (const sample of profile.samples) bytes += sample.profile.byteLength
  return bytes
}

/** How many profiles it counts for in metrics. */
export const count = (profile: Profile): number => profile._tag === "Ingest" ? 1 : profile.samples.length
