/**
 * Pushes through proxies: who may use them, where they lead, and what comes of it.
 */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Redacted, type Scope } from "effect"
import { inspect } from "node:util"
import * as PushError from "../../src/delivery/PushError.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import {
  below,
  defaults,
  type Settings,
  Transport,
  type TransportError,
  type UnusableSettings
} from "../../src/transport/Transport.ts"
import * as Certificates from "../support/certificates.ts"
import type { User } from "../support/proxies.ts"

/** A name that only proxies know. */
export const host = "profiles.invalid"

export const authority = await Certificates.authority()
export const unknown = await Certificates.authority()
const ofServer = await Certificates.issue(authority, { names: [host], addresses: ["127.0.0.1"] })
export const serverTls = { cert: ofServer.certificate, key: ofServer.key }
/** A proxy's, under the name `localhost`. */
export const ofProxy = await Certificates.issue(authority, { names: ["localhost"], addresses: [] })

export const trusting = ({ certificate }: Certificates.Authority, serverName = ""): Tls.Settings => ({
  ...Tls.defaults,
  ca: Material.inline(Redacted.make(certificate)),
  serverName
})

export const user: User = { username: "us@er", password: "p@ss: word" }
/** The user in a URL, somebody else, and nobody. */
export const known = "us%40er:p%40ss%3A%20word@"
export const wrong = "us%40er:p%40ssage@"
export const nobody = ""
/** What the user's `proxy-authorization` is. */
export const authorization = `Basic ${Buffer.from("us@er:p@ss: word").toString("base64")}`

export interface Options extends Partial<Omit<Settings, "proxy">> {
  readonly url: string
  readonly proxy: string | Partial<Proxy.Settings>
}

export const request = { method: "POST", path: "/push", headers: {}, body: Uint8Array.of(1, 2, 3) } as const

/** Without other settings the authority of all certificates is trusted, and there is time enough. */
const settingsOf = ({ proxy, ...options }: Omit<Options, "url">): Settings => ({
  ...defaults,
  timeout: Duration.seconds(10),
  tls: trusting(authority),
  ...options,
  proxy: { ...Proxy.defaults, ...typeof proxy === "string" ? { url: proxy } : proxy }
})

export const connect = Effect.fnUntraced(function*({ url, ...options }: Options) {
  const client = yield* (yield* Transport).connect(settingsOf(options))
  return { ...client, send: below(client, url) }
})

export const send = (options: Options) => Effect.flatMap(connect(options), (connection) => connection.send(request))

/** Why a push is not delivered, which nobody is told with a credential. */
export const reasonOf = Effect.fnUntraced(function*(options: Options) {
  const connection = yield* connect(options)
  const result = yield* Effect.result(connection.send(request))
  const reason = PushError.reasonOf(result, { timeout: settingsOf(options).timeout, retryRateLimited: true, now: 0 })
  const shown = inspect([result, reason], { depth: 10 }) + JSON.stringify([result, reason]) + reason?.message
  for (const secret of ["p@ss", "p%40ss", authorization.slice(6)]) assert.notInclude(shown, secret)
  return reason
})

/** Some fields of a reason. */
export interface Expected extends Readonly<Record<string, unknown>> {
  readonly _tag: PushError.Reason["_tag"]
  readonly concerns: PushError.Concern
}

export const has = (reason: PushError.Reason | undefined, expected: Expected, detail?: RegExp): void => {
  const all: Record<string, unknown> = { ...reason, concerns: reason?.concerns }
  assert.deepStrictEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, all[name]])), { ...expected })
  if (detail !== undefined) assert.match(String(all["detail"]), detail)
}

/** The beginning of a text about a proxy. */
export const naming = (scheme: string, host: string, port: number): RegExp =>
  new RegExp(`^proxy ${scheme}://${host.replaceAll(".", "\\.")}:${port}: `)

/** Nothing of what was for a proxy has come through. */
export const isClean = ({ headers }: { readonly headers: object }): boolean =>
  Object.keys(headers).every((name) => !/^(proxy-|x-tunnel)/i.test(name)) &&
  !/p@ss|p%40ss/.test(JSON.stringify(headers))

export const live = (
  name: string,
  test: () => Effect.Effect<void, TransportError | UnusableSettings, Transport | Scope.Scope>
) => it.live(name, () => Effect.provide(test(), Transport.layer))
