/**
 * A configuration, running, and kept up with what it depends on.
 *
 * It reconciles a `Plan` with the `Instance`s that run. `start` builds the components of a first one, dependencies first
 * and sources last; it is all or nothing: if a component cannot be built, those that were are stopped again. `reload`
 * takes another: a text that is wrong changes nothing; of one that is right, blocks that say what they said before go on
 * untouched, others are built anew beside what runs, and what is gone stops once nobody refers to it any more. A block
 * that cannot be built keeps what it has, and costs no other.
 *
 * When the exports of a component change, the blocks that refer to it are evaluated again: each at once, and then at most
 * ten times a second, whatever the number of changes. A block is never evaluated twice at a time, nor beside a reload.
 *
 * Closing the engine's scope stops the components side by side: each as soon as everything that refers to it has stopped.
 * So sources stop before what they send to is drained, and of independent pipelines none waits for another, as they share
 * the time that a shutdown has. A component that fails to stop holds up nothing either.
 */
import {
  Cause,
  Context,
  Effect,
  Exit,
  Fiber,
  Latch,
  Layer,
  type Scope as EffectScope,
  Semaphore,
  SubscriptionRef
} from "effect"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import type { Source } from "../syntax/Source.ts"
import type { ComponentDetail, ComponentStatus } from "../telemetry/ComponentStatus.ts"
import type * as DebugInfo from "../telemetry/DebugInfo.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import type * as Health from "../telemetry/Health.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Exposures from "./Exposures.ts"
import * as Graph from "./Graph.ts"
import { type Failure, Instance } from "./Instance.ts"
import type { InvalidConfiguration } from "./InvalidConfiguration.ts"
import * as Plan from "./Plan.ts"
import * as Rendering from "./Rendering.ts"

/** A configuration that runs. */
export interface Engine {
  /** Those of the text in force, in the order to start them. */
  readonly components: Effect.Effect<ReadonlyArray<ComponentStatus>>
  /** One of them by its id, with all that can be seen of it. */
  readonly component: (id: string) => Effect.Effect<ComponentDetail | undefined>
  /** What it shows of itself, if it shows anything. */
  readonly debugInfo: (id: string) => Effect.Effect<DebugInfo.Info | undefined>
  /**
   * Blocks of the text in force that are left out.
   *
   * @internal
   */
  readonly ignored: Effect.Effect<ReadonlyArray<Graph.Ignored>>
  /**
   * Puts another text in force. Fails with all that is wrong with it: then either nothing has changed, or it
   * `isInForce` but for the blocks that could not be built. It cannot be interrupted by who asks for it.
   */
  readonly reload: (sources: ReadonlyArray<Source>) => Effect.Effect<void, InvalidConfiguration>
}

export const Engine = Context.Service<Engine>("pyroduct/engine/Engine")

/** For a block whose dependencies change without end. */
const pause = "100 millis"

/** For what has been replaced or removed to end, where a block could not be built beside it. */
const patience = "5 seconds"

/** Runs a configuration until the scope closes. */
export const start = Effect.fn("Engine.start")(function*<R>(
  first: Plan.Plan<R>
): Effect.fn.Return<Engine, InvalidConfiguration, R | EffectScope.Scope> {
  const scope = yield* Effect.scope
  const context = yield* Effect.context<R>()
  const turn = Semaphore.makeUnsafe(1)
  let plan = first
  let instances: ReadonlyMap<string, Instance<R>> = new Map()
  /** Of each, those whose blocks refer to it. */
  let dependants: ReadonlyMap<Instance<R>, ReadonlyArray<Instance<R>>> = new Map()
  const endings = new Set<Fiber.Fiber<void>>()
  /** Since the last look. */
  let hasEnded = false

  const end = (ending: Effect.Effect<void>): void => {
    hasEnded = true
    const fiber = Effect.runForkWith(context)(
      Effect.catchCause(ending, (cause) => Effect.logError("a component has not stopped well", cause))
    )
    endings.add(fiber)
    fiber.addObserver(() => endings.delete(fiber))
  }
  const environment = {
    context,
    stdlib: first.settings.stdlib,
    changed: (instance: Instance<R>) => {
      for (const dependant of dependants.get(instance) ?? []) outdated(dependant)
    },
    end
  }
  const dependenciesOf = (instance: Instance<R>): ReadonlyArray<Instance<R>> =>
    instance.node.dependencies.map(({ id }) => instances.get(id)!)

  // ---- what changes by itself ----

  let isPaused = true
  const stale = new Set<Instance<R>>()
  const evaluations = new Map<Instance<R>, Fiber.Fiber<void>>()

  const evaluate = (instance: Instance<R>): Effect.Effect<void, Failure> =>
    Effect.suspend(() => {
      stale.delete(instance)
      return instance.evaluate(dependenciesOf(instance))
    }).pipe(Effect.trackDuration(Metrics.evaluationSeconds))

  const follow = Effect.fnUntraced(function*(instance: Instance<R>) {
    // What changes together is taken together.
    yield* Effect.yieldNow
    while (stale.has(instance)) {
      const before = instance.evaluation
      yield* Effect.ignore(evaluate(instance))
      yield* tell(instance, before)
      yield* Effect.sleep(pause)
    }
  })
  const outdated = (instance: Instance<R>): void => {
    stale.add(instance)
    if (isPaused || evaluations.has(instance)) return
    const fiber = Effect.runForkWith(context)(follow(instance))
    evaluations.set(instance, fiber)
    fiber.addObserver(() => {
      evaluations.delete(instance)
      if (stale.has(instance)) outdated(instance)
    })
  }
  const hold = Effect.suspend(() => {
    isPaused = true
    return Fiber.interruptAll([...evaluations.values()])
  })
  const goOn = Effect.sync(() => {
    isPaused = false
    for (const instance of stale) outdated(instance)
  })

  // ---- what a text changes ----

  type Failures = Map<Instance<R>, Failure>

  /** Evaluates blocks, each once those of them that it refers to have been, and notes what goes wrong with which. */
  const evaluateEach = (some: ReadonlyArray<Instance<R>>, failed: Failures, isFirst: boolean) =>
    sideBySide(some, dependenciesOf, (instance) =>
      Effect.suspend(() =>
        // Of a first configuration all is stopped again.
        isFirst && dependenciesOf(instance).some((other) => failed.has(other))
          ? Effect.fail<Failure>([])
          : evaluate(instance)
      ).pipe(Effect.catch((failure) => Effect.sync(() => void failed.set(instance, failure)))))
  const evaluateAll = (failed: Failures, isFirst: boolean) => {
    const all = [...instances.values()]
    if (!isFirst) return evaluateEach(all, failed, isFirst)
    // Sources begin once all is there.
    return Effect.andThen(
      evaluateEach(all.filter((instance) => !isSource(instance)), failed, isFirst),
      evaluateEach(all.filter(isSource), failed, isFirst)
    )
  }
  const isSource = (instance: Instance<R>): boolean =>
    instance.node.dependencies.length > 0 && !dependants.has(instance)

  const apply = Effect.fnUntraced(function*(next: Plan.Plan<R>, isFirst: boolean) {
    const old = instances
    const made = new Map<string, Instance<R>>()
    const users = new Map<Instance<R>, Array<Instance<R>>>()
    for (const node of next.nodes) {
      const instance = old.get(node.id) ?? (yield* Instance.make(node, environment))
      instance.node = node
      made.set(node.id, instance)
      for (const { id } of node.dependencies) {
        const dependency = made.get(id)!
        const others = users.get(dependency)
        if (others === undefined) users.set(dependency, [instance])
        else others.push(instance)
      }
    }
    plan = next
    instances = made
    dependants = users
    hasEnded = false
    const leave = Effect.sync(() => {
      for (const [id, instance] of old) {
        if (made.has(id)) continue
        stale.delete(instance)
        end(instance.close)
      }
    })
    const failed: Failures = new Map()
    yield* Effect.forEach(next.warnings, warn, { discard: true })
    // A shutdown may be in the middle of it.
    yield* Effect.ensuring(evaluateAll(failed, isFirst), leave)
    if (failed.size > 0 && (hasEnded || endings.size > 0)) {
      // A port may be free now.
      yield* Effect.timeoutOption(Fiber.awaitAll([...endings]), patience)
      const again = [...failed.keys()]
      failed.clear()
      yield* evaluateEach(again, failed, isFirst)
    }
    return [...failed.values()].flat()
  })

  const reload = Effect.fnUntraced(function*(sources: ReadonlyArray<Source>) {
    const next = yield* Effect.fromResult(Plan.check({ ...plan.settings, sources }))
    yield* hold
    const diagnostics = yield* Effect.ensuring(apply(next, false), goOn)
    if (diagnostics.length > 0) return yield* next.error(diagnostics, true)
  })

  // ---- the end ----

  const stop = Effect.gen(function*() {
    yield* hold
    const all = [...instances.values()].reverse()
    const exits = yield* sideBySide(all, Graph.stopsAfter(all), (instance) => Effect.exit(instance.close))
    yield* Fiber.awaitAll([...endings])
    const reasons = exits.flatMap((exit) => Exit.isFailure(exit) ? exit.cause.reasons : [])
    if (reasons.length > 0) return yield* Effect.failCause(Cause.fromReasons(reasons))
  })

  yield* publishHealth(() => [...instances.values()])
  yield* Effect.addFinalizer(() => stop)
  const diagnostics = yield* apply(first, true)
  if (diagnostics.length > 0) {
    yield* Effect.ignoreCause(stop)
    instances = new Map()
    return yield* first.error(diagnostics, false)
  }
  yield* goOn

  const statusOf = (instance: Instance<R>): ComponentStatus => {
    const { component, dependencies, id, block } = instance.node
    return {
      id,
      name: component.name,
      label: block.label?.name,
      health: instance.health,
      referencesTo: dependencies.map((dependency) => dependency.id),
      referencedBy: (dependants.get(instance) ?? []).map((dependant) => dependant.id)
    }
  }
  return {
    components: Effect.sync(() => Array.from(instances.values(), statusOf)),
    component: (id) =>
      Effect.sync(() => {
        const instance = instances.get(id)
        return instance && { ...statusOf(instance), ...insideOf(instance) }
      }),
    debugInfo: (id) => Effect.sync(() => instances.get(id)?.debugInfo),
    ignored: Effect.sync(() => plan.ignored),
    reload: (sources) => Effect.flatMap(Effect.forkIn(turn.withPermit(reload(sources)), scope), Fiber.join)
  }
})

/** Checks a configuration, and runs it until the scope closes. */
export const make = <R>(
  settings: Plan.Settings<R>
): Effect.Effect<Engine, InvalidConfiguration, R | EffectScope.Scope> =>
  Effect.flatMap(Effect.fromResult(Plan.check(settings)), start)

/** Checks a configuration, and runs it for as long as the Layer lives. */
export const layer = <R>(settings: Plan.Settings<R>): Layer.Layer<Engine, InvalidConfiguration, R> =>
  Layer.effect(Engine, make(settings))

/** Does something with each as soon as it is done with those of them that are `before` it. */
const sideBySide = <R, A>(
  some: ReadonlyArray<Instance<R>>,
  before: (instance: Instance<R>) => ReadonlyArray<Instance<R>>,
  act: (instance: Instance<R>) => Effect.Effect<A>
): Effect.Effect<ReadonlyArray<A>> => {
  const done = new Map(some.map((instance) => [instance, Latch.makeUnsafe()]))
  return Effect.forEach(
    some,
    (instance) =>
      Effect.forEach(before(instance), (other) => done.get(other)?.await ?? Effect.void, { discard: true }).pipe(
        Effect.andThen(act(instance)),
        Effect.ensuring(done.get(instance)!.open)
      ),
    { concurrency: "unbounded" }
  )
}

/** What runs, which is older than the text where that could not be put in force. */
const insideOf = <R>({ debugInfo, exports, running }: Instance<R>) => {
  const value = SubscriptionRef.getUnsafe(exports)
  return {
    arguments: running === undefined
      ? []
      : Rendering.argumentsOf(
        running.node.block,
        running.names,
        Exposures.ofArguments(running.node.component.arguments)
      ),
    exports: value?._tag === "Object" ? Rendering.exportsOf(value.fields) : [],
    debugInfo
  }
}

const warn = ({ diagnostic, id }: Plan.Warning): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWarning(Diagnostic.summary([diagnostic])), { component_path: "/", component_id: id })

/** What changes by itself fails with nobody waiting for it. */
const tell = <R>({ evaluation, id }: Instance<R>, before: Health.Health): Effect.Effect<void> => {
  const told = evaluation.state === "unhealthy"
    ? evaluation.message === before.message ? Effect.void : Effect.logError(evaluation.message)
    : before.state === "unhealthy"
    ? Effect.logInfo(evaluation.message)
    : Effect.logDebug(evaluation.message)
  return Effect.annotateLogs(told, { component_path: "/", component_id: id })
}

/** Counts the components by health whenever somebody looks. */
const publishHealth = <R>(
  instances: () => ReadonlyArray<Instance<R>>
): Effect.Effect<void, never, EffectScope.Scope> =>
  Effect.forEach(
    ["healthy", "unhealthy", "unknown", "exited"],
    (state) =>
      Gauge.observe(
        Metrics.runningComponents({ health_type: state }),
        () => instances().filter(({ health }) => health.state === state).length
      ),
    { discard: true }
  )
