/**
 * The engine as `pyroduct run` has it, until a signal stops it.
 *
 * The first SIGINT, SIGTERM or SIGQUIT stops the sources, drains the queues and exits 0, or 1 when profiles had to be
 * given up. A second one exits at once. SIGHUP reads the configuration again.
 */
import { type Duration, Effect, Queue, References, Stream } from "effect"
import * as Drain from "../delivery/Drain.ts"
import { Identity } from "../delivery/Identity.ts"
import type * as Foreign from "../engine/Foreign.ts"
import * as Plan from "../engine/Plan.ts"
import type { Address } from "../server/Address.ts"
import * as Log from "../telemetry/Log.ts"
import { BeforeTrust } from "../transport/Tls.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Authorities from "./Authorities.ts"
import * as Components from "./Components.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as ConfigWatch from "./ConfigWatch.ts"
import * as Host from "./Host.ts"
import { giveUp } from "./Reported.ts"
import * as ServedEngine from "./ServedEngine.ts"
import * as Shutdown from "./Shutdown.ts"
import * as Signals from "./Signals.ts"
import * as Storage from "./Storage.ts"

/** What the flags say. */
export interface Settings {
  readonly path: string
  readonly foreign: Foreign.Policy
  readonly watch: boolean
  readonly listenAddress: Address
  readonly allowedHosts: ReadonlyArray<string>
  readonly pprof: boolean
  readonly storagePath: string
  /** What they say of the log. */
  readonly log: Partial<Log.Settings>
  readonly drainTimeout: Duration.Duration
  readonly unheeded: ReadonlyArray<ReadonlyArray<string>>
}

export const run = Effect.fnUntraced(function*(settings: Settings) {
  const drain = Drain.make(settings.drainTimeout)
  // Several that are asked for while one goes on are one.
  const reloads = yield* Queue.sliding<void>(1)
  const told = AlloyFlags.log(AlloyFlags.ofRun.given(settings.unheeded))
  return yield* Effect.andThen(told, load(settings, reloads, drain.hasBegun)).pipe(
    Effect.provideService(Drain.Drain, drain),
    Shutdown.told(drain, (code) => {
      process.exitCode = code
    }),
    Signals.handled({
      stop: Effect.andThen(Effect.flatMap(Log.Log, ({ keep }) => keep), Shutdown.begin(drain, settings.drainTimeout)),
      hangUp: Effect.asVoid(Queue.offer(reloads, undefined))
    }),
    logged(settings.log)
  )
})

/** How the log is written is for the flags to say, and where they do not, for the configuration. */
const logged = (given: Partial<Log.Settings>) => <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const log = yield* Log.Log
    const use = (settings: Log.Settings) => log.use({ ...settings, ...given })
    yield* use(Log.defaults)
    // Whatever the start waits for, an operator should see how far it is.
    yield* Effect.forkScoped(Effect.delay(log.open, "3 seconds"))
    return yield* Effect.provideService(run, Log.Log, { ...log, use })
  }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Debug"))

const load = Effect.fnUntraced(function*(
  { allowedHosts, foreign, listenAddress, path, pprof, storagePath, watch }: Settings,
  reloads: Queue.Queue<void>,
  isStopping: () => boolean
) {
  const warnOfNothing = (sources: ReadonlyArray<unknown>) =>
    sources.length === 0 ? Effect.logWarning(ConfigFile.nothingIn(path)) : Effect.void
  const sources = yield* Effect.tap(ConfigFile.readOrGiveUp(path), warnOfNothing)
  const planned = { sources, registry: Components.registry, stdlib: Host.stdlib(), foreign }
  if (watch) {
    yield* Effect.forkChild(
      Stream.runForEach(ConfigWatch.changes(path, sources), () => Queue.offer(reloads, undefined))
    )
  }
  const identity = yield* Storage.identity(storagePath)
  return yield* Effect.fromResult(Plan.check(planned)).pipe(
    Effect.flatMap((plan) =>
      ServedEngine.run(plan, {
        server: { ...listenAddress, allowedHosts, pprof },
        isStopping,
        read: Effect.tap(ConfigFile.readAgain(path), warnOfNothing),
        reloads: Queue.take(reloads)
      })
    ),
    // What has been said comes before what is wrong.
    Effect.tapError(() => Effect.flatMap(Log.Log, ({ open }) => open)),
    Effect.catchTags({
      InvalidConfiguration: (error) =>
        Effect.andThen(
          ConfigFile.report(error),
          giveUp("could not perform the initial load successfully")
        ),
      ListenError: (error) => giveUp(error.message)
    }),
    Effect.provideService(Identity, identity),
    Effect.provideService(BeforeTrust, Authorities.trustSystem)
  )
})
