/**
 * What a page is told of an engine, to be changed while it runs.
 */
import { Effect } from "effect"
import * as Page from "../../../src/server/page/Page.ts"
import type { ComponentDetail, ComponentStatus, Statement } from "../../../src/telemetry/ComponentStatus.ts"
import type * as DebugInfo from "../../../src/telemetry/DebugInfo.ts"
import type { Traffic } from "../../../src/telemetry/Edges.ts"
import type { State } from "../../../src/telemetry/Health.ts"

export interface Engine {
  components: Array<ComponentStatus>
  traffic: Array<Traffic>
  ignored: Array<{ id: string; name: string; label: string; why: string }>
  readonly infos: Map<string, DebugInfo.Info>
  readonly args: Map<string, ReadonlyArray<Statement>>
}

export const make = (): Engine => ({
  components: [],
  traffic: [],
  ignored: [],
  infos: new Map(),
  args: new Map()
})

/** A component that has started at the epoch. */
export const add = (
  engine: Engine,
  name: string,
  label: string,
  referencesTo: ReadonlyArray<string> = [],
  state: State = "healthy",
  message = "started component"
): void => {
  const health = { state, message, updatedAt: 0 }
  const id = `${name}.${label}`
  engine.components.push({ id, name, label, health, referencesTo, referencedBy: [] })
}

/** As its server takes it. */
export const settingsOf = (engine: Engine) => {
  const components = Effect.sync(() => engine.components)
  const component = (id: string) => Effect.sync(() => detailOf(engine, id))
  return {
    isReady: Effect.succeed(true),
    components,
    component,
    page: Page.make({
      version: "1.2.3",
      components,
      component,
      debugInfo: (id) => Effect.sync(() => engine.infos.get(id)),
      edges: Effect.sync(() => engine.traffic),
      ignored: Effect.sync(() => engine.ignored)
    })
  }
}

const detailOf = (engine: Engine, id: string): ComponentDetail | undefined => {
  const status = engine.components.find((component) => component.id === id)
  return status && {
    ...status,
    arguments: engine.args.get(id) ?? [],
    exports: [{ name: "receiver", type: "attr", value: { type: "capsule", value: "capsule(\"pyroscope.Receiver\")" } }],
    debugInfo: engine.infos.get(id)
  }
}
