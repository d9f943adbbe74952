/**
 * Flags of Alloy's and of Grafana Agent's that have no effect here: a command line of theirs is taken as it is, and what of
 * it does nothing is said in one line.
 */
import { Console, Effect } from "effect"
import { Flag } from "effect/cli"

/** Those that have a value. */
const valued = [
  "config.extra-args",
  "cluster.advertise-address",
  "cluster.advertise-interfaces",
  "cluster.discover-peers",
  "cluster.join-addresses",
  "cluster.max-join-peers",
  "cluster.name",
  "cluster.node-name",
  "cluster.rejoin-interval",
  "cluster.tls-ca-path",
  "cluster.tls-cert-path",
  "cluster.tls-key-path",
  "cluster.tls-server-name",
  "cluster.wait-for-size",
  "cluster.wait-timeout",
  "feature.component-shutdown-deadline",
  "feature.prometheus.metric-validation-scheme",
  "server.http.memory-addr",
  "server.http.ui-path-prefix",
  "stability.level",
  "windows.priority"
]

/** Those that are on or off. */
const switches = [
  "config.bypass-conversion-errors",
  "cluster.enabled",
  "cluster.enable-tls",
  "cluster.use-discovery-v1",
  "disable-reporting",
  "feature.community-components.enabled",
  "server.http.disable-support-bundle",
  "server.http.enable-graphql",
  "server.http.enable-graphql-playground"
]

/** Features come and go: whatever is written as one is taken for one. */
const features = process.argv.flatMap((arg) => /^--(feature\.[\w.-]+)/.exec(arg)?.[1] ?? [])

/** What concerns no more than how a configuration is read. */
const ofReading = /^(config|feature|stability)\./

interface Unheeded {
  /** For a command's configuration: what was given for each of them. */
  readonly flags: ReadonlyArray<Flag.Flag<ReadonlyArray<string>>>
  /** Which were given. */
  readonly given: (values: ReadonlyArray<ReadonlyArray<string>>) => ReadonlyArray<string>
}

const unheeded = (isTaken: (name: string) => boolean): Unheeded => {
  const valuedNames = new Set(valued)
  const names = Array.from(new Set([...valued, ...switches, ...features])).filter(isTaken)
  const flags = names.map((name) => {
    const flag = Flag.withHidden(Flag.String(name))
    // As Go reads them, a switch has a value only behind an equals sign.
    return Flag.atLeast(valuedNames.has(name) ? flag : Flag.withOptionalValue(flag, "true"), 0)
  })
  return { flags, given: (values) => names.filter((_, index) => values[index]!.length > 0).map((name) => `--${name}`) }
}

export const ofRun = unheeded(() => true)

export const ofValidate = unheeded((name) => ofReading.test(name))

/** In the log of a run. */
export const log = (given: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.logWarning("flags without an effect").pipe(
    Effect.annotateLogs({ flags: given.join(", ") }),
    Effect.when(Effect.succeed(given.length > 0)),
    Effect.asVoid
  )

/** On a terminal. */
export const print = (given: ReadonlyArray<string>): Effect.Effect<void> =>
  given.length === 0 ? Effect.void : Console.error(`Warning: without an effect: ${given.join(", ")}`)

/** The language is one: `flow` is what the Agent calls it. Alloy converts other formats. */
export const format = Flag.String("config.format").pipe(
  Flag.withHidden,
  Flag.withDefault("alloy"),
  Flag.filter(
    (format) => format === "alloy" || format === "flow",
    () => "alloy or flow; \"alloy convert\" makes it of other formats"
  )
)
