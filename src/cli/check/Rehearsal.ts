/**
 * A configuration as it would run, but that nothing is profiled, scraped, received, delivered or kept: instead it is noted
 * which endpoints would be sent to and which ports listened on.
 *
 * The blocks are built and evaluated as in a run, so that what one of them gives to another is there: the content of a
 * file, the answer of a server.
 */
import { Effect, Layer, RcMap, Result } from "effect"
import * as SelfProfile from "../../components/pyroduct/SelfProfile.ts"
import * as Sink from "../../components/pyroduct/Sink.ts"
import * as RemoteHttp from "../../components/remote/Http.ts"
import type * as Endpoint from "../../delivery/Endpoint.ts"
import * as Lanes from "../../delivery/Lanes.ts"
import { type Component, ComponentId } from "../../engine/Component.ts"
import * as Engine from "../../engine/Engine.ts"
import type { InvalidConfiguration } from "../../engine/InvalidConfiguration.ts"
import * as Plan from "../../engine/Plan.ts"
import * as Registry from "../../engine/Registry.ts"
import * as Loops from "../../scrape/Loops.ts"
import { ComponentApi } from "../../server/ComponentApi.ts"
import * as Listener from "../../server/Listener.ts"
import { OwnServer } from "../../server/OwnServer.ts"
import * as Log from "../../telemetry/Log.ts"
import * as Components from "../Components.ts"
import type { Port } from "./Ports.ts"
import type { Scraping } from "./TargetTrial.ts"

/** What a run would do, by the ids of blocks. */
export interface Found {
  /** In the order of the text. */
  readonly ids: ReadonlyArray<string>
  readonly ignored: Plan.Plan<unknown>["ignored"]
  readonly warnings: Plan.Plan<unknown>["warnings"]
  readonly endpoints: ReadonlyMap<string, ReadonlyArray<Endpoint.Settings>>
  readonly ports: ReadonlyMap<string, Port>
  readonly scrapings: ReadonlyMap<string, Scraping>
  /** Blocks whose servers have answered. */
  readonly polled: ReadonlySet<string>
  /** What could not be built. */
  readonly error: InvalidConfiguration | undefined
}

/** Of what has no exports nothing depends on its being there. */
const inert = <A>({ arguments: fields, name }: Pick<Component<A>, "arguments" | "name">): Component<A> => ({
  name,
  arguments: fields,
  exports: {},
  layer: () => Layer.empty
})

const registry = Registry.add(
  Components.registry,
  inert(SelfProfile.component),
  { ...Sink.component, layer: (args: Sink.Arguments) => Sink.component.layer({ ...args, directory: "" }) }
)

/** What a run does with these settings, up to the first profile, until the scope closes. A wrong text is a failure. */
export const run = Effect.fnUntraced(function*(settings: Omit<Plan.Settings<never>, "registry">) {
  const plan = yield* Effect.fromResult(Plan.check({ ...settings, registry }))
  const endpoints = new Map<string, ReadonlyArray<Endpoint.Settings>>()
  const ports = new Map<string, Port>()

  const lanesOf = (id: string): Lanes.Lanes => ({
    services: { came: () => {}, refused: () => {}, info: () => [] },
    take: (all) =>
      Effect.sync(() => {
        endpoints.set(id, all)
        return []
      })
  })
  const lanes = yield* RcMap.make({ lookup: (id: string) => Effect.succeed(lanesOf(id)) })
  const scrapings = new Map<string, Scraping>()
  const loopsOf = (id: string) =>
    Effect.map(Loops.of(undefined), (loops): Loops.Loops => {
      let problems: Scraping["problems"] = []
      return {
        ...loops,
        targetsOf: (settings, processes) => {
          const many = loops.targetsOf(settings, processes)
          problems = many.problems
          return many
        },
        take: (targets, scraper) => Effect.sync(() => void scrapings.set(id, { problems, scraper, targets }))
      }
    })
  const loops = yield* RcMap.make({ lookup: loopsOf })
  const listener = Listener.Listener.of({
    listen: (settings) =>
      Effect.map(ComponentId, (id) => {
        ports.set(id, { id, settings })
        return settings
      })
  })

  // What it has made is used by what is tried.
  const started = yield* Effect.result(Engine.start(plan)).pipe(
    Effect.provide([ComponentApi.layer, OwnServer.layerNone]),
    Effect.provideService(Lanes.Lanes, lanes),
    Effect.provideService(Loops.Loops, loops),
    Effect.provideService(Listener.Listener, listener),
    Effect.provideService(Log.Log, { use: () => Effect.void, open: Effect.void, keep: Effect.void, wants: () => false })
  )
  return {
    ids: inOrder(plan),
    ignored: plan.ignored,
    warnings: plan.warnings,
    endpoints,
    ports,
    scrapings,
    polled: new Set(
      plan.nodes.flatMap(({ component, id }) =>
        component.name === RemoteHttp.component.name && Result.isSuccess(started) ? [id] : []
      )
    ),
    error: Result.isFailure(started) ? started.failure : undefined
  } satisfies Found
})

/** The ids of the blocks, file by file, each in the order of its text. */
const inOrder = <R>({ nodes, settings: { sources } }: Plan.Plan<R>): ReadonlyArray<string> => {
  const places = new Map(sources.map(({ name }, index) => [name, index]))
  return nodes
    .toSorted((a, b) =>
      places.get(a.file)! - places.get(b.file)! || a.block.nameRange.start.offset - b.block.nameRange.start.offset
    )
    .map(({ id }) => id)
}
