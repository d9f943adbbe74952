/**
 * All that is to be tried of a configuration, in the order of its text.
 */
import { type Duration, Effect } from "effect"
import type { Address } from "../../server/Address.ts"
import * as Listener from "../../server/Listener.ts"
import type * as Transport from "../../transport/Transport.ts"
import * as EndpointTrial from "./EndpointTrial.ts"
import * as Ports from "./Ports.ts"
import type * as Rehearsal from "./Rehearsal.ts"
import * as TargetTrial from "./TargetTrial.ts"
import type { Trial } from "./Trial.ts"

export interface Settings {
  /** Where the engine's own server would listen; ports are not tried without it. */
  readonly server: Address | undefined
  /** For an answer. */
  readonly timeout: Duration.Duration | undefined
}

/** Which is no block. */
const ownServer = "the engine's own server"

export const of = Effect.fnUntraced(function*(found: Rehearsal.Found, { server, timeout }: Settings) {
  const ports = yield* Ports.trials(
    server === undefined
      ? []
      : [{ id: ownServer, settings: { ...Listener.defaults, ...server } }, ...found.ports.values()]
  )
  const byId = new Map(ports.map((port) => [port.id, port]))
  const portOf = (id: string): ReadonlyArray<Trial> => {
    const port = byId.get(id)
    return port === undefined ? [] : [port]
  }
  const targetsOf = (id: string): ReadonlyArray<Trial> => {
    const scraping = found.scrapings.get(id)
    return scraping === undefined ? [] : TargetTrial.of(id, scraping, timeout)
  }
  const ofBlock = (id: string): ReadonlyArray<Trial<Transport.Transport>> => [
    ...portOf(id),
    ...(found.endpoints.get(id) ?? []).map((endpoint) =>
      [...found.ports.values()].some((port) => Ports.isAt(port, endpoint.url))
        ? EndpointTrial.own(id, endpoint)
        : EndpointTrial.make(id, endpoint, timeout)
    ),
    ...targetsOf(id),
    ...(found.polled.has(id) ? [polled(id)] : [])
  ]
  return [...portOf(ownServer), ...found.ids.flatMap(ofBlock)]
})

/** That has been done where the block is built. */
const polled = (id: string): Trial => ({
  id,
  what: "its server",
  how: "a poll",
  run: Effect.succeed({ _tag: "Good", text: "it answers" })
})
