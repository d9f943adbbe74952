/**
 * Log lines as JSON objects: `{"ts":"...","level":"info","msg":"...","component_id":"...","key":1}`.
 */
import type { Line } from "./LogLine.ts"

export const format = ({ annotations, date, level, message }: Line): string =>
  JSON.stringify(
    Object.fromEntries([
      ["ts", date.toISOString()],
      ["level", level],
      ["msg", message],
      ...annotations.map(([name, value]) => [name, isPlain(value) ? value : String(value)])
    ])
  )

const isPlain = (value: unknown): boolean => typeof value === "boolean" || Number.isFinite(value)
