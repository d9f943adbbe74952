/**
 * Components in JSON, as Alloy's API has it.
 */
import type { ComponentDetail, ComponentStatus, Shown, Statement } from "../telemetry/ComponentStatus.ts"
import type * as DebugInfo from "../telemetry/DebugInfo.ts"
import type { Health } from "../telemetry/Health.ts"

/** One of a list. */
export const summary = ({ health, id, label, name, referencedBy, referencesTo }: ComponentStatus) => {
  const own = id.lastIndexOf("/") + 1
  return {
    name,
    type: "block",
    localID: id.slice(own),
    moduleID: id.slice(0, Math.max(0, own - 1)),
    label,
    referencesTo,
    referencedBy,
    health: healthOf(health),
    original: ""
  }
}

/** All that can be seen of one. */
export const detail = (component: ComponentDetail) => ({
  ...summary(component),
  arguments: component.arguments,
  exports: component.exports,
  debugInfo: component.debugInfo && statements(component.debugInfo)
})

const healthOf = ({ message, state, updatedAt }: Health) => ({
  state,
  message,
  updatedTime: new Date(updatedAt).toISOString()
})

/** Objects are blocks, and so is each of a list of them; the rest are attributes. */
const statements = (info: Readonly<Record<string, DebugInfo.Json>>): ReadonlyArray<Statement> =>
  Object.entries(info).flatMap(([name, value]): ReadonlyArray<Statement> => {
    const values = Array.isArray(value) ? value : [value]
    return values.length > 0 && values.every(isObject)
      ? values.map((object) => ({ name, type: "block", body: statements(object) }))
      : [{ name, type: "attr", value: shown(value) }]
  })

const isObject = (value: DebugInfo.Json): value is { readonly [name: string]: DebugInfo.Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const shown = (value: DebugInfo.Json): Shown => {
  if (value === null) return { type: "null", value }
  if (typeof value === "boolean") return { type: "bool", value }
  if (typeof value === "number") return { type: "number", value }
  if (typeof value === "string") return { type: "string", value }
  return isObject(value)
    ? { type: "object", value: Object.entries(value).map(([key, value]) => ({ key, value: shown(value) })) }
    : { type: "array", value: (value as ReadonlyArray<DebugInfo.Json>).map(shown) }
}
