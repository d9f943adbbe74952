/**
 * How requests reach servers: what `Forward.layerNoDeps` and `Scrape.layerNoDeps` need.
 *
 * `Transport.Transport.layerHttpClient` sends over an application's own `HttpClient`, or over a fake. The others are what
 * settings of a client are made of, where the options of `Forward` and `Scrape` do not say enough.
 */
export * as Identity from "./delivery/Identity.ts"
export * as Authentication from "./transport/Authentication.ts"
export * as Budget from "./transport/Budget.ts"
export * as Material from "./transport/Material.ts"
export * as Proxy from "./transport/Proxy.ts"
export * as Tls from "./transport/Tls.ts"
export * as Transport from "./transport/Transport.ts"
export * as TransportError from "./transport/TransportError.ts"
