/**
 * The log of a process, whose level and format may change while it runs.
 *
 * How lines are to be written is known when a configuration has been loaded: until then they wait.
 *
 * The level is the logger's business, for a fiber's own minimum stays as it is when it starts: that should be the least.
 * A line that is not wanted then costs an object and a comparison, no text.
 */
import { Context, Effect, Logger, LogLevel, References, type Scope } from "effect"
import * as JsonLog from "./JsonLog.ts"
import * as Logfmt from "./Logfmt.ts"
import * as LogLine from "./LogLine.ts"

const formats = { logfmt: Logfmt.format, json: JsonLog.format }

export type Format = keyof typeof formats

export interface Settings {
  /** The least that is written. */
  readonly level: LogLine.Level | "none"
  readonly format: Format
}

export const defaults: Settings = { level: "info", format: "logfmt" }

export interface Log {
  /** How lines are written until the scope closes, or for as long as it is the newest that says so. */
  readonly use: (settings: Settings) => Effect.Effect<void, never, Scope.Scope>
  /** From now on lines are written as they come, after those that have waited. */
  readonly open: Effect.Effect<void>
  /** Whoever said how lines are written may go from now on: a process says its last words as it said the others. */
  readonly keep: Effect.Effect<void>
  /** Whether a line of that level may be written now. */
  readonly wants: (level: LogLine.Level) => boolean
}

/** An application that embeds the engine has a log of its own. */
export const Log = Context.Reference<Log>("pyroduct/telemetry/Log", {
  defaultValue: () => ({
    use: () => Effect.logWarning("logging has no effect: the log is the application's own"),
    open: Effect.void,
    keep: Effect.void,
    wants: () => true
  })
})

/** Says what it costs too much to make where nobody reads it. */
export const ifDebug = (say: () => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.withFiber((fiber) =>
    LogLevel.isGreaterThan(fiber.getRef(References.MinimumLogLevel), "Debug") || !fiber.getRef(Log).wants("debug")
      ? Effect.void
      : say()
  )

/** Lines that wait before they are written as by default. */
const room = 1000

/**
 * `write` gets a line, and the line to write before the next one if this one, and others, should be lost. `release` is
 * `open`, for the end of the process.
 */
export const make = (
  write: (line: string, notice: (lost: number) => string) => void
): Log & { readonly logger: Logger.Logger<unknown, void>; readonly release: () => void } => {
  const living: Array<Settings> = [defaults]
  let kept: Settings | undefined
  const current = (): Settings => kept ?? living.at(-1)!
  let waiting: Array<LogLine.Line> | undefined = []
  const put = (line: LogLine.Line): void => {
    const { format, level } = current()
    if (!isWanted(line.level, level)) return
    const text = formats[format]
    write(text(line), (lost) =>
      text({
        date: line.date,
        level: "warn",
        message: "lines of the log were lost, it could not be written",
        annotations: [["lines", lost]]
      }))
  }
  const release = (): void => {
    const lines = waiting ?? []
    waiting = undefined
    for (const line of lines) put(line)
  }
  return {
    use: (settings) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const own = { ...settings }
          living.push(own)
          return own
        }),
        (own) => Effect.sync(() => void living.splice(living.indexOf(own), 1))
      ),
    open: Effect.sync(release),
    keep: Effect.sync(() => {
      kept = current()
    }),
    wants: (level) => waiting !== undefined || isWanted(level, current().level),
    release,
    logger: Logger.make((options) => {
      if (waiting === undefined) {
        if (isWanted(LogLine.levelOf(options.logLevel), current().level)) put(LogLine.make(options))
      } else if (waiting.push(LogLine.make(options)) >= room) release()
    })
  }
}

const isWanted = (level: LogLine.Level, least: Settings["level"]): boolean =>
  least !== "none" && LogLine.levels.indexOf(level) >= LogLine.levels.indexOf(least)
