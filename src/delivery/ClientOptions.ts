/**
 * How requests are sent, as applications write it: headers, credentials, TLS, the way to the server.
 */
import { Predicate, Redacted } from "effect"
import * as Authentication from "../transport/Authentication.ts"
import * as HeaderValue from "../transport/HeaderValue.ts"
import * as Material from "../transport/Material.ts"
import * as Proxy from "../transport/Proxy.ts"
import * as Tls from "../transport/Tls.ts"
import * as Transport from "../transport/Transport.ts"
import type { Reader } from "./Options.ts"

export interface ClientOptions {
  /** Sent with each request; an `Authorization` goes before `auth`. Default: none. */
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Default: none. */
  readonly auth?: AuthOptions
  /** Default: the authorities that Node trusts, no client certificate, TLS 1.2 at least. */
  readonly tls?: Partial<Tls.Settings>
  /** Default: none, whatever the environment says. */
  readonly proxy?: Partial<Proxy.Settings>
  /** Default: true. */
  readonly followRedirects?: boolean
  /** Whether HTTP/2 is agreed on over TLS. Default: true. */
  readonly http2?: boolean
}

/** A text, or the file that holds it: files are looked at again when they change. */
export type Secret = string | Redacted.Redacted<string> | { readonly file: string }

/** Basic auth, a token, or any `Authentication.Settings`, such as OAuth 2.0. */
export type AuthOptions =
  | { readonly username: string; readonly password?: Secret }
  | { readonly token: Secret; /** Default: Bearer. */ readonly scheme?: string }
  | Authentication.Settings

/** Settings of a client, but for its timeout. */
export const read = (
  { auth, followRedirects, headers, http2, proxy, tls }: ClientOptions,
  { problem }: Reader
): Omit<Transport.Settings, "timeout"> => ({
  headers: headersOf(headers ?? {}, problem),
  authentication: auth && authenticationOf(auth),
  tls: { ...Tls.defaults, ...tls },
  proxy: { ...Proxy.defaults, ...proxy },
  followRedirects: followRedirects ?? Transport.defaults.followRedirects,
  http2: http2 ?? Transport.defaults.http2
})

const headersOf = (
  headers: NonNullable<ClientOptions["headers"]>,
  problem: Reader["problem"]
): Record<string, string | ReadonlyArray<string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) problem("headers", "hold a name that no header can have")
      else if (![value].flat().every(HeaderValue.isValid)) {
        problem(`headers.${name}`, "holds what a header cannot carry")
      }
      return [name.toLowerCase(), value]
    })
  )

const authenticationOf = (auth: AuthOptions): Authentication.Settings => {
  if ("_tag" in auth) return auth
  return "token" in auth
    ? Authentication.token(sourceOf(auth.token), auth.scheme)
    : Authentication.basic(auth.username, sourceOf(auth.password ?? ""))
}

const sourceOf = (secret: Secret): Material.Source => {
  if (Predicate.isString(secret)) return Material.inline(Redacted.make(secret))
  return Redacted.isRedacted(secret) ? Material.inline(secret) : Material.file(secret.file)
}
