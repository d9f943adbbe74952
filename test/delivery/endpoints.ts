/**
 * Endpoints whose server follows a script, and what they send to it.
 */
import { Duration, Effect } from "effect"
import * as Backlog from "../../src/delivery/Backlog.ts"
import { Drain, within } from "../../src/delivery/Drain.ts"
import * as Endpoint from "../../src/delivery/Endpoint.ts"
import type { Lane } from "../../src/delivery/Lane.ts"
import * as Outbound from "../../src/delivery/Outbound.ts"
import * as Queue from "../../src/delivery/Queue.ts"
import * as RetrySchedule from "../../src/delivery/RetrySchedule.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Monotonic from "../../src/telemetry/Monotonic.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as Transport from "../../src/transport/Transport.ts"

export interface Options extends Partial<Omit<Endpoint.Settings, "url" | "transport" | "lane">> {
  readonly url?: string
  readonly transport?: Partial<Endpoint.Settings["transport"]>
  readonly lane?: Partial<Endpoint.Settings["lane"]>
}

/** The defaults of `pyroscope.write`, without jitter. */
export const settings = ({ lane, transport, url, ...options }: Options = {}): Endpoint.Settings => ({
  name: "",
  url: new URL(url ?? "http://pyroscope.example:4040"),
  ...options,
  transport: { ...Transport.defaults, timeout: Duration.seconds(10), ...transport },
  lane: {
    concurrency: 8,
    maxAge: Duration.hours(1),
    queue: Queue.defaults,
    retry: { ...RetrySchedule.defaults, jitter: false },
    ...lane
  }
})

/** With a queue of its own. */
export const makeEndpoint = Effect.fnUntraced(function*(options: Options = {}) {
  const endpoint = yield* Endpoint.make(settings(options), yield* Backlog.make)
  yield* endpoint.lane.takeCharge
  return endpoint
})

/** Its lane alone. */
export const make = (options: Options = {}) => Effect.map(makeEndpoint(options), ({ lane }) => lane)

/** Against such a server, with no time to drain when the test is over. */
export const against = (script?: ScriptedServer.Script) =>
<A, E, R>(
  test: Effect.Effect<A, E, R>
) =>
  test.pipe(
    Effect.provide(ScriptedServer.layer(script)),
    Effect.provideService(Drain, within(Duration.zero))
  )

/** A series of one sample of that many bytes. */
export const series = (bytes = 100, service = "checkout"): Profile.Series =>
  Profile.series(Labels.make({ __name__: "process_cpu", service_name: service }), [
    { id: "", profile: new Uint8Array(bytes) }
  ])

export const outbound = (bytes?: number): Outbound.Outbound => Outbound.make(series(bytes), {})

/** Queues a profile; the effect that it gives waits for the outcome. */
export const offer = Effect.fnUntraced(function*(lane: Lane, profile = outbound()) {
  const { commit, outcome } = lane.reserve(profile, yield* Monotonic.now)
  yield* commit
  return outcome
})
