/**
 * `pyroduct run`: the engine, until a signal stops it.
 *
 * The first SIGINT or SIGTERM stops the sources, drains the queues and exits 0, or 1 when profiles had to be given up. A
 * second one exits at once.
 */
import { Clock, Duration, Effect, Layer, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Drain from "../delivery/Drain.ts"
import { Identity } from "../delivery/Identity.ts"
import * as Engine from "../engine/Engine.ts"
import * as GoDuration from "../evaluation/GoDuration.ts"
import { ComponentApi } from "../server/ComponentApi.ts"
import * as Listener from "../server/Listener.ts"
import * as Server from "../server/Server.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import { version } from "../telemetry/Version.ts"
import { Transport } from "../transport/Transport.ts"
import * as Authorities from "./Authorities.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as Host from "./Host.ts"
import * as Signals from "./Signals.ts"
import * as Storage from "./Storage.ts"

const file = Argument.String("file").pipe(Argument.withDescription("The configuration file"))

const text = (name: string, description: string, value: string) =>
  Flag.String(name).pipe(Flag.withDescription(`${description} (default ${value})`), Flag.withDefault(value))

const listenAddress = text(
  "server.http.listen-addr",
  "Where the engine's own server listens: metrics, health and the components' API",
  "127.0.0.1:12345"
).pipe(
  Flag.filterMap(
    (text) => Option.fromUndefinedOr(Listener.parseAddress(text)),
    () => "an address such as 127.0.0.1:12345"
  )
)

const storagePath = text("storage.path", "The directory for what has to survive a restart", "data-pyroduct/")

const drainTimeout = text(
  "shutdown.drain-timeout",
  "How long queued profiles may still be delivered once a signal has come",
  "30s"
).pipe(
  Flag.filterMap(
    (text) => Option.filter(Option.getSuccess(GoDuration.parse(text)), (timeout) => !Duration.isNegative(timeout)),
    () => "a duration such as 30s"
  )
)

export const command = Command.make(
  "run",
  { file, listenAddress, storagePath, drainTimeout },
  Effect.fnUntraced(function*({ drainTimeout, file, listenAddress, storagePath }) {
    const source = yield* ConfigFile.read(file)
    const settings = { sources: [source], registry: Components.registry, stdlib: Host.stdlib() }
    const identity = yield* Storage.identity(storagePath)
    yield* Authorities.trustSystem
    const shutdown = makeShutdown(drainTimeout)
    return yield* run(settings, listenAddress, shutdown.drain.hasBegun).pipe(
      Effect.catchTags({
        ConfigError: ({ diagnostics }) =>
          Effect.andThen(
            ConfigFile.report(source, diagnostics),
            ConfigFile.giveUp("could not perform the initial load successfully")
          ),
        ListenError: (error) => ConfigFile.giveUp(error.message)
      }),
      Effect.provide(platform),
      Effect.provideService(Identity, identity),
      Effect.provideService(Drain.Drain, shutdown.drain),
      Effect.onInterrupt(() => shutdown.report),
      Signals.exitAtOnceOnSecond(shutdown.begin)
    )
  })
).pipe(Command.withDescription("Run a configuration file until SIGINT or SIGTERM"))

const platform = Layer.mergeAll(Transport.layer, Listener.Listener.layer, ComponentApi.layer)

/** Ends only by failing to start, or by interruption. */
const run = <R>(settings: Engine.Settings<R>, address: Listener.Address, isStopping: () => boolean) =>
  Effect.gen(function*() {
    const started = yield* Clock.currentTimeMillis
    yield* Effect.fromResult(Engine.check(settings))
    let engine: Engine.Engine | undefined
    const components = Effect.suspend(() => engine?.components ?? Effect.succeed([]))
    const server = yield* Server.make({
      ...address,
      isReady: Effect.sync(() => engine !== undefined && !isStopping()),
      unhealthy: Effect.map(
        components,
        (all) => all.filter(({ health }) => health.state === "unhealthy").map(({ name }) => name)
      )
    })
    yield* Gauge.observe(Metrics.buildInfo({ version }), () => 1)
    engine = yield* Engine.start(settings)
    const millis = (yield* Clock.currentTimeMillis) - started
    yield* Effect.logInfo("pyroduct is ready").pipe(
      Effect.annotateLogs({ version, addr: Listener.formatAddress(server), duration: `${millis}ms` })
    )
    return yield* Effect.never
  }).pipe(Effect.scoped)

/** One deadline for all queues, from the first signal on, and the count of what did not make it. */
const makeShutdown = (timeout: Duration.Duration) => {
  const drain = Drain.make(timeout)
  const begin = Effect.andThen(
    drain.begin,
    Effect.logInfo("shutting down").pipe(Effect.annotateLogs({ drain_timeout: GoDuration.format(timeout) }))
  )
  const report = Effect.suspend(() => {
    const { since } = drain.losses()
    if (since === 0) return Effect.logInfo("shut down cleanly")
    process.exitCode = 1
    return Effect.logError("shut down with losses").pipe(Effect.annotateLogs({ profiles: since }))
  })
  return { begin, drain, report }
}
