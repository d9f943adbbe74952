/**
 * The network as undici reaches it: straight or through a proxy, with a pool of connections for each server and proxy.
 *
 * All connections share a TLS context. When its files have changed, new connections get another, and those that are
 * there are retired.
 */
import { Context, Effect, FiberSet, type FileSystem, Layer, Redacted, Result, Scope } from "effect"
import type { Connection } from "./Connection.ts"
import * as Connector from "./Connector.ts"
import { Network, type Request, type RoundTripper, type Settings, UnusableSettings } from "./Network.ts"
import { Pool } from "./Pool.ts"
import * as Proxy from "./Proxy.ts"
import { Resolver } from "./Resolver.ts"
import * as Tls from "./Tls.ts"
import * as TlsRefusal from "./TlsRefusal.ts"
import { NoCredential, ProxyRefused } from "./TransportError.ts"

export const layer: Layer.Layer<Network, never, FileSystem.FileSystem | Resolver> = Layer.effect(
  Network,
  Effect.map(Effect.context<FileSystem.FileSystem | Resolver>(), (context) => {
    // Each ends by itself.
    const services = Context.omit(Scope.Scope)(context)
    return Network.of({ open: (settings) => Effect.provideContext(open(settings), services) })
  })
)

const open = Effect.fnUntraced(function*(settings: Settings) {
  const resolve = yield* Resolver
  const { timeout } = settings
  const http2 = settings.http2 && Tls.allowsHttp2(settings.tls)
  const unusable = (detail: string) => new UnusableSettings({ detail })
  const proxyOf = remember(
    yield* Effect.mapError(Effect.fromResult(Proxy.select(settings.proxy, process.env)), unusable)
  )
  const connectHeaders = valuesOf(settings.proxy.connectHeaders)
  const material = yield* Tls.material(settings.tls)
  const first = material.current()
  // Files may still become what they should be.
  if (Result.isFailure(first) && Tls.isFixed(settings.tls)) return yield* unusable(first.failure)
  let tls = Result.getOrUndefined(first)
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const connections = new Set<Connection>()
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(Array.from(connections, (one) => one.destroy()))))

  const pools = new Map<string, Pool>()
  /** Those of them that only redirects have led to. The one that was used last is the last. */
  const visited = new Set<string>()
  const visit = (key: string, isRedirected = false): void => {
    const isVisited = visited.delete(key)
    if (!isRedirected || (pools.has(key) && !isVisited)) return
    visited.add(key)
    if (visited.size <= mostVisited) return
    const [leastUsed] = visited
    visited.delete(leastUsed!)
    pools.get(leastUsed!)?.retire()
    pools.delete(leastUsed!)
  }
  const pool = (
    name: string,
    origin: string,
    isRedirected: boolean | undefined,
    connector: (settings: Connector.Settings) => Connector.Open
  ): Pool => {
    const key = `${name} ${origin}`
    visit(key, isRedirected)
    const known = pools.get(key)
    if (known !== undefined) return known
    // Nothing is sent before there is one.
    const latest = remake(() => tls, (tls) => connector({ resolve, tls: tls!, http2, timeout }))
    const made = new Pool({
      origin,
      http2,
      open: (target) => latest()(target),
      run,
      timeout,
      connections,
      onEmpty: () => {
        if (pools.get(key) !== made) return
        pools.delete(key)
        visited.delete(key)
      }
    })
    pools.set(key, made)
    return made
  }
  const direct = ({ isRedirected, origin }: Request) => pool("direct", origin, isRedirected, Connector.direct)
  const tunnel = (proxy: Proxy.Server, { isRedirected, origin }: Request) =>
    pool(
      `tunnel ${proxy.name}`,
      origin,
      isRedirected,
      (settings) => Connector.tunnel(settings, proxy, connectHeaders)
    )
  const forward = (proxy: Proxy.Server) =>
    pool(`forward`, proxy.name, false, (settings) => Connector.forward(settings, proxy))

  const dispatch: RoundTripper["roundTrip"] = (request) => {
    const proxy = proxyOf(request.origin)
    const again = Effect.suspend(() => dispatch(request))
    if (proxy === undefined) return direct(request).send(request, again)
    if (proxy.protocol === "socks5:" || request.origin.startsWith("https:")) {
      return tunnel(proxy, request).send(request, again)
    }
    return Effect.flatMap(forward(proxy).send(forwarded(proxy, request), again), (response) => {
      const { headers, leave, status } = response
      if (status !== 407) return Effect.succeed(response)
      leave()
      const detail = `proxy ${proxy.name}: answered 407`
      return Effect.fail(new ProxyRefused({ status, retryAfter: headers["retry-after"], detail }))
    })
  }

  const latest = () => Result.getOrUndefined(material.current())
  const roundTrip: RoundTripper["roundTrip"] = (request) =>
    Effect.suspend(() => {
      const next = material.current()
      if (Result.isFailure(next)) return Effect.fail(NoCredential.ofFile(next.failure))
      if (next.success !== tls) {
        tls = next.success
        for (const connection of Array.from(connections)) connection.retire()
      }
      return Effect.flatMap(dispatch(request), (response) => {
        const refusal = TlsRefusal.of(response)
        if (refusal === undefined) return Effect.succeed(response)
        response.leave()
        return Effect.fail(refusal)
      })
    })
  return {
    // A certificate that is refused may have been replaced just now, and another request may have found out before. Not
    // every server says why it closes the connection to a client that it does not trust.
    roundTrip: Tls.isFixed(settings.tls) ? roundTrip : (request) =>
      Effect.suspend(() => {
        const used = latest()
        return Effect.catchIf(
          roundTrip(request),
          (error) => error._tag === "NoConnection" && (error.kind === "tls" || error.kind === "network"),
          (error) => Effect.flatMap(material.refresh, () => latest() === used ? Effect.fail(error) : roundTrip(request))
        )
      }),
    secrets: [...Proxy.secrets(settings.proxy, process.env), ...Object.values(connectHeaders).flat()]
  } satisfies RoundTripper
})

/**
 * Servers that connections are kept for though no configuration names them. Servers that redirect may name any number of
 * others, and each would have a socket that nobody needs any more.
 */
const mostVisited = 16

/** Servers for which it is remembered how they are reached: more than any configuration is known to name. */
const mostOrigins = 16_384

/** Made again for each other input. */
const remake = <A, B>(input: () => A, make: (input: A) => B): () => B => {
  let used = input()
  let made = make(used)
  return () => {
    const latest = input()
    if (latest !== used) {
      used = latest
      made = make(latest)
    }
    return made
  }
}

/** The answers, by origin. */
const remember = (select: Proxy.Selector): (origin: string) => Proxy.Server | undefined => {
  const known = new Map<string, Proxy.Server | undefined>()
  return (origin) => {
    if (known.has(origin)) return known.get(origin)
    if (known.size >= mostOrigins) known.delete(known.keys().next().value!)
    const server = select(new URL(origin))
    known.set(origin, server)
    return server
  }
}

/** A proxy of plain requests is told the whole URL. */
const forwarded = (proxy: Proxy.Server, request: Request): Request => {
  const authorization = Proxy.authorization(proxy)
  return {
    ...request,
    origin: proxy.name,
    path: request.origin + request.path,
    headers: {
      host: new URL(request.origin).host,
      ...request.headers,
      ...(authorization && { "proxy-authorization": authorization })
    }
  }
}

const valuesOf = (headers: Proxy.Settings["connectHeaders"]): Record<string, ReadonlyArray<string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.map(Redacted.value)]))
