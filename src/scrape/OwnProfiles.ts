/**
 * The profiles of the engine itself, for targets that have its own address. They are asked for in memory, so that it does
 * not matter where its server listens and how that is protected.
 */
import { Context, Effect } from "effect"
import type { Answer } from "./Answer.ts"

export interface OwnProfiles {
  /** Of a path with its query, such as `/debug/pprof/profile?seconds=14`. */
  readonly get: (path: string) => Effect.Effect<Answer>
}

/** Where there is no engine with a server, there are none. */
export const OwnProfiles = Context.Reference<OwnProfiles>("pyroduct/scrape/OwnProfiles", {
  defaultValue: () => ({ get: () => Effect.succeed(none) })
})

const none: Answer = { status: 404, headers: {}, text: "there is no engine here with profiles of its own" }

/** What Alloy and Grafana Agent call themselves, whatever port they listen on. */
const hosts = ["alloy.internal:12345", "agent.internal:12345"]

const origins: ReadonlySet<string> = new Set(hosts.flatMap((host) => [`http://${host}`, `https://${host}`]))

export const isOwn = (origin: string): boolean => origins.has(origin)
