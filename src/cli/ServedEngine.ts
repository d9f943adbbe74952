/**
 * An engine with its own server, which shows what runs, protects it as the configuration says, and reloads it.
 */
import { Clock, Effect } from "effect"
import { flushCompileCache } from "node:module"
import * as Http from "../components/Http.ts"
import type * as Engine from "../engine/Engine.ts"
import type * as Plan from "../engine/Plan.ts"
import * as OwnProfiles from "../scrape/OwnProfiles.ts"
import * as Address from "../server/Address.ts"
import { OwnServer } from "../server/OwnServer.ts"
import * as Page from "../server/page/Page.ts"
import * as PprofApi from "../server/PprofApi.ts"
import { make as makeServer, type Settings as OwnSettings } from "../server/Server.ts"
import type { Source } from "../syntax/Source.ts"
import * as Edges from "../telemetry/Edges.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Log from "../telemetry/Log.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import { version } from "../telemetry/Version.ts"
import * as Configuration from "./Configuration.ts"
import * as Heap from "./Heap.ts"
import * as Host from "./Host.ts"
import * as ProcessMetrics from "./ProcessMetrics.ts"

/** Where the engine's own server listens, the names it answers to, and what it has. */
export type Server = Pick<OwnSettings, "host" | "port" | "allowedHosts"> & { readonly pprof: boolean }

export interface Settings<E, R> {
  readonly server: Server
  /** A run that is stopping is not ready any more. */
  readonly isStopping: () => boolean
  /** The texts of the configuration, for a reload. */
  readonly read: Effect.Effect<ReadonlyArray<Source>, E, R>
  /** Waits for the next time that somebody asks for a reload, besides the server. */
  readonly reloads: Effect.Effect<void>
}

/** Ends only by failing to start, or by interruption. */
export const run = <R, E extends { readonly message: string }, R2>(
  plan: Plan.Plan<R>,
  { isStopping, read, reloads, server: address }: Settings<E, R2>
) =>
  Effect.gen(function*() {
    const started = yield* Clock.currentTimeMillis
    let configuration: Configuration.Configuration<E> | undefined
    const engine = <A>(ask: (engine: Engine.Engine) => Effect.Effect<A>, otherwise: A): Effect.Effect<A> =>
      Effect.suspend(() => configuration === undefined ? Effect.succeed(otherwise) : ask(configuration.engine))
    const edges = Edges.make()
    const seen = {
      components: engine(({ components }) => components, []),
      component: (id: string) => engine(({ component }) => component(id), undefined)
    }
    const pprof = address.pprof ? yield* PprofApi.make : undefined
    const server = yield* makeServer({
      ...address,
      pprof,
      ...seen,
      isReady: Effect.sync(() => configuration !== undefined && !isStopping()),
      page: Page.make({
        ...seen,
        version,
        debugInfo: (id) => engine(({ debugInfo }) => debugInfo(id), undefined),
        edges: edges.read,
        ignored: Effect.map(
          engine(({ ignored }) => ignored, []),
          (all) =>
            all.map(({ block, id, reason }) => ({
              id,
              name: block.name.join("."),
              label: block.label?.name,
              why: reason
            }))
        )
      }),
      reload: Effect.suspend(() => Effect.mapError(configuration?.reload ?? Effect.void, Configuration.problemsIn))
    })
    // It is not open before what protects it is in force.
    if (!plan.nodes.some(({ component }) => component.name === Http.component.name)) yield* server.open
    yield* Gauge.observe(Metrics.buildInfo({ version }), () => 1)
    yield* ProcessMetrics.observe
    const openIfUnprotected = Effect.fnUntraced(function*({ components }: Engine.Engine) {
      if ((yield* components).every(({ name }) => name !== Http.component.name)) yield* server.open
    }, Effect.catch((error) => Effect.logError(error.message)))
    configuration = yield* Configuration.start(
      plan,
      Effect.provideContext(read, yield* Effect.context<R2>()),
      openIfUnprotected
    ).pipe(
      Effect.provideService(Edges.Edges, edges),
      Effect.provideService(OwnServer, server),
      Effect.provideService(OwnProfiles.OwnProfiles, ownProfiles(pprof))
    )
    const { reload } = configuration
    yield* Effect.flatMap(Log.Log, ({ open }) => open)
    const millis = (yield* Clock.currentTimeMillis) - started
    yield* Effect.logInfo("pyroduct is ready").pipe(
      Effect.annotateLogs({ version, addr: Address.format(yield* server.address), duration: `${millis}ms` })
    )
    // Of a run that is killed nothing else would be kept.
    yield* Effect.sync(flushCompileCache)
    yield* Heap.shrink
    return yield* Effect.forever(Effect.andThen(reloads, Effect.ignore(reload)))
  }).pipe(Effect.scoped, Effect.provide(Host.layerNetwork))

/** As its server answers, to whoever is in the process. */
const ownProfiles = (pprof: PprofApi.PprofApi | undefined): OwnProfiles.OwnProfiles => ({
  get: (url) =>
    Effect.map(
      pprof?.get(url) ?? Effect.undefined,
      (answer) => answer ?? { status: 404, headers: {}, text: "not found" }
    )
})
