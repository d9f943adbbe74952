/**
 * A profile on its way: labels and bytes. The bytes are passed through as they came and never looked into.
 */
import type { Labels } from "./Labels.ts"

/** What a sender pushes at a time: samples of one series, or a request to `/ingest`. */
export type Profile = Series | Ingest

/** pprof samples that share their labels, as `push.v1` carries them. */
export interface Series {
  readonly _tag: "Series"
  /** What they are profiles of: `__name__`, `service_name` and others. */
  readonly labels: Labels
  /** One at least, each a pprof of one moment. */
  readonly samples: ReadonlyArray<Sample>
}

/** One pprof file, gzipped or not. `id` is the sender's, empty when it gave none. */
export interface Sample {
  /** What its sender calls it, such as a UUID; empty where it has no name. */
  readonly id: string
  /** A pprof: the encoded message, or that gzipped. */
  readonly profile: Uint8Array
}

/** An `/ingest` request in any of its formats; `query` is the incoming one, its `name` is replaced by the labels. */
export interface Ingest {
  readonly _tag: "Ingest"
  /** What it is a profile of: those of `name` in the query, unless they have been changed on the way. */
  readonly labels: Labels
  /** The labels that its sender gave it, if some of `labels` are not from there. */
  readonly given?: Labels
  /** Of the request, without `?`: `from`, `until`, `format` and others. */
  readonly query: string
  /** Of the request, if it has one: of a multipart body it names the boundary. */
  readonly contentType: string | undefined
  /** As it came. */
  readonly body: Uint8Array
}

/** Samples that share their labels. */
export const series = (labels: Labels, samples: ReadonlyArray<Sample>): Series => ({ _tag: "Series", labels, samples })

/** A request to `/ingest`. */
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
