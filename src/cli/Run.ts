/**
 * `pyroduct run`: the engine, until a signal stops it.
 *
 * The first SIGINT, SIGTERM or SIGQUIT stops the sources, drains the queues and exits 0, or 1 when profiles had to be
 * given up. A second one exits at once. SIGHUP reads the configuration again.
 */
import { Duration, Effect, Option, Queue, References, Stream } from "effect"
import { Argument, Command, Flag, GlobalFlag } from "effect/cli"
import * as Drain from "../delivery/Drain.ts"
import { Identity } from "../delivery/Identity.ts"
import type * as Foreign from "../engine/Foreign.ts"
import * as Plan from "../engine/Plan.ts"
import * as GoDuration from "../evaluation/GoDuration.ts"
import * as Listener from "../server/Listener.ts"
import * as Log from "../telemetry/Log.ts"
import * as LogLine from "../telemetry/LogLine.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Authorities from "./Authorities.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as ConfigWatch from "./ConfigWatch.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"
import * as Host from "./Host.ts"
import * as ServedEngine from "./ServedEngine.ts"
import * as Shutdown from "./Shutdown.ts"
import * as Signals from "./Signals.ts"
import * as Storage from "./Storage.ts"

const path = Argument.String("path").pipe(Argument.withDescription(ConfigFile.pathDescription))

const text = (name: string, description: string, shown: string, value = shown) =>
  Flag.String(name).pipe(Flag.withDescription(`${description} (default ${shown})`), Flag.withDefault(value))

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

const allowedHosts = text(
  "server.http.allowed-hosts",
  "Names, with commas between, under which the components' API may be asked, besides addresses and localhost",
  "\"\"",
  ""
).pipe(Flag.map((names) => names.split(",").map((name) => name.trim())))

const watch = Flag.Boolean("config.watch").pipe(
  Flag.withDescription("Reload when the configuration has changed, as SIGHUP does (default false)"),
  Flag.withDefault(false)
)

const pprof = Flag.Boolean("server.http.enable-pprof").pipe(
  Flag.withDescription("Whether that server has the engine's own profiles, at /debug/pprof (default true)"),
  Flag.withoutNegation,
  Flag.withDefault(true)
)

const storagePath = text("storage.path", "The directory for what has to survive a restart", "data-pyroduct/")

const drainTimeout = text(
  "shutdown.drain-timeout",
  "How long queued profiles may still be delivered once a signal has come",
  GoDuration.format(Drain.defaultTimeout)
).pipe(
  Flag.filterMap(
    (text) => Option.filter(Option.getSuccess(GoDuration.parse(text)), (timeout) => !Duration.isNegative(timeout)),
    () => "a duration such as 30s"
  )
)

export const command = Command.make(
  "run",
  {
    path,
    foreign: ForeignBlocks.flag,
    format: AlloyFlags.format,
    watch,
    listenAddress,
    allowedHosts,
    pprof,
    storagePath,
    drainTimeout,
    unheeded: AlloyFlags.ofRun.flags
  },
  Effect.fnUntraced(function*(
    { allowedHosts, drainTimeout, foreign, listenAddress, path, pprof, storagePath, unheeded, watch }
  ) {
    const drain = Drain.make(drainTimeout)
    // Several that are asked for while one goes on are one.
    const reloads = yield* Queue.sliding<void>(1)
    const told = AlloyFlags.log(AlloyFlags.ofRun.given(unheeded))
    const running = load(
      { path, foreign, watch },
      storagePath,
      { ...listenAddress, allowedHosts, pprof },
      reloads,
      drain.hasBegun
    )
    return yield* Effect.andThen(told, running).pipe(
      Effect.provideService(Drain.Drain, drain),
      Shutdown.told(drain, (code) => {
        process.exitCode = code
      }),
      Signals.handled({
        stop: Effect.andThen(Effect.flatMap(Log.Log, ({ keep }) => keep), Shutdown.begin(drain, drainTimeout)),
        hangUp: Effect.asVoid(Queue.offer(reloads, undefined))
      }),
      logged
    )
  })
).pipe(Command.withDescription("Run a configuration until SIGINT, SIGTERM or SIGQUIT"))

/** What is written of the log is for `--log-level` to say, and then for the configuration. */
const logged = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const level = Option.getOrUndefined(yield* GlobalFlag.LogLevel)
    const log = yield* Log.Log
    // Whatever the start waits for, an operator should see how far it is.
    yield* Effect.forkScoped(Effect.delay(log.open, "3 seconds"))
    if (level !== undefined) {
      yield* log.use({ ...Log.defaults, level: level === "None" ? "none" : LogLine.levelOf(level) })
    }
    return yield* run
  }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Debug"))

const load = Effect.fnUntraced(function*(
  { foreign, path, watch }: { readonly path: string; readonly foreign: Foreign.Policy; readonly watch: boolean },
  storagePath: string,
  server: ServedEngine.Server,
  reloads: Queue.Queue<void>,
  isStopping: () => boolean
) {
  const warnOfNothing = (sources: ReadonlyArray<unknown>) =>
    sources.length === 0 ? Effect.logWarning(ConfigFile.nothingIn(path)) : Effect.void
  const sources = yield* Effect.tap(ConfigFile.readOrGiveUp(path), warnOfNothing)
  const settings = { sources, registry: Components.registry, stdlib: Host.stdlib(), foreign }
  if (watch) {
    yield* Effect.forkChild(
      Stream.runForEach(ConfigWatch.changes(path, sources), () => Queue.offer(reloads, undefined))
    )
  }
  const identity = yield* Storage.identity(storagePath)
  yield* Authorities.trustSystem
  return yield* Effect.fromResult(Plan.check(settings)).pipe(
    Effect.flatMap((plan) =>
      ServedEngine.run(plan, {
        server,
        isStopping,
        read: Effect.tap(ConfigFile.readAgain(path), warnOfNothing),
        reloads: Queue.take(reloads)
      })
    ),
    // What has been said comes before what is wrong.
    Effect.tapError(() => Effect.flatMap(Log.Log, ({ open }) => open)),
    Effect.catchTags({
      ConfigError: (error) =>
        Effect.andThen(
          ConfigFile.report(error),
          ConfigFile.giveUp("could not perform the initial load successfully")
        ),
      ListenError: (error) => ConfigFile.giveUp(error.message)
    }),
    Effect.provideService(Identity, identity)
  )
})
