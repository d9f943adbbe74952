/**
 * Log lines in logfmt: `ts=... level=info msg="..." component_id=... key=value`.
 */
import { Cause, Logger, References } from "effect"

const levels: Readonly<Record<string, string>> = { Warn: "warn", Fatal: "error" }

export const logger: Logger.Logger<unknown, string> = Logger.make(({ cause, date, fiber, logLevel, message }) => {
  const text = (Array.isArray(message) ? message : [message]).map(textOf).join(" ")
  return format(date, levels[logLevel] ?? logLevel.toLowerCase(), text, [
    ...Object.entries(fiber.getRef(References.CurrentLogAnnotations)),
    ...(cause.reasons.length === 0 ? [] : [["err", Cause.pretty(cause)] as const])
  ])
})

export const format = (
  date: Date,
  level: string,
  message: string,
  annotations: ReadonlyArray<readonly [string, unknown]>
): string =>
  [["ts", date.toISOString()], ["level", level], ["msg", message], ...annotations]
    .map(([key, value]) => `${key}=${quoteIfNeeded(textOf(value))}`)
    .join(" ")

const textOf = (value: unknown): string => typeof value === "string" ? value : String(value)

const quoteIfNeeded = (text: string): string => /^[^\s"=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
