/**
 * How requests reach servers: clients behind an interface small enough to fake.
 *
 * A client belongs to its settings, not to whoever asks for it, nor to a server: asked for again, with equal settings,
 * while it is in use or shortly after, it is the same one, with the connections and the token that it has.
 */
import { Context, Effect, type FileSystem, Layer, RcMap, Scope } from "effect"
import type { HttpClient } from "effect/http"
import * as Outages from "../telemetry/Outages.ts"
import * as Client from "./Client.ts"
import * as HttpClientNetwork from "./HttpClientNetwork.ts"
import * as Materials from "./Materials.ts"
import type { Network, UnusableSettings } from "./Network.ts"
import * as PatientFileSystem from "./PatientFileSystem.ts"
import * as Problems from "./Problems.ts"
import * as Proxy from "./Proxy.ts"
import { Resolver } from "./Resolver.ts"
import * as Tls from "./Tls.ts"
import * as UndiciNetwork from "./UndiciNetwork.ts"

/** @internal */
export { below } from "./Client.ts"
export type { Client, Settings } from "./Client.ts"
/** @internal */
export { textOf } from "./Network.ts"
export type { Headers, Request, Response, UnusableSettings } from "./Network.ts"
export type { All as Problems } from "./Problems.ts"
export type { TransportError } from "./TransportError.ts"

/** What is not written about a client. */
export const defaults = {
  headers: {},
  authentication: undefined,
  tls: Tls.defaults,
  proxy: Proxy.defaults,
  followRedirects: true,
  http2: true
} satisfies Partial<Client.Settings>

/** For how long a client that nobody uses waits to be used again, as a reload does. */
const idleTimeToLive = "30 seconds"

/** For the files that settings name, which all clients share. */
const files = Layer.provideMerge(Materials.layer, PatientFileSystem.layer)

/** Makes clients. Each is for as long as the scope it was made in. */
export class Transport extends Context.Service<Transport, {
  readonly connect: (settings: Client.Settings) => Effect.Effect<Client.Client, UnusableSettings, Scope.Scope>
}>()("pyroduct/transport/Transport") {
  private static readonly make: Layer.Layer<Transport, never, Network> = Layer.effect(
    Transport,
    Effect.gen(function*() {
      // Each client ends by itself.
      const context = Context.omit(Scope.Scope)(yield* Effect.context<FileSystem.FileSystem | Network>())
      const clients = yield* RcMap.make({
        // Whoever asks for a client may have a file system of another kind.
        lookup: (settings: Client.Settings) => Effect.provideContext(Client.make(settings), context),
        idleTimeToLive
      })
      return {
        connect: Effect.fnUntraced(function*(settings) {
          const client = yield* Effect.tapError(
            RcMap.get(clients, settings),
            () => RcMap.invalidate(clients, settings)
          )
          yield* watch(client)
          return client
        })
      }
    })
  ).pipe(Layer.provide(files))

  /** Over undici. */
  static readonly layer: Layer.Layer<Transport> = Transport.make.pipe(
    Layer.provide(UndiciNetwork.layer),
    Layer.provide(Resolver.layer.pipe(Layer.provide(PatientFileSystem.layerForSystem))),
    Layer.provide(files)
  )

  /**
   * Over any `HttpClient`, an application's own or a fake. TLS, proxies and connections are that client's, and so are
   * redirects if it follows them. Settings of TLS and of proxies, and HTTP/2 switched off, are `UnusableSettings`.
   */
  static readonly layerHttpClient: Layer.Layer<Transport, never, HttpClient.HttpClient> = Transport.make.pipe(
    Layer.provide(HttpClientNetwork.layer)
  )
}

/** Says in the name of who uses a client what is the matter with its files. */
const watch = Effect.fnUntraced(function*({ problems }: Client.Client) {
  const outages = yield* Outages.make
  yield* Problems.follow(problems, (file, problem) => {
    const outage = `cannot use file ${file}`
    return problem === undefined ? outages.end(outage) : outages.begin(outage, problem)
  })
})
