/**
 * What components that send HTTP requests have in common: how to authenticate, what to trust, and which way to go.
 *
 * A component takes the arguments as its own, with `...HttpClient.Arguments.fields` and the check `HttpClient.rules`, or
 * as a block. Texts and names of files that are empty count as not given: they may come from a variable that is not set.
 * No problem's text repeats a secret.
 */
import { Schema } from "effect"
import * as Block from "../engine/Block.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Tls from "../transport/Tls.ts"
import type * as Transport from "../transport/Transport.ts"
import * as Authentication from "./httpClient/Authentication.ts"
import * as Headers from "./httpClient/Headers.ts"
import * as Proxy from "./httpClient/ProxySettings.ts"
import * as TlsConfig from "./httpClient/TlsConfig.ts"
import { checks, isGiven } from "./Settings.ts"

export { Single as Headers } from "./httpClient/Headers.ts"
export { Base as Url, Whole as WholeUrl } from "./httpClient/Url.ts"

const Client = Schema.Struct({
  ...Authentication.fields,
  tls_config: Block.optional(TlsConfig.TlsConfig),
  follow_redirects: Decode.withDefault(Decode.Bool, true),
  enable_http2: Decode.withDefault(Decode.Bool, true),
  ...Proxy.ProxySettings.fields,
  http_headers: Decode.withDefault(Headers.Secret, {})
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
      .filter((name) => Headers.reserved.has(name.toLowerCase()))
      .map((name) => ({ path: ["http_headers", name], issue: Headers.forbidden(name) }))
  ),
  checks<Arguments>(Headers.carried("bearer_token"), ...Proxy.rules)
])

/** User info in a URL would be ignored beside another credential. */
export const userInfoProblem = (url: string, args: Arguments) => {
  const [way] = waysIn(args)
  if (way === undefined || !hasUserInfo(url)) return undefined
  return { path: ["url"], issue: `the user info of the URL would be ignored beside ${way}: configure one of them` }
}

/** The check of a component that has a URL among these arguments. */
export const userInfoRule = Schema.makeFilter((args: Arguments & { readonly url: string }) =>
  userInfoProblem(args.url, args)
)

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
  authentication: Authentication.settingsOf(args),
  tls: args.tls_config === undefined ? Tls.defaults : TlsConfig.settingsOf(args.tls_config),
  proxy: Proxy.settingsOf(args),
  headers: Headers.merge(headers, args.http_headers),
  followRedirects: args.follow_redirects,
  http2: args.enable_http2
})
