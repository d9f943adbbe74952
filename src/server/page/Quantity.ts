/**
 * Amounts, rates and times as people read them.
 */
import type { Amount } from "../../telemetry/Rates.ts"

/** Three digits, and none of them behind the point where there are three before it. */
const digits = (value: number): string =>
  value === 0
    ? "0"
    : value < 0.01
    ? "<0.01"
    : value < 9.995
    ? value.toFixed(2)
    : value < 99.95
    ? value.toFixed(1)
    : value.toFixed(0)

const scaled = (value: number, units: ReadonlyArray<string>) => {
  let unit = 0
  let rest = value
  // What would be written as 1000 has the next unit.
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000
    unit++
  }
  const shown = Number.isInteger(rest) ? String(rest) : digits(rest)
  return `${shown}${units[unit]}`
}

/** `950`, `12.3k`, `4.56M`. */
export const count = (value: number): string => scaled(value, ["", "k", "M", "G"])

/** `950 B`, `12.3 kB`, in powers of ten. */
export const bytes = (value: number): string =>
  scaled(value < 1000 ? Math.round(value) : value, [" B", " kB", " MB", " GB", " TB"])

/** `12.3/s · 4.56 MB/s` */
export const rate = (amount: Amount): string => `${count(amount.profiles)}/s · ${bytes(amount.bytes)}/s`

/** `12.3 ms`, `4.56 s`, of seconds. */
export const duration = (seconds: number): string => scaled(seconds * 1000, [" ms", " s"])

/** `35 s`, `5 min`, `3 h`, `4 d`. */
export const span = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  if (seconds < 100) return `${seconds} s`
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 72 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** `2026-01-02 03:04:05 UTC` */
export const moment = (at: number): string => `${stamp(at).slice(0, 19).replace("T", " ")} UTC`

/** As an attribute of `<time>`. */
export const stamp = (at: number): string => new Date(Math.min(Math.max(at, -8.64e15), 8.64e15)).toISOString()
