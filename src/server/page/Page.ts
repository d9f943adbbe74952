/**
 * The page at `/`: the graph of components and what can be seen of each, for a browser. Works without scripts; with them
 * what is shown is kept as it is.
 *
 * Nothing is done while nobody looks. How much there is to see of a component has a bound where it is made; what is shown
 * of all of them has one here, and where a graph's boxes are is worked out once.
 */
import { Clock, Effect, Option, Result } from "effect"
import type { ComponentDetail, ComponentStatus } from "../../telemetry/ComponentStatus.ts"
import type { Info } from "../../telemetry/DebugInfo.ts"
import type { Traffic } from "../../telemetry/Edges.ts"
import * as Monotonic from "../../telemetry/Monotonic.ts"
import * as Rates from "../../telemetry/Rates.ts"
import type { Page } from "../Server.ts"
import * as Turns from "../Turns.ts"
import * as ComponentView from "./ComponentView.ts"
import * as Document from "./Document.ts"
import * as Endpoints from "./Endpoints.ts"
import * as HealthMark from "./HealthMark.ts"
import { html } from "./Html.ts"
import * as Overview from "./Overview.ts"
import * as Services from "./Services.ts"
import { flowsOf, type Ignored, type Snapshot } from "./Snapshot.ts"
import * as Targets from "./Targets.ts"

export interface Settings {
  readonly version: string
  readonly components: Effect.Effect<ReadonlyArray<ComponentStatus>>
  readonly component: (id: string) => Effect.Effect<ComponentDetail | undefined>
  /** Of one component, without the rest of what can be seen of it. */
  readonly debugInfo: (id: string) => Effect.Effect<Info | undefined>
  readonly edges: Effect.Effect<ReadonlyArray<Traffic>>
  /** Blocks of the configuration that do not run, as they are no components of ours. */
  readonly ignored: Effect.Effect<ReadonlyArray<Ignored>>
}

/** How many components may be asked for their debug info to make one page. */
const asked = 300

export const make = (settings: Settings): Page => {
  const { version } = settings
  /** Of endpoints, by component and endpoint. */
  const rates = Rates.make()
  /** One page for each, so that no probe waits for those of many people. */
  const turns = Turns.make(1)

  const snapshot = Effect.gen(function*(): Effect.fn.Return<Snapshot> {
    const components = yield* settings.components
    return {
      now: yield* Clock.currentTimeMillis,
      components,
      ignored: yield* settings.ignored,
      flows: flowsOf(components, yield* settings.edges)
    }
  })

  const infos = (ids: ReadonlyArray<string>) =>
    Effect.forEach(
      ids.slice(0, asked),
      (id) => Effect.map(settings.debugInfo(id), (info) => [id, info] as const)
    )

  const endpointsOf = (id: string, info: Info | undefined) =>
    Effect.map(
      Monotonic.now,
      (now) => Endpoints.of(info, (name, delivered) => rates.of(`${id} ${name}`, delivered, now))
    )

  const overview = Effect.fnUntraced(function*(query: URLSearchParams) {
    const seen = yield* snapshot
    const state = query.get("state")
    // Where there are many they are not drawn.
    const drawn = seen.components.length > Overview.many ? [] : seen.components
    const scrapers = yield* infos(named(drawn, "pyroscope.scrape"))
    const endpoints = yield* Effect.forEach(
      yield* infos(named(drawn, "pyroscope.write")),
      ([id, info]) => Effect.map(endpointsOf(id, info), (endpoints) => [id, endpoints] as const)
    )
    return Document.respond({
      title: "Components",
      path: "/",
      version,
      main: Overview.show({
        snapshot: seen,
        filter: { text: query.get("q") ?? "", state: HealthMark.states.find((known) => known === state) },
        endpoints: new Map(endpoints),
        targets: new Map(scrapers.map(([id, info]) => [id, Targets.summary(info)]))
      })
    })
  })

  const component = Effect.fnUntraced(function*(id: string) {
    const detail = yield* settings.component(id)
    if (detail === undefined) return missing(id)
    const seen = yield* snapshot
    return Document.respond({
      title: id,
      path: "/component",
      version,
      main: ComponentView.show({
        component: detail,
        endpoints: yield* endpointsOf(id, detail.debugInfo),
        snapshot: seen
      })
    })
  })

  const missing = (id: string) =>
    Document.respond({
      title: "Not found",
      path: "/component",
      version,
      status: 404,
      main: html`<div id="missing" data-live><h1>No such component</h1>
<p>The configuration that runs has no component <code>${id}</code>. <a href="/">These are there.</a></p></div>`
    })

  const services = Effect.fnUntraced(function*(query: URLSearchParams) {
    const components = yield* settings.components
    return Document.respond({
      title: "Why is my profile missing?",
      path: "/services",
      version,
      main: Services.show(
        yield* infos(named(components, "pyroscope.write")),
        query.get("q") ?? "",
        yield* Clock.currentTimeMillis
      )
    })
  })

  return (url) => {
    const [path = "", search] = url.split("?", 2)
    const query = new URLSearchParams(search)
    if (path === "/") return Effect.andThen(turns(1), overview(query))
    if (path === "/services") return Effect.andThen(turns(1), services(query))
    const id = path.startsWith(prefix) ? decoded(path.slice(prefix.length)) : undefined
    return id === undefined ? Effect.undefined : Effect.andThen(turns(1), component(id))
  }
}

const prefix = "/component/"

/** Those of a kind, which have endpoints or targets in what they show of themselves. */
const named = (components: ReadonlyArray<ComponentStatus>, kind: string): ReadonlyArray<string> =>
  components.filter(({ name }) => name === kind).map(({ id }) => id)

/** Nothing of what is no text. */
const decoded = (path: string): string | undefined =>
  Option.getOrUndefined(Result.getSuccess(Result.try(() => decodeURIComponent(path))))
