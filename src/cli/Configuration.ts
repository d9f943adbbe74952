/**
 * The configuration of a run: what is at its path, in force until that is read again and found right.
 */
import { Cause, Clock, Data, Effect, Metric, Result, type Scope, Semaphore } from "effect"
import { createHash } from "node:crypto"
import * as Engine from "../engine/Engine.ts"
import type { InvalidConfiguration } from "../engine/InvalidConfiguration.ts"
import type * as Plan from "../engine/Plan.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import type { Source } from "../syntax/Source.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Series from "../telemetry/Series.ts"
import * as ForeignBlocks from "./ForeignBlocks.ts"

/** A defect of ours. It costs a reload, not what runs. */
export class Defect extends Data.TaggedError("Defect") {
  override readonly message = "an unexpected error, which the log has"
}

export interface Configuration<E> {
  readonly engine: Engine.Engine
  /** Reads the path again. What fails is counted and logged, and what runs goes on. */
  readonly reload: Effect.Effect<void, InvalidConfiguration | Defect | E>
}

/** Runs what `read` gives until the scope closes. `reloaded` is done after each reload, before the next one. */
export const start = Effect.fnUntraced(function*<R, E extends { readonly message: string }>(
  first: Plan.Plan<R>,
  read: Effect.Effect<ReadonlyArray<Source>, E>,
  reloaded: (engine: Engine.Engine) => Effect.Effect<void> = () => Effect.void
): Effect.fn.Return<Configuration<E>, InvalidConfiguration, R | Scope.Scope> {
  const state = { isSuccessful: 0, succeededAt: 0, hash: hashOf(first.settings.sources) }
  const succeeded = Effect.map(Clock.currentTimeMillis, (now) => {
    state.isSuccessful = 1
    state.succeededAt = now / 1000
  })
  yield* Gauge.observe(Metrics.lastLoadSuccessful, () => state.isSuccessful)
  yield* Gauge.observe(Metrics.lastLoadSuccessSeconds, () => state.succeededAt)
  yield* Gauge.observe(Metrics.configHash, () => state.hash)
  const loadFailures = (yield* Series.holder)(Metrics.loadFailures)
  const leftOut = new Set<string>()
  /** Each is said once, for as long as it is left out. */
  const tellLeftOut = (ignored: Plan.Plan<R>["ignored"]): Effect.Effect<void> => {
    const others = ignored.filter(({ id }) => !leftOut.has(id))
    leftOut.clear()
    for (const { id } of ignored) leftOut.add(id)
    return ForeignBlocks.log(others)
  }
  yield* tellLeftOut(first.ignored)
  const engine = yield* Engine.start(first)
  yield* succeeded

  // What is read first is in force first.
  const turn = Semaphore.makeUnsafe(1)
  const reload = Effect.gen(function*() {
    const began = yield* Clock.currentTimeMillis
    const sources = yield* read
    const result = yield* Effect.result(engine.reload(sources))
    if (Result.isSuccess(result) || result.failure.isInForce) {
      state.hash = hashOf(sources)
      yield* Effect.flatMap(engine.ignored, tellLeftOut)
    }
    yield* Effect.fromResult(result)
    yield* succeeded
    const millis = (yield* Clock.currentTimeMillis) - began
    yield* Effect.logInfo("config reloaded").pipe(Effect.annotateLogs({ duration: `${millis}ms` }))
  }).pipe(
    Effect.catchDefect((defect) => Effect.andThen(Effect.logError("defect", Cause.die(defect)), new Defect())),
    Effect.tapError((error) => {
      state.isSuccessful = 0
      return Effect.andThen(Metric.update(loadFailures, 1), tell(error))
    }),
    Effect.ensuring(reloaded(engine)),
    turn.withPermit
  )
  return { engine, reload }
})

/** All that is wrong, for who asked for a reload: how it went in a line, and each diagnostic with its excerpt. */
export const problemsIn = (error: InvalidConfiguration | { readonly message: string }): string => {
  const first = `${messageOf(error)}: ${error.message}`
  if (!("diagnostics" in error)) return first
  return `${first}\n\n${Diagnostic.renderAll(error.diagnostics, error.sources, { color: false })}`.trimEnd()
}

const messageOf = (error: InvalidConfiguration | { readonly message: string }): string =>
  "isInForce" in error && error.isInForce
    ? "reloaded, but for what could not be built or changed"
    : "reload failed, nothing has changed"

/** A number, as a gauge wants one: the first 48 bits of the SHA-256 of all texts. */
const hashOf = (sources: ReadonlyArray<Source>): number => {
  const hash = createHash("sha256")
  for (const { bytes } of sources) hash.update(bytes)
  return hash.digest().readUIntBE(0, 6)
}

const tell = (error: InvalidConfiguration | { readonly message: string }): Effect.Effect<void> => {
  const message = messageOf(error)
  if (!("diagnostics" in error)) {
    return Effect.logError(message).pipe(Effect.annotateLogs({ err: error.message }))
  }
  return Effect.forEach(
    error.diagnostics,
    (diagnostic) => Effect.logError(message).pipe(Effect.annotateLogs({ err: Diagnostic.summary([diagnostic]) })),
    { discard: true }
  )
}
