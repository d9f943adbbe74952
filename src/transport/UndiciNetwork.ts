/**
 * The network as undici reaches it: straight or through a proxy, with connections that are kept for the next requests.
 *
 * All connections of one `Making` share a TLS context. When its files have changed, or when a connection has shown that
 * it may never answer again, another making takes over, and the former one ends with the last request that is under way
 * on it.
 */
import { Agent } from "@effect/platform-node/Undici"
import { Effect, FiberSet, FileSystem, Layer, Redacted, Result } from "effect"
import * as Connector from "./Connector.ts"
import * as Exchange from "./Exchange.ts"
import { type Link, Network, type Request, type Response, type Settings, UnusableSettings } from "./Network.ts"
import * as Proxy from "./Proxy.ts"
import * as Tls from "./Tls.ts"
import { ProxyRefused, type TransportError } from "./TransportError.ts"

export const layer: Layer.Layer<Network, never, FileSystem.FileSystem> = Layer.effect(
  Network,
  Effect.map(
    FileSystem.FileSystem,
    (fs) => Network.of({ link: (settings) => Effect.provideService(link(settings), FileSystem.FileSystem, fs) })
  )
)

const link = Effect.fnUntraced(function*(settings: Settings) {
  const unusable = (detail: string) => new UnusableSettings({ detail })
  const proxyOf = remember(
    yield* Effect.mapError(Effect.fromResult(Proxy.select(settings.proxy, process.env)), unusable)
  )
  const tls = yield* Tls.material(settings.tls)
  let options = yield* Effect.mapError(Effect.fromResult(tls.current()), unusable)
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const makings = new Set<Making>()
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all([...makings].map((making) => making.destroy()))))
  const begin = (): Making => {
    const making: Making = make(settings, options, proxyOf, run, {
      distrust: () => {
        if (making === current) renew()
      },
      // Another making may be there by now.
      resend: (request) => current.send(request)
    })
    makings.add(making)
    return making
  }
  let current = begin()
  const renew = (): void => {
    const former = current
    current = begin()
    former.whenUnused(() => void former.destroy().then(() => makings.delete(former)))
  }

  const latest = (): Tls.ConnectionOptions => Result.getOrElse(tls.current(), () => options)
  const send: Link["send"] = (request) =>
    Effect.suspend(() => {
      const next = latest()
      if (next !== options) {
        options = next
        renew()
      }
      return current.send(request)
    })
  return {
    // A certificate that is refused may have been replaced just now, and another request may have found out before. Not
    // every server says why it closes the connection to a client that it does not trust.
    send: Tls.isFixed(settings.tls) ? send : (request) =>
      Effect.suspend(() => {
        const used = latest()
        return Effect.catchIf(
          send(request),
          (error) => error._tag === "NoConnection" && (error.kind === "tls" || error.kind === "network"),
          (error) => Effect.flatMap(tls.refresh, () => latest() === used ? Effect.fail(error) : send(request))
        )
      }),
    secrets: [
      ...Proxy.secrets(settings.proxy, process.env),
      ...Object.values(valuesOf(settings.proxy.connectHeaders)).flat()
    ]
  } satisfies Link
})

/** The answers, by origin. There is one origin as a rule; servers that redirect may name any number of others. */
const remember = (select: Proxy.Selector): (origin: string) => Proxy.Server | undefined => {
  const known = new Map<string, Proxy.Server | undefined>()
  return (origin) => {
    if (known.has(origin)) return known.get(origin)
    if (known.size >= 16) known.clear()
    const server = select(new URL(origin))
    known.set(origin, server)
    return server
  }
}

interface Making {
  readonly send: (request: Request) => Effect.Effect<Response, TransportError>
  /** Calls this when nothing is under way on it, be it at once. */
  readonly whenUnused: (unused: () => void) => void
  readonly destroy: () => Promise<void>
}

const make = (
  settings: Settings,
  tls: Tls.ConnectionOptions,
  proxyOf: (origin: string) => Proxy.Server | undefined,
  run: (effect: Effect.Effect<void>) => unknown,
  on: {
    readonly distrust: () => void
    readonly resend: (request: Request) => Effect.Effect<Response, TransportError>
  }
): Making => {
  const { http2, timeout } = settings
  const connecting: Connector.Settings = { tls, http2, timeout }
  const destinations = new Map<string, Exchange.Destination>()
  let opened = 0
  let isMultiplexed = false
  let underWay = 0
  let onUnused: (() => void) | undefined

  const destination = (name: string, open: () => Connector.Open): Exchange.Destination => {
    const known = destinations.get(name)
    if (known !== undefined) return known
    const destination: Exchange.Destination = {
      dispatcher: agentOf(open(), http2, run, (protocol) => {
        opened += 1
        isMultiplexed ||= protocol === "h2"
      }),
      opened: () => opened,
      timeout,
      isMultiplexed: () => isMultiplexed,
      enter: () => {
        underWay += 1
      },
      leave: () => {
        underWay -= 1
        if (underWay === 0) onUnused?.()
      },
      distrust: on.distrust
    }
    destinations.set(name, destination)
    return destination
  }
  const direct = destination("", () => Connector.direct(connecting))
  const throughTunnel = (proxy: Proxy.Server): Exchange.Destination =>
    destination(
      `tunnel ${proxy.name}`,
      () => Connector.tunnel(connecting, proxy, valuesOf(settings.proxy.connectHeaders))
    )

  const forward = (proxy: Proxy.Server, request: Request) =>
    Effect.filterOrFail(
      Exchange.send(
        destination(`forward ${proxy.name}`, () => Connector.forward(connecting, proxy)),
        forwarded(proxy, request),
        () => on.resend(request)
      ),
      ({ status }) => status !== 407,
      ({ headers }) =>
        new ProxyRefused({
          status: 407,
          retryAfter: headers["retry-after"],
          detail: `proxy ${proxy.name}: answered 407`
        })
    )

  return {
    send: (request) => {
      const proxy = proxyOf(request.origin)
      if (proxy !== undefined && proxy.protocol !== "socks5:" && request.origin.startsWith("http:")) {
        return forward(proxy, request)
      }
      const destination = proxy === undefined ? direct : throughTunnel(proxy)
      return Exchange.send(destination, request, () => on.resend(request))
    },
    whenUnused: (unused) => {
      if (underWay === 0) unused()
      else onUnused = unused
    },
    destroy: async () => {
      await Promise.all([...destinations.values()].map(({ dispatcher }) => dispatcher.destroy()))
    }
  }
}

/** Proxies and servers close a connection that has been idle for a minute: better be the first. */
const idle = 55_000

const agentOf = (
  open: Connector.Open,
  allowH2: boolean,
  run: (effect: Effect.Effect<void>) => unknown,
  onOpen: (protocol: unknown) => void
): Agent =>
  new Agent({
    allowH2,
    connect: (target, callback) => {
      run(Effect.match(open(target), {
        onFailure: (reason) => callback(new Connector.Failure(reason), null),
        onSuccess: (socket) => {
          onOpen("alpnProtocol" in socket ? socket.alpnProtocol : undefined)
          callback(null, socket)
        }
      }))
    },
    // An exchange has a timeout of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: idle,
    keepAliveMaxTimeout: idle
  })

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
