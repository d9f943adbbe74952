/**
 * A configuration, running.
 *
 * Loading has two halves. `check` parses the sources, builds the graph and decodes every block's arguments, with
 * placeholders for the exports of components that do not run yet: it finds all that can be wrong with a text and has no
 * effects. `start` builds the components, dependencies first, each in a scope of its own.
 *
 * Closing the engine's scope closes them side by side: each as soon as everything that refers to it has closed. So sources
 * stop before what they send to is drained, and of independent pipelines none waits for another, as they share the time
 * that a shutdown has. A component that fails to stop holds up nothing either.
 *
 * A first load is all or nothing: if a component cannot be built, those that were are stopped again, in the same way.
 */
import {
  Clock,
  Context,
  Data,
  Effect,
  Exit,
  Latch,
  Layer,
  Metric,
  Option,
  Result,
  Scope as EffectScope,
  Stream
} from "effect"
import * as Scope from "../evaluation/Scope.ts"
import * as Value from "../evaluation/Value.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Parser from "../syntax/Parser.ts"
import { Problems } from "../syntax/Problems.ts"
import type { Range, Source } from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Gauge from "../telemetry/Gauge.ts"
import * as Health from "../telemetry/Health.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Arguments from "./Arguments.ts"
import { ComponentId } from "./Component.ts"
import * as Exposures from "./Exposures.ts"
import * as Graph from "./Graph.ts"
import type { Registry } from "./Registry.ts"

/** What is wrong with a configuration. */
export class ConfigError extends Data.TaggedError("ConfigError")<{
  readonly diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
  /** By their names, with what may be shown of them: for `Diagnostic.renderAll`. */
  readonly sources: ReadonlyMap<string, Source>
}> {
  override get message(): string {
    return Diagnostic.summary(this.diagnostics)
  }
}

export interface Settings<R> {
  readonly sources: ReadonlyArray<Source>
  readonly registry: Registry<R>
  /** What names mean besides components: the standard library. */
  readonly stdlib: ReadonlyMap<string, Value.Value>
}

export interface ComponentStatus {
  readonly id: string
  readonly name: string
  readonly health: Health.Health
}

/** A configuration that runs. */
export interface Engine {
  readonly components: Effect.Effect<ReadonlyArray<ComponentStatus>>
}

export const Engine = Context.Service<Engine>("pyroduct/engine/Engine")

/** Finds every problem of a configuration and starts nothing. */
export const check = <R>(settings: Settings<R>): Result.Result<ReadonlyArray<Graph.Node<R>>, ConfigError> => {
  const parsed = settings.sources.map(Parser.parse)
  const broken = parsed.flatMap((file) => Result.isFailure(file) ? file.failure : [])
  if (broken.length > 0) return Result.fail(errorOf(settings, parsed, broken))
  const files = parsed.flatMap((file) => Result.isSuccess(file) ? [file.success] : [])
  const { isUnresolved, nodes, problems } = Graph.make(
    files,
    settings.registry,
    (name) => settings.stdlib.has(name),
    showing(files, languageOf(settings))
  )
  // What has no label cannot be referred to.
  const named = nodes.filter(({ block }) => block.label !== undefined)
  const scope = scopeOf(
    new Map(named.map((node) => [node.id, placeholdersOf(node)])),
    settings.stdlib
  )
  const all = new Problems()
  for (const problem of problems) all.add(problem)
  for (const { block, component, file } of nodes) {
    const decoded = Arguments.decode(component.arguments, block, file, scope, (place) => isUnresolved(file, place))
    if (Result.isFailure(decoded)) { for (const problem of decoded.failure) all.add(problem) }
  }
  const inOrder = files.flatMap(({ name }) => all.all.filter(({ file }) => file === name).sort(Diagnostic.byPosition))
  return inOrder.length > 0 ? Result.fail(errorOf(settings, parsed, inOrder)) : Result.succeed(nodes)
}

const errorOf = <R>(
  settings: Settings<R>,
  parsed: ReadonlyArray<Parser.Parsed>,
  diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
): ConfigError => {
  const language = languageOf(settings)
  return new ConfigError({
    diagnostics,
    sources: new Map(
      settings.sources.map((source, index) => [source.name, Exposures.mask(source, parsed[index]!, language)])
    )
  })
}

const languageOf = <R>({ registry, stdlib }: Settings<R>): Exposures.Language => {
  const own = new Set(Array.from(registry.components.keys(), (name) => name.split(".", 1)[0]!))
  return { registry, isKnown: (name) => stdlib.has(name) || own.has(name) || Graph.namespaces.has(name) }
}

/** Whether the name that begins there may be shown. */
const showing = (files: ReadonlyArray<Tree.File>, language: Exposures.Language) => {
  const hiddenIn = (file: Tree.File): ReadonlySet<number> =>
    new Set(Exposures.hiddenIn(file, language).map(({ range }) => range.start.offset))
  let hidden: ReadonlyMap<string, ReadonlySet<number>> | undefined
  return ({ start }: Range, file: string): boolean => {
    // Most configurations refer to nothing that is not there.
    hidden ??= new Map(files.map((file) => [file.name, hiddenIn(file)]))
    return hidden.get(file)?.has(start.offset) !== true
  }
}

/** Runs a configuration until the scope closes. */
export const start = Effect.fn("Engine.start")(function*<R>(
  settings: Settings<R>
): Effect.fn.Return<Engine, ConfigError, R | EffectScope.Scope> {
  const nodes = yield* Effect.fromResult(check(settings))
  const exports = new Map<string, Value.Value>()
  const running: Array<Running> = []
  const diagnostics: Array<Diagnostic.Diagnostic> = []
  const failed = new Set<Graph.Node<R>>()
  const scope = yield* EffectScope.fork(yield* Effect.scope)
  yield* EffectScope.provide(publishHealth(running), scope)
  const scopeFor = yield* componentScopes(nodes).pipe(EffectScope.provide(scope))

  for (const node of nodes) {
    const built = node.dependencies.some((dependency) => failed.has(dependency))
      ? Result.fail([])
      : yield* build(node, scopeOf(exports, settings.stdlib), running).pipe(
        EffectScope.provide(scopeFor(node)),
        Effect.result
      )
    if (Result.isSuccess(built)) exports.set(node.id, built.success)
    else {
      failed.add(node)
      diagnostics.push(...built.failure)
    }
  }
  if (diagnostics.length > 0) {
    yield* EffectScope.close(scope, Exit.void)
    return yield* errorOf(settings, settings.sources.map(Parser.parse), diagnostics)
  }
  return { components: Effect.sync(() => running.map(statusOf)) }
})

/** A scope for each component. When the scope around them closes, each closes as soon as it may. */
const componentScopes = Effect.fnUntraced(function*<R>(nodes: ReadonlyArray<Graph.Node<R>>) {
  const around = yield* EffectScope.fork(yield* Effect.scope, "parallel")
  const stopsAfter = Graph.stopsAfter(nodes)
  const own = new Map(nodes.map((node) => [node, { scope: EffectScope.makeUnsafe(), closed: Latch.makeUnsafe(false) }]))
  for (const [node, { closed, scope }] of own) {
    const others = stopsAfter(node).map((other) => own.get(other)!.closed.await)
    yield* EffectScope.addFinalizerExit(around, (exit) =>
      Effect.all(others, { discard: true }).pipe(
        Effect.andThen(EffectScope.close(scope, exit)),
        Effect.ensuring(closed.open)
      ))
  }
  return (node: Graph.Node<R>): EffectScope.Scope => own.get(node)!.scope
})

export const layer = <R>(settings: Settings<R>): Layer.Layer<Engine, ConfigError, R> =>
  Layer.effect(Engine, start(settings))

interface Running {
  readonly node: { readonly id: string; readonly component: { readonly name: string } }
  readonly health: { run: Health.Health; own: Health.Health | undefined }
}

const statusOf = ({ health, node }: Running): ComponentStatus => ({
  id: node.id,
  name: node.component.name,
  health: health.own === undefined ? health.run : Health.worst(health.run, health.own)
})

/** Builds one component, in its scope, and gives its exports. */
const build = Effect.fnUntraced(function*<R>(
  node: Graph.Node<R>,
  scope: Scope.Scope,
  running: Array<Running>
): Effect.fn.Return<Value.Value, ReadonlyArray<Diagnostic.Diagnostic>, R | EffectScope.Scope> {
  const args = yield* Effect.fromResult(Arguments.decode(node.component.arguments, node.block, node.file, scope))
  const now = yield* Clock.currentTimeMillis
  const component: Running = {
    node,
    health: { run: { state: "unknown", message: "component created", updatedAt: now }, own: undefined }
  }
  running.push(component)
  const attributes = yield* Metric.CurrentMetricAttributes
  const componentScope = yield* Effect.scope
  // Added before what the Layer adds, so that it runs after all of that.
  yield* EffectScope.addFinalizer(
    componentScope,
    Effect.map(Clock.currentTimeMillis, (updatedAt) => {
      component.health.run = { state: "exited", message: "component shut down cleanly", updatedAt }
    })
  )
  const context = yield* Layer.fresh(node.component.layer(args)).pipe(
    Layer.buildWithScope(componentScope),
    Effect.mapError((error) => [
      Diagnostic.error(`Failed to build component: ${error.message}`, node.file, node.block.nameRange)
    ]),
    Effect.provideService(ComponentId, node.id),
    Effect.provideService(Health.Reporter, reporter(component)),
    Effect.provideService(Metric.CurrentMetricAttributes, {
      ...attributes,
      component_id: node.id,
      component_path: "/"
    }),
    Effect.annotateLogs({ component_path: "/", component_id: node.id })
  )
  component.health.run = {
    state: "healthy",
    message: "started component",
    updatedAt: yield* Clock.currentTimeMillis
  }
  const exports = yield* Effect.forEach(
    Object.entries(node.component.exports),
    ([name, e]) =>
      Effect.map(
        Stream.runHead(e.make().values(context)),
        (first) => [name, Option.getOrElse(first, () => Value.nil)] as const
      )
  )
  return Value.object(exports)
})

const reporter = ({ health }: Running): Health.Reporter => {
  const problems = new Map<string, string>()
  return {
    problem: (about, message) =>
      Effect.map(Clock.currentTimeMillis, (updatedAt) => {
        if (message === undefined) problems.delete(about)
        else problems.set(about, message)
        health.own = problems.size === 0
          ? { state: "healthy", message: "recovered", updatedAt }
          : { state: "unhealthy", message: [...problems.values()].join("; "), updatedAt }
      })
  }
}

const placeholdersOf = <R>({ component }: Graph.Node<R>): Value.Value =>
  Value.object(Object.entries(component.exports).map(([name, { placeholder }]) => [name, placeholder]))

/** `pyroscope.write.a` and `pyroscope.write.b` as the object `pyroscope` that names lead into. */
const scopeOf = (exports: ReadonlyMap<string, Value.Value>, stdlib: ReadonlyMap<string, Value.Value>): Scope.Scope => {
  const root: Names = new Map()
  for (const [id, value] of exports) {
    const path = id.split(".")
    let names = root
    for (const name of path.slice(0, -1)) {
      const next = names.get(name)
      const inner: Names = next instanceof Map ? next : new Map()
      names.set(name, inner)
      names = inner
    }
    names.set(path.at(-1)!, value)
  }
  return Scope.make(new Map([...root].map(([name, inner]) => [name, valueOf(inner)])), stdlib)
}

type Names = Map<string, Names | Value.Value>

const valueOf = (names: Names | Value.Value): Value.Value =>
  names instanceof Map ? Value.object([...names].map(([name, inner]) => [name, valueOf(inner)])) : names

/** Counts the components by health whenever somebody looks. */
const publishHealth = (running: ReadonlyArray<Running>): Effect.Effect<void, never, EffectScope.Scope> =>
  Effect.forEach(
    ["healthy", "unhealthy", "unknown", "exited"],
    (state) =>
      Gauge.observe(
        Metrics.runningComponents({ health_type: state }),
        () => running.filter((component) => statusOf(component).health.state === state).length
      ),
    { discard: true }
  )
