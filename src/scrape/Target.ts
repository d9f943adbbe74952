/**
 * What is asked for again and again: one type of profile of one process.
 */
import type { Duration } from "effect"
import type { Labels } from "../profile/Labels.ts"
import type { ProfileType } from "./ProfileType.ts"

export interface Target {
  /** The same for as long as the labels that are seen outside and the URL are: meta labels do not count. */
  readonly id: string
  /** The name of its `ProfileType`: there are few. */
  readonly type: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Path and query. */
  readonly path: string
  /** Of its profiles, those included that begin with `__`. */
  readonly labels: Labels
  /** How long the target takes to give a profile, in seconds, if it is asked for one of some seconds. */
  readonly seconds: number | undefined
  /** Its profiles count from its start, so that the difference of two is what is sent. */
  readonly isCumulative: boolean
}

/** What targets have in common. */
export interface Settings {
  readonly types: ReadonlyArray<ProfileType>
  /** In front of every path. */
  readonly pathPrefix: string
  readonly scheme: "http" | "https"
  /** The label `job`, where a target has none; empty for none. */
  readonly jobName: string
  readonly params: Readonly<Record<string, ReadonlyArray<string>>>
  readonly interval: Duration.Duration
  /** How long a timed profile is; by default a second less than the interval. */
  readonly timedDuration: Duration.Duration | undefined
}
