/**
 * What components that send HTTP requests have in common: how to authenticate, what to trust, and which way to go.
 *
 * A component takes the arguments as its own, with `...HttpClient.Arguments.fields` and the check `HttpClient.rules`, or
 * as a block. Texts and names of files that are empty count as not given: they may come from a variable that is not set.
 * No problem's text repeats a secret.
 */
import { Redacted, Result, Schema } from "effect"
import * as Endpoint from "../delivery/Endpoint.ts"
import * as Block from "../engine/Block.ts"
import * as Decode from "../evaluation/Decode.ts"
import type { Value } from "../evaluation/Value.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as Authentication from "../transport/Authentication.ts"
import * as HeaderValue from "../transport/HeaderValue.ts"
import * as Material from "../transport/Material.ts"
import * as Proxy from "../transport/Proxy.ts"
import * as Tls from "../transport/Tls.ts"
import type * as Transport from "../transport/Transport.ts"
import * as UserInfo from "../transport/UserInfo.ts"
import { both, checks, File, isGiven, type Rule, rule, Secret, sourceOf, Text } from "./Settings.ts"

// ---- values ----

const urlProblem = (text: string): string | undefined => {
  const url = URL.parse(text)
  // What stands before a colon is not a scheme for that.
  if (url === null || !/^[^:]+:\/\//.test(text)) return "must be an absolute URL such as \"https://profiles.example\""
  const { protocol } = url
  if (protocol !== "http:" && protocol !== "https:") return `unsupported protocol scheme "${protocol.slice(0, -1)}"`
  return Result.match(UserInfo.parse(url), { onFailure: (problem) => problem, onSuccess: () => undefined })
}

/** Where requests can be sent, each to a path below it and with a query of its own. */
export const Url = Decode.String.check(Schema.makeFilter((text) => urlProblem(text) ?? Endpoint.problem(new URL(text))))
  .annotate({ [Decode.exposure]: Exposure.url })

const canonical = (name: string): string =>
  name.toLowerCase().replace(/(^|-)[a-z]/g, (initial) => initial.toUpperCase())

const forbidden = (name: string): string => `setting header "${canonical(name)}" is not allowed`

/** It may hold a whole line, with the value. */
const notAName = "the name of a header has no blanks and no colons, only letters, digits and !#$%&'*+.^`|~-_"

const uncarried = (name: string): string => `the value of ${name} holds what a header cannot carry`

/** What is between the two ends of a connection: with it no request would get through. */
const connectionHeaders: ReadonlySet<string> = new Set(["connection", "expect", "keep-alive", "te", "upgrade"])

/** What Go's client takes from the request itself, whatever a configuration says. */
const ownHeaders: ReadonlySet<string> = new Set(["content-length", "host", "trailer", "transfer-encoding"])

const headers = <Item extends Schema.Codec<unknown, Value>>(
  item: Item,
  textsOf: (value: Item["Type"]) => ReadonlyArray<string>
) =>
  Decode.map(item).check(
    Schema.makeFilter((fields) =>
      Object.entries(fields).flatMap(([name, value]) =>
        [
          /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? undefined : notAName,
          connectionHeaders.has(name.toLowerCase()) ? forbidden(name) : undefined,
          textsOf(value).every(HeaderValue.isValid) ? undefined : uncarried(name)
        ].flatMap((issue) => issue === undefined ? [] : [{ path: [name], issue }])
      )
    )
  )

/** Headers with one value each, any of which may be a secret. */
export const Headers = headers(Decode.String, (value) => [value]).annotate({ [Decode.exposure]: Exposure.short })

const SecretHeaders = headers(Decode.list(Decode.Secret), (values) => values.map(Redacted.value))

// ---- authentication ----

const BasicAuth = Schema.Struct({ username: Text, password: Secret, password_file: File }).check(
  checks(
    both("password", "password_file", "at most one of basic_auth password & password_file must be configured")
  )
)

const AuthorizationSettings = Schema.Struct({ type: Text, credentials: Secret, credentials_file: File })

const Authorization = AuthorizationSettings.check(
  checks<typeof AuthorizationSettings.Type>(
    both(
      "credentials",
      "credentials_file",
      "at most one of authorization credentials & credentials_file must be configured"
    ),
    rule(
      ["type"],
      "authorization type cannot be set to \"basic\", use \"basic_auth\" block instead",
      ({ type }) => type.trim().toLowerCase() === "basic"
    ),
    rule(["type"], uncarried("type"), ({ type }) => !HeaderValue.isValid(type.trim())),
    rule(
      ["credentials"],
      uncarried("credentials"),
      ({ credentials }) => !HeaderValue.isValid(Redacted.value(credentials))
    )
  )
)

// ---- TLS ----

const versions: ReadonlyArray<string> = ["TLS10", "TLS11", "TLS12", "TLS13"] satisfies ReadonlyArray<Tls.Version>

const isVersion = (text: string): text is Tls.Version | "" => text === "" || versions.includes(text)

const MinVersion = Decode.String.check(
  Schema.makeFilter((text: string) =>
    isVersion(text) ? undefined : `unknown TLS version, use one of ${versions.join(", ")}`
  ).abort()
).pipe(Schema.refine(isVersion))

const TlsSettings = Schema.Struct({
  ca_pem: Text,
  ca_file: File,
  cert_pem: Text,
  cert_file: File,
  key_pem: Secret,
  key_file: File,
  server_name: Text,
  insecure_skip_verify: Decode.withDefault(Decode.Bool, false),
  min_version: Decode.withDefault(MinVersion, "")
})

const tlsOf = (args: typeof TlsSettings.Type): Tls.Settings => ({
  ca: sourceOf(Redacted.make(args.ca_pem), args.ca_file),
  certificate: sourceOf(Redacted.make(args.cert_pem), args.cert_file),
  key: sourceOf(args.key_pem, args.key_file),
  serverName: args.server_name,
  insecureSkipVerify: args.insecure_skip_verify,
  minVersion: args.min_version === "" ? undefined : args.min_version
})

type TlsArguments = typeof TlsSettings.Type

const hasCertificate = (args: TlsArguments): boolean => isGiven(args.cert_pem) || isGiven(args.cert_file)
const hasKey = (args: TlsArguments): boolean => isGiven(args.key_pem) || isGiven(args.key_file)

const lacksKey = "exactly one of key_pem or key_file must be configured when a client certificate is configured"
const lacksCertificate = "exactly one of cert_pem or cert_file must be configured when a client key is configured"

const tlsRules = [
  both("ca_pem", "ca_file", "at most one of ca_pem and ca_file must be configured"),
  both("cert_pem", "cert_file", "at most one of cert_pem and cert_file must be configured"),
  both("key_pem", "key_file", "at most one of key_pem and key_file must be configured"),
  rule<TlsArguments>(["cert_file"], lacksKey, (args) => isGiven(args.cert_file) && !hasKey(args)),
  rule<TlsArguments>(
    ["cert_pem"],
    lacksKey,
    (args) => isGiven(args.cert_pem) && !isGiven(args.cert_file) && !hasKey(args)
  ),
  rule<TlsArguments>(["key_file"], lacksCertificate, (args) => isGiven(args.key_file) && !hasCertificate(args)),
  rule<TlsArguments>(
    ["key_pem"],
    lacksCertificate,
    (args) => isGiven(args.key_pem) && !isGiven(args.key_file) && !hasCertificate(args)
  )
] as const

const TlsConfig = TlsSettings.check(
  checks<TlsArguments>(...tlsRules),
  Schema.makeFilter((args: TlsArguments) =>
    // No clock is within reach of a check, and what has expired today will not do under any other.
    tlsRules.some(({ isBroken }) => isBroken(args)) ? undefined : Tls.problem(tlsOf(args), Date.now())
  )
)

// ---- proxies ----

const ProxySettings = Schema.Struct({
  proxy_url: Decode.optional(
    Decode.String.check(Schema.makeFilter(Proxy.problem)).annotate({ [Decode.exposure]: Exposure.url })
  ),
  no_proxy: Text,
  proxy_from_environment: Decode.withDefault(Decode.Bool, false),
  proxy_connect_header: Decode.withDefault(SecretHeaders, {})
})
type ProxySettings = typeof ProxySettings.Type

/** An empty `proxy_url` is no proxy, but there it is. */
const proxyRules: ReadonlyArray<Rule<ProxySettings>> = [
  rule(
    ["proxy_connect_header"],
    "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
    (args) =>
      Object.keys(args.proxy_connect_header).length > 0 && !isGiven(args.proxy_url ?? "") &&
      !args.proxy_from_environment
  ),
  rule(
    ["proxy_url"],
    "if proxy_from_environment is configured, proxy_url must not be configured",
    (args) => args.proxy_from_environment && isGiven(args.proxy_url ?? "")
  ),
  rule(
    ["no_proxy"],
    "if proxy_from_environment is configured, no_proxy must not be configured",
    (args) => args.proxy_from_environment && isGiven(args.no_proxy)
  ),
  rule(
    ["no_proxy"],
    "if no_proxy is configured, proxy_url must also be configured",
    (args) => isGiven(args.no_proxy) && !args.proxy_from_environment && args.proxy_url === undefined
  )
]

const proxyOf = (args: ProxySettings): Proxy.Settings => ({
  url: args.proxy_url ?? "",
  noProxy: args.no_proxy,
  fromEnvironment: args.proxy_from_environment,
  connectHeaders: args.proxy_connect_header
})

// ---- OAuth 2.0 ----

const OAuth2 = Schema.Struct({
  client_id: Text,
  client_secret: Secret,
  client_secret_file: File,
  scopes: Decode.withDefault(Decode.list(Decode.String), []),
  token_url: Decode.withDefault(
    Decode.String.check(Schema.makeFilter((text) => isGiven(text) ? urlProblem(text) : undefined)).annotate({
      [Decode.exposure]: Exposure.url
    }),
    ""
  ),
  /** An assertion, perhaps. */
  endpoint_params: Decode.withDefault(
    Decode.map(Decode.String).annotate({ [Decode.exposure]: Exposure.short }),
    {}
  ),
  ...ProxySettings.fields,
  tls_config: Block.optional(TlsConfig)
}).check(
  checks(
    rule([], "oauth2 client_id must be configured", (args) => !isGiven(args.client_id)),
    rule(
      [],
      "either oauth2 client_secret or client_secret_file must be configured",
      (args) => !isGiven(args.client_secret) && !isGiven(args.client_secret_file)
    ),
    rule([], "oauth2 token_url must be configured", (args) => !isGiven(args.token_url)),
    both(
      "client_secret",
      "client_secret_file",
      "at most one of oauth2 client_secret & client_secret_file must be configured"
    ),
    ...proxyRules
  )
)

// ---- all of it ----

/** Headers that are none of the user's business, most of which would break the exchange. */
const reserved = new Set([
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "user-agent",
  "www-authenticate",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-prometheus-remote-read-version",
  "x-prometheus-remote-write-version",
  "x-prometheus-scrape-timeout-seconds"
])

const Client = Schema.Struct({
  bearer_token: Secret,
  bearer_token_file: File,
  basic_auth: Block.optional(BasicAuth),
  authorization: Block.optional(Authorization),
  oauth2: Block.optional(OAuth2),
  tls_config: Block.optional(TlsConfig),
  follow_redirects: Decode.withDefault(Decode.Bool, true),
  enable_http2: Decode.withDefault(Decode.Bool, true),
  ...ProxySettings.fields,
  http_headers: Decode.withDefault(SecretHeaders, {})
})
export type Arguments = typeof Client.Type

/** The ways to authenticate that are there. A block counts by being there, an attribute by being given. */
const waysIn = (args: Arguments): ReadonlyArray<string> => [
  ...(["basic_auth", "authorization", "oauth2"] as const).filter((block) => args[block] !== undefined),
  // Of one without a value nobody knows, and the others are enough to tell.
  ...(["bearer_token", "bearer_token_file"] as const).filter((name) => name in args && isGiven(args[name]))
]

/** What must be true of the arguments together. */
export const rules = Schema.makeFilterGroup([
  Schema.makeFilter((args: Arguments) => {
    const ways = waysIn(args)
    return ways.length < 2 ? undefined : {
      path: ways.slice(-1),
      issue: "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
    }
  }),
  Schema.makeFilter(({ http_headers }: Arguments) =>
    Object.keys(http_headers)
      .filter((name) => reserved.has(name.toLowerCase()))
      .map((name) => ({ path: ["http_headers", name], issue: forbidden(name) }))
  ),
  checks<Arguments>(
    rule(
      ["bearer_token"],
      uncarried("bearer_token"),
      ({ bearer_token }) => !HeaderValue.isValid(Redacted.value(bearer_token))
    ),
    ...proxyRules
  )
])

/** The check of a component whose URL may have user info in it, which would be ignored beside another credential. */
export const userInfoRule = Schema.makeFilter((args: Arguments & { readonly url: string }) => {
  const [way] = waysIn(args)
  if (way === undefined || !hasUserInfo(args.url)) return undefined
  return { path: ["url"], issue: `the user info of the URL would be ignored beside ${way}: configure one of them` }
})

const hasUserInfo = (text: string): boolean => {
  const { password, username } = new URL(text)
  return username !== "" || password !== ""
}

export const Arguments = Client.check(rules)

/** What the arguments mean to the transport. `headers` are the component's own, one value each. */
export const settingsOf = (
  args: Arguments,
  headers: Readonly<Record<string, string>> = {}
): Omit<Transport.Settings, "timeout"> => ({
  authentication: authenticationOf(args),
  tls: args.tls_config === undefined ? Tls.defaults : tlsOf(args.tls_config),
  proxy: proxyOf(args),
  headers: merge(headers, args.http_headers),
  followRedirects: args.follow_redirects,
  http2: args.enable_http2
})

/** `http_headers` are sent besides others of the same name. */
const merge = (
  headers: Readonly<Record<string, string>>,
  added: Arguments["http_headers"]
): Record<string, ReadonlyArray<string>> => {
  const merged = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]))
  for (const [name, values] of Object.entries(added)) {
    const key = name.toLowerCase()
    merged.set(key, [...merged.get(key) ?? [], ...values.map(Redacted.value)])
  }
  for (const name of ownHeaders) merged.delete(name)
  return Object.fromEntries(merged)
}

const authenticationOf = (args: Arguments): Authentication.Settings | undefined => {
  const { authorization, basic_auth, oauth2 } = args
  if (basic_auth !== undefined) {
    const password = sourceOf(basic_auth.password, basic_auth.password_file) ?? nothing
    return Authentication.basic(basic_auth.username, password)
  }
  if (authorization !== undefined) {
    const token = sourceOf(authorization.credentials, authorization.credentials_file) ?? nothing
    return Authentication.token(token, authorization.type.trim() || undefined)
  }
  if (oauth2 !== undefined) {
    return {
      _tag: "OAuth2",
      clientId: oauth2.client_id,
      clientSecret: sourceOf(oauth2.client_secret, oauth2.client_secret_file) ?? nothing,
      tokenUrl: oauth2.token_url,
      scopes: oauth2.scopes,
      endpointParams: oauth2.endpoint_params,
      tls: oauth2.tls_config === undefined ? Tls.defaults : tlsOf(oauth2.tls_config),
      proxy: proxyOf(oauth2)
    }
  }
  const token = sourceOf(args.bearer_token, args.bearer_token_file)
  return token && Authentication.token(token)
}

const nothing = Material.inline(Redacted.make(""))
