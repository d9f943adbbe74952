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

/** How requests are sent. */
export interface ClientOptions {
  /** Sent with each request; an `Authorization` goes before `auth`. Default: none. */
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Who sends them. Default: nobody says. */
  readonly auth?: AuthOptions
  /** What makes a connection trusted. Default: the authorities that Node trusts, no client certificate, TLS 1.2 at least. */
  readonly tls?: TlsOptions
  /** The way to the server. Default: no proxy, whatever the environment says. */
  readonly proxy?: Partial<Proxy.Settings>
  /** Whether a redirect is followed; no credential goes to another host. Default: true. */
  readonly followRedirects?: boolean
  /** Whether HTTP/2 is agreed on over TLS. Default: true. */
  readonly http2?: boolean
}

/**
 * A text, or the file that holds it: `{ file: "/run/secrets/token" }`. Files are looked at every second, and what they hold
 * is used as soon as it has changed.
 */
export type Secret = string | Redacted.Redacted<string> | { readonly file: string } | Material.Source

/** Basic auth, a token, the client credentials of OAuth 2.0, or whatever `Authentication` of `pyroduct/transport` makes. */
export type AuthOptions = BasicOptions | TokenOptions | OAuth2Options | Authentication.Settings

/** A header `Authorization: Basic ...`. */
export interface BasicOptions {
  /** As the server knows it: of Grafana Cloud, the number of the instance. */
  readonly username: string
  /** Default: empty. */
  readonly password?: Secret
}

/** A header `Authorization: <scheme> <token>`. */
export interface TokenOptions {
  /** Without its scheme. */
  readonly token: Secret
  /** Default: `Bearer`. */
  readonly scheme?: string
}

/** Tokens by the client credentials grant of OAuth 2.0, each used for as long as it lasts. */
export interface OAuth2Options {
  /** What the token endpoint calls this client. */
  readonly clientId: string
  /** What only the client and the token endpoint know. */
  readonly clientSecret: Secret
  /** Where tokens are; absolute, http or https. */
  readonly tokenUrl: URL | string
  /** What a token is to be good for. Default: whatever the token endpoint says. */
  readonly scopes?: ReadonlyArray<string>
  /** Sent with each request for a token. Default: none. */
  readonly endpointParams?: Readonly<Record<string, string>>
  /** Of the connection to the token endpoint. Default: as for a server. */
  readonly tls?: TlsOptions
  /** The way to the token endpoint. Default: no proxy. */
  readonly proxy?: Partial<Proxy.Settings>
}

/** What makes a TLS connection trusted, on both sides. Certificates and keys are PEM. */
export interface TlsOptions {
  /** The authorities that may have signed the server's certificate. Default: those that Node trusts. */
  readonly ca?: Secret | undefined
  /** The client's certificate, with any intermediate ones behind it; it needs its `key`. Default: none. */
  readonly certificate?: Secret | undefined
  /** Of the client's certificate. Default: none. */
  readonly key?: Secret | undefined
  /** The name or address in the server's certificate. Default: the host of the URL. */
  readonly serverName?: string
  /** Whether any certificate will do, so that anybody on the way can read what is sent. Default: false. */
  readonly insecureSkipVerify?: boolean
  /** The oldest version that a server may choose. Default: `TLS12`. */
  readonly minVersion?: Tls.Version | undefined
}

/** Settings of a client, but for its timeout. */
export const read = (
  { auth, followRedirects, headers, http2, proxy, tls }: ClientOptions,
  { problem }: Reader
): Omit<Transport.Settings, "timeout"> => ({
  headers: headersOf(headers ?? {}, problem),
  authentication: auth && authenticationOf(auth, problem),
  tls: tlsOf(tls),
  proxy: { ...Proxy.defaults, ...proxy },
  followRedirects: followRedirects ?? Transport.defaults.followRedirects,
  http2: http2 ?? Transport.defaults.http2
})

const tlsOf = (options: TlsOptions = {}): Tls.Settings => ({
  ...Tls.defaults,
  ...options,
  ca: options.ca === undefined ? undefined : sourceOf(options.ca),
  certificate: options.certificate === undefined ? undefined : sourceOf(options.certificate),
  key: options.key === undefined ? undefined : sourceOf(options.key)
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

const authenticationOf = (auth: AuthOptions, problem: Reader["problem"]): Authentication.Settings => {
  if ("_tag" in auth) return auth
  if ("token" in auth) return Authentication.token(sourceOf(auth.token), auth.scheme)
  if ("username" in auth) return Authentication.basic(auth.username, sourceOf(auth.password ?? ""))
  const tokenUrl = String(auth.tokenUrl)
  if (!/^https?:$/.test(URL.parse(tokenUrl)?.protocol ?? "")) problem("auth.tokenUrl", "must be an http or https URL")
  return {
    _tag: "OAuth2",
    clientId: auth.clientId,
    clientSecret: sourceOf(auth.clientSecret),
    tokenUrl,
    scopes: auth.scopes ?? [],
    endpointParams: auth.endpointParams ?? {},
    tls: tlsOf(auth.tls),
    proxy: { ...Proxy.defaults, ...auth.proxy }
  }
}

const sourceOf = (secret: Secret): Material.Source => {
  if (Predicate.isString(secret)) return Material.inline(Redacted.make(secret))
  if (Redacted.isRedacted(secret)) return Material.inline(secret)
  return "_tag" in secret ? secret : Material.file(secret.file)
}
