/**
 * Which proxy a request goes through, if any.
 */
import { Redacted, Result } from "effect"
import { Base64 } from "effect/encoding"
import * as NoProxy from "./NoProxy.ts"
import * as UserInfo from "./UserInfo.ts"

/** The way to servers. */
export interface Settings {
  /** `http`, `https`, `socks5` or `socks5h`, with credentials if there are any; "" for none. */
  readonly url: string
  /** Hosts to reach directly, as in the environment variable `NO_PROXY`. */
  readonly noProxy: string
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` instead of the two. */
  readonly fromEnvironment: boolean
  /** Sent with CONNECT only. */
  readonly connectHeaders: Readonly<Record<string, ReadonlyArray<Redacted.Redacted<string>>>>
}

/** No proxy, whatever the environment says. */
export const defaults: Settings = { url: "", noProxy: "", fromEnvironment: false, connectHeaders: {} }

/** @internal */
export interface Server {
  /** `socks5:` is for `socks5h` too: the proxy looks names up. */
  readonly protocol: "http:" | "https:" | "socks5:"
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
  /** For texts: `http://proxy.example:3128`. */
  readonly name: string
  /** Unescaped. */
  readonly credentials: UserInfo.UserInfo | undefined
}

/**
 * The proxy on the way to an `http:` or `https:` URL.
 *
 * @internal
 */
export type Selector = (url: URL) => Server | undefined

/** @internal */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What is wrong with the URL of a proxy.
 *
 * @internal
 */
export const problem = (url: string): string | undefined =>
  url === "" ? undefined : Result.getOrUndefined(Result.flip(parse(url)))

/**
 * A proxy URL alone is for every host, this one included; with `noProxy` or from the environment, `NoProxy` has its say.
 *
 * Fails with a text if a proxy is unusable.
 *
 * @internal
 */
export const select = (settings: Settings, env: Environment): Result.Result<Selector, string> =>
  Result.gen(function*() {
    if (settings.fromEnvironment) {
      const http = yield* fromVariable(env, "HTTP_PROXY")
      const https = yield* fromVariable(env, "HTTPS_PROXY")
      return except(lookup(env, "NO_PROXY")?.value ?? "", (url) => url.protocol === "https:" ? https : http)
    }
    if (settings.url === "") return () => undefined
    const server = yield* Result.mapError(parse(settings.url), (detail) => `proxy URL: ${detail}`)
    return settings.noProxy === "" ? () => server : except(settings.noProxy, () => server)
  })

/**
 * The value of `proxy-authorization`, if the proxy is an HTTP one and has credentials.
 *
 * @internal
 */
export const authorization = ({ credentials, protocol }: Server): string | undefined =>
  credentials === undefined || protocol === "socks5:"
    ? undefined
    : `Basic ${Base64.encode(`${credentials.username}:${Redacted.value(credentials.password)}`)}`

/**
 * What no text may show of the proxies that `select` knows.
 *
 * @internal
 */
export const secrets = (settings: Settings, env: Environment): ReadonlyArray<string> => {
  const urls = settings.fromEnvironment
    ? ["HTTP_PROXY", "HTTPS_PROXY"].flatMap((name) => Result.getOrElse(fromVariable(env, name), () => []) ?? [])
    : Result.match(parse(settings.url), { onFailure: () => [], onSuccess: (server) => [server] })
  return urls.flatMap(({ credentials }) => {
    if (credentials === undefined) return []
    const password = Redacted.value(credentials.password)
    return [password, `${credentials.username}:${password}`]
  })
}

/**
 * Of the URL of a proxy.
 *
 * @internal
 */
export const schemes: ReadonlyMap<string, Pick<Server, "protocol" | "port">> = new Map([
  ["http", { protocol: "http:", port: 80 }],
  ["https", { protocol: "https:", port: 443 }],
  ["socks5", { protocol: "socks5:", port: 1080 }],
  ["socks5h", { protocol: "socks5:", port: 1080 }]
])

const noUrl = Result.fail("must be a URL such as \"http://proxy.example:3128\"")

const parse = (text: string): Result.Result<Server, string> =>
  Result.gen(function*() {
    // `URL` would find a host in "http:proxy" and in "http:///proxy".
    const [, scheme] = /^([a-z][a-z\d+.-]*):\/\/[^/\\]/i.exec(text) ?? []
    if (scheme === undefined) return yield* noUrl
    const known = schemes.get(scheme.toLowerCase())
    if (known === undefined) return yield* Result.fail(`unsupported proxy scheme "${scheme}"`)
    const url = URL.parse(text)
    if (url === null || url.hostname === "") return yield* noUrl
    const credentials = yield* UserInfo.parse(url)
    const port = url.port === "" ? known.port : Number(url.port)
    return {
      protocol: known.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      name: `${known.protocol}//${url.hostname}:${port}`,
      credentials
    }
  })

const except = (text: string, select: Selector): Selector => {
  const noProxy = NoProxy.parse(text)
  return (url) => NoProxy.matches(noProxy, url) ? undefined : select(url)
}

/** The first of the two spellings that is not empty. */
const lookup = (env: Environment, name: string): { readonly name: string; readonly value: string } | undefined =>
  [name, name.toLowerCase()].flatMap((name) => env[name] ? [{ name, value: env[name] }] : [])[0]

/** A value without a scheme is the address of an HTTP proxy. */
const fromVariable = (env: Environment, name: string): Result.Result<Server | undefined, string> => {
  const variable = lookup(env, name)
  if (variable === undefined) return Result.succeed(undefined)
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(variable.value) ? variable.value : `http://${variable.value}`
  return Result.mapError(parse(url), (detail) => `${variable.name}: ${detail}`)
}
