/**
 * How a target is doing: for the API, the page and the log.
 */
import type { Target } from "./Target.ts"
import type { Trouble } from "./Trouble.ts"

/** Written by the target's loop after each scrape, read by whoever looks. */
export interface TargetState {
  /** As it is configured now. */
  target: Target
  /** `unknown` before the first scrape has ended. */
  health: "unknown" | "up" | "down"
  /** Of the last scrape that failed, while the target is down. */
  lastError: string | undefined
  /** When the last scrape began, in milliseconds since the epoch. */
  lastScrape: number | undefined
  /** How long it took, in milliseconds. */
  lastDuration: number | undefined
  /** Of the last answer that was a profile, in bytes as they came. */
  lastSize: number | undefined
  /** When a profile was last handed over, in milliseconds since the epoch. */
  lastProfile: number | undefined
  /** How many have ended, failed ones included. */
  scrapes: number
  /** How many of them have failed. */
  failures: number
  /** Scrapes that were left out because the one before had not ended. */
  skipped: number
  /** What is kept to make the next difference, in bytes. */
  baselineBytes: number
  /**
   * What the log has to know, for `TargetLog` alone; it goes with the target.
   *
   * @internal
   */
  trouble: Trouble | undefined
}

export const make = (target: Target): TargetState => ({
  target,
  health: "unknown",
  lastError: undefined,
  lastScrape: undefined,
  lastDuration: undefined,
  lastSize: undefined,
  lastProfile: undefined,
  scrapes: 0,
  failures: 0,
  skipped: 0,
  baselineBytes: 0,
  trouble: undefined
})
