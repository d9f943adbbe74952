/**
 * Connections of a `Transport` over undici, and what comes of requests on them.
 */
import { it } from "@effect/vitest"
import { Clock, Duration, Effect, Redacted, type Scope } from "effect"
import { setImmediate } from "node:timers/promises"
import * as PushError from "../../src/delivery/PushError.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Tls from "../../src/transport/Tls.ts"
import {
  below,
  defaults,
  type Request,
  type Response,
  type Settings,
  Transport,
  type TransportError,
  type UnusableSettings
} from "../../src/transport/Transport.ts"
import { authority } from "../support/servers.ts"

export const inline = (text: string): Material.Source => Material.inline(Redacted.make(text))

/** Longer than any test takes. */
const timeout = Duration.seconds(20)

/** Of a client that trusts the servers of the tests. */
export const settingsOf = ({ tls, ...settings }: Partial<Omit<Settings, "tls">> & {
  readonly tls?: Partial<Tls.Settings>
} = {}): Settings => ({
  ...defaults,
  timeout,
  tls: { ...Tls.defaults, ca: inline(authority.certificate), ...tls },
  ...settings
})

/** A client of one server. */
export interface Connection {
  readonly send: ReturnType<typeof below>
}

export const connectTo = Effect.fnUntraced(function*(url: string, ...settings: Parameters<typeof settingsOf>) {
  const client = yield* (yield* Transport).connect(settingsOf(...settings))
  return { send: below(client, url) }
})

/** A push of that many bytes. */
export const push = (bytes = 1000, path = "/push"): Omit<Request, "origin"> => ({
  method: "POST",
  path,
  headers: { "content-type": "application/proto" },
  body: new Uint8Array(bytes)
})

/** That many pushes at once, with a path for each: `/0`, `/1` and so on. */
export const pushAll = (client: Connection, count: number, bytes?: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => push(bytes, `/${index}`)),
    (push) => client.send(push),
    { concurrency: "unbounded" }
  )

/** After an answer over HTTP/1.1, undici leaves its connection alone for a turn of the event loop. */
export const turn = Effect.promise(() => setImmediate())

/** What an endpoint makes of it: the reason, its code and whether the push is tried again; or `undefined`. */
export const verdictOf = <E extends TransportError>(sending: Effect.Effect<Response, E>) =>
  Effect.gen(function*() {
    const reason = PushError.reasonOf(yield* Effect.result(sending), {
      timeout,
      retryRateLimited: true,
      now: yield* Clock.currentTimeMillis
    })
    return reason && {
      reason: reason._tag,
      ...("code" in reason && { code: reason.code }),
      concerns: reason.concerns
    }
  })

export const live = (
  name: string,
  test: () => Effect.Effect<void, TransportError | UnusableSettings, Transport | Scope.Scope>
) => it.live(name, () => Effect.provide(test(), Transport.layer))
