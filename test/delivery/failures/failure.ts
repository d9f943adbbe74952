/**
 * What can happen to a push, brought about with real servers and proxies.
 */
import { Effect, type Scope } from "effect"
import type { Socket } from "node:net"
import type { TlsOptions } from "node:tls"
import type * as Write from "../../../src/components/pyroscope/Write.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import * as Profile from "../../../src/profile/Profile.ts"
import { freePort } from "../../support/ports.ts"
import { makeBrokenProxy, makeSocksProxy } from "../../support/proxies.ts"
import { makeWebServer, type Respond } from "../../support/webServer.ts"

/** Of an `endpoint` block. */
export type Settings = NonNullable<Write.Options["endpoint"]>[number]

export interface Failure {
  /** The first column of the table in docs/errors.md. */
  readonly row: string
  /** Which of the things in the row. */
  readonly what: string
  readonly endpoint: Effect.Effect<Settings, never, Scope.Scope>
  /** Some fields of the reason. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly message?: RegExp
  /** What is pushed, where it matters. */
  readonly profile?: Profile.Profile
  /** Whether the reason says for how long to leave the endpoint alone. */
  readonly isPaused?: boolean
  /** Where they are not one for what is about the endpoint and none for what is about the profile. */
  readonly retries?: number
}

/** All in a row of the table. */
export const row = (
  row: string,
  failures: Readonly<
    Record<
      string,
      readonly [
        endpoint: Failure["endpoint"],
        fields: Failure["fields"],
        rest?: RegExp | Pick<Failure, "isPaused" | "message" | "profile" | "retries">
      ]
    >
  >
): ReadonlyArray<Failure> =>
  Object.entries(failures).map(([what, [endpoint, fields, rest]]) =>
    Object.assign({ row, what, endpoint, fields }, rest instanceof RegExp ? { message: rest } : rest)
  )

export const profile: Profile.Profile = Profile.series(
  Labels.make({ __name__: "process_cpu", service_name: "shop" }),
  [{ id: "", profile: Uint8Array.of(1, 2, 3) }]
)

/** A server that is never asked. */
export const unreached = { url: "http://profiles.invalid:4040" }
export const unreachedOverTls = { url: "https://profiles.invalid" }

/** An address where nobody listens. */
export const nowhere = Effect.map(Effect.promise(freePort), (port) => `127.0.0.1:${port}`)

export const server = (
  respond: Respond,
  settings: Partial<Settings> = {},
  tls?: TlsOptions
): Effect.Effect<Settings, never, Scope.Scope> =>
  Effect.map(makeWebServer(respond, tls), ({ url }) => ({ ...settings, url }))

export const brokenProxy = (
  react: (socket: Socket) => void,
  settings: Settings = unreachedOverTls
): Effect.Effect<Settings, never, Scope.Scope> =>
  Effect.map(makeBrokenProxy(react), (port) => ({ ...settings, proxy_url: `http://127.0.0.1:${port}` }))

export const socksProxy = (
  options: Parameters<typeof makeSocksProxy>[0]
): Effect.Effect<Settings, never, Scope.Scope> =>
  Effect.map(makeSocksProxy(options), ({ port }) => ({ ...unreached, proxy_url: `socks5://localhost:${port}` }))
