/**
 * The API on a free port, in front of a receiver that keeps what it gets.
 */
import { Effect, Logger } from "effect"
import type { Refused } from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import * as Listener from "../../src/server/Listener.ts"
import * as ProfileApi from "../../src/server/ProfileApi.ts"
import * as Requests from "../../src/server/Requests.ts"
import * as Metrics from "../../src/telemetry/Metrics.ts"
import * as PushV1 from "../../src/wire/PushV1.ts"

export interface Options {
  readonly maxBytes?: number
  /** What requests may hold together: as little as there can be, or what is usual. */
  readonly room?: "little" | "usual"
  readonly check?: (profile: Profile.Profile) => Refused | undefined
  readonly accept?: (profile: Profile.Profile) => Effect.Effect<unknown, Refused>
  readonly ready?: Effect.Effect<void>
  /** Who is told of them in the place of that. */
  readonly told?: (requests: Requests.Requests) => Requests.Requests
  readonly listener?: Partial<Listener.Settings>
}

/** Until the scope closes. */
export const listening = ({
  accept,
  check = () => undefined,
  listener = {},
  maxBytes = 1_000_000,
  ready = Effect.void,
  room = "little",
  told = (requests) => requests
}: Options = {}) =>
  Effect.gen(function*() {
    const accepted: Array<Profile.Profile> = []
    const requests = told(yield* Requests.make({ duration: Metrics.requestDuration, refused: Metrics.requestsRefused }))
    const handler = ProfileApi.make({
      maxBytes,
      ...(room === "little" ? { maxHeldBytes: 2 * maxBytes } : {}),
      requests,
      ready,
      check,
      accept: accept ?? ((profile) => Effect.sync(() => accepted.push(profile)))
    })
    const { listen } = yield* Listener.Listener
    const { turnedAway } = requests
    const { port } = yield* listen(
      { ...Listener.defaults, host: "127.0.0.1", port: 0, turnedAway, ...listener },
      handler
    )
    return { accepted, port, url: `http://127.0.0.1:${port}`, push: `http://127.0.0.1:${port}${pushPath}` }
  }).pipe(Effect.provide([Listener.Listener.layer, Logger.layer([])]))

export const pushPath = "/push.v1.PusherService/Push"

export const proto = { "content-type": "application/proto" }
export const json = { "content-type": "application/json" }

/** No pprof: nothing looks into it. */
export const profile = Uint8Array.from({ length: 256 }, (_, byte) => byte)

export const labels = { __name__: "process_cpu", "process.runtime.name": "nodejs", service_name: "shop" }

/** A request with one profile. */
export const request = (bytes: Uint8Array = profile): Uint8Array =>
  PushV1.encode(Labels.make(labels), [{ id: "an id", profile: bytes }])

export const jsonRequest = (series: ReadonlyArray<unknown>): string => JSON.stringify({ series })

export const jsonSeries = (labels: Readonly<Record<string, string>>, bytes: Uint8Array = profile) => ({
  labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
  samples: [{ rawProfile: Buffer.from(bytes).toString("base64"), ID: "an id" }]
})
