/**
 * A line of the log, before it has a format.
 */
import { Cause, type Logger, type LogLevel, References } from "effect"

/** The least first. */
export const levels = ["debug", "info", "warn", "error"] as const

export type Level = (typeof levels)[number]

export interface Line {
  readonly date: Date
  readonly level: Level
  readonly message: string
  /** A cause is the last, `err`. */
  readonly annotations: ReadonlyArray<readonly [name: string, value: unknown]>
}

export const levelOf = (level: LogLevel.LogLevel): Level => {
  switch (level) {
    case "All":
    case "Trace":
    case "Debug":
      return "debug"
    case "Info":
      return "info"
    case "Warn":
      return "warn"
    default:
      return "error"
  }
}

export const make = ({ cause, date, fiber, logLevel, message }: Logger.Options<unknown>): Line => ({
  date,
  level: levelOf(logLevel),
  message: (Array.isArray(message) ? message : [message]).map(String).join(" "),
  annotations: [
    ...Object.entries(fiber.getRef(References.CurrentLogAnnotations)),
    ...(cause.reasons.length === 0 ? [] : [["err", Cause.pretty(cause)] as const])
  ]
})
