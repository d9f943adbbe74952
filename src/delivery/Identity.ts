/**
 * How this instance names itself to servers.
 */
import { Context } from "effect"
import { version } from "../telemetry/Version.ts"

export interface Identity {
  /** Sent as `X-Agent-Id`: the same for the life of an instance. */
  readonly id: string
  /** Sent as `User-Agent`. */
  readonly userAgent: string
}

/** With the id, and the version of pyroduct. */
export const make = (id: string): Identity => ({ id, userAgent: `pyroduct/${version}` })

/** Without one, each process has an id of its own. */
export const Identity = Context.Reference<Identity>("pyroduct/delivery/Identity", {
  defaultValue: () => make(crypto.randomUUID())
})
