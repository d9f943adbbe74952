/**
 * Which way requests go.
 */
import { Schema } from "effect"
import * as Decode from "../../evaluation/Decode.ts"
import * as Proxy from "../../transport/Proxy.ts"
import { isGiven, type Rule, rule } from "../Settings.ts"
import * as Headers from "./Headers.ts"
import * as Url from "./Url.ts"

export const ProxySettings = Schema.Struct({
  proxy_url: Decode.optional(
    Decode.String.check(Schema.makeFilter(Proxy.problem)).annotate(Url.annotations(...Proxy.schemes.keys()))
  ),
  no_proxy: Decode.withDefault(Decode.String, ""),
  proxy_from_environment: Decode.withDefault(Decode.Bool, false),
  proxy_connect_header: Decode.withDefault(Headers.Secret, {})
})
export type ProxySettings = typeof ProxySettings.Type

/** An empty `proxy_url` is no proxy, but there it is. */
export const rules: ReadonlyArray<Rule<ProxySettings>> = [
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

export const settingsOf = (args: ProxySettings): Proxy.Settings => ({
  url: args.proxy_url ?? "",
  noProxy: args.no_proxy,
  fromEnvironment: args.proxy_from_environment,
  connectHeaders: args.proxy_connect_header
})
