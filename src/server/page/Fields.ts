/**
 * Plain data that a component shows, read with care: what is not there, or not of the kind that is looked for, is nothing.
 */
import type { Json } from "../../telemetry/DebugInfo.ts"

export type Fields = Readonly<Record<string, Json>>

export const isFields = (json: Json | undefined): json is Fields =>
  typeof json === "object" && json !== null && !Array.isArray(json)

export const fields = (from: Fields | undefined, name: string): Fields | undefined => {
  const json = from?.[name]
  return isFields(json) ? json : undefined
}

export const list = (from: Fields | undefined, name: string): ReadonlyArray<Fields> => {
  const json = from?.[name]
  return Array.isArray(json) ? json.filter(isFields) : []
}

/** One that is empty is nothing. */
export const text = (from: Fields | undefined, name: string): string | undefined => {
  const json = from?.[name]
  return typeof json === "string" && json !== "" ? json : undefined
}

export const number = (from: Fields | undefined, name: string): number | undefined => {
  const json = from?.[name]
  return typeof json === "number" ? json : undefined
}

/** RFC 3339, in milliseconds since the epoch. */
export const time = (from: Fields | undefined, name: string): number | undefined => momentOf(text(from, name) ?? "")

export const momentOf = (text: string): number | undefined => {
  const at = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
