/**
 * Tries what a configuration needs from others, all of it at the same time, and says of each how it went, in the order of
 * the text.
 */
import { Console, type Duration, Effect, Fiber, Logger, Semaphore } from "effect"
import type * as Foreign from "../engine/Foreign.ts"
import type { Address } from "../server/Address.ts"
import { BeforeTrust } from "../transport/Tls.ts"
import { Transport } from "../transport/Transport.ts"
import * as AlloyFlags from "./AlloyFlags.ts"
import * as Authorities from "./Authorities.ts"
import * as Progress from "./check/Progress.ts"
import * as Rehearsal from "./check/Rehearsal.ts"
import * as Trial from "./check/Trial.ts"
import * as Trials from "./check/Trials.ts"
import * as ConfigFile from "./ConfigFile.ts"
import * as Host from "./Host.ts"
import { giveUp } from "./Reported.ts"

/** What the flags say. */
export interface Settings {
  readonly path: string
  readonly foreign: Foreign.Policy
  readonly listenAddress: Address
  readonly ports: boolean
  readonly timeout: Duration.Duration | undefined
  readonly unheeded: ReadonlyArray<ReadonlyArray<string>>
}

/** Targets may be thousands. */
const concurrency = 64

export const check = Effect.fnUntraced(
  function*({ foreign, listenAddress, path, ports, timeout, unheeded }: Settings) {
    yield* AlloyFlags.print(AlloyFlags.ofValidate.given(unheeded))
    const sources = yield* ConfigFile.readOrGiveUp(path)
    if (sources.length === 0) yield* Console.error(`Warning: ${ConfigFile.nothingIn(path)}`)
    const found = yield* Rehearsal.run({ sources, stdlib: Host.stdlib(), foreign }).pipe(
      Progress.waitingFor("the blocks"),
      Effect.catchTag(
        "InvalidConfiguration",
        (error) => Effect.andThen(ConfigFile.report(error), giveUp("validation failed"))
      )
    )
    yield* ConfigFile.warn(found)
    if (found.error !== undefined) yield* ConfigFile.report(found.error)

    const trials = yield* Trials.of(found, { server: ports ? listenAddress : undefined, timeout })
    const permits = Semaphore.makeUnsafe(concurrency)
    const running = yield* Effect.forEach(trials, ({ run }) => Effect.forkScoped(permits.withPermit(run)))
    let failed = 0
    for (const [index, trial] of trials.entries()) {
      const verdict = yield* Progress.waitingFor(trial.what)(Fiber.join(running[index]!))
      if (verdict._tag === "Bad") failed += 1
      yield* Console.log(Trial.render(trial, verdict))
    }
    if (failed > 0) return yield* giveUp(`${failed} of ${trials.length} failed`)
    if (found.error !== undefined) return yield* giveUp("not all blocks could be built, and be tried")
  },
  Effect.scoped,
  // What is the matter is said of each thing that is tried.
  Effect.provide([Transport.layer, Logger.layer([])]),
  Effect.provideService(BeforeTrust, Authorities.trustSystem)
)
