/**
 * A running block: the component that its arguments have made, its exports and its health.
 *
 * An evaluation decodes the block's arguments. Where they are equal to those that run, nothing happens. Else a component
 * is built from them, in a scope of its own, beside the one that runs; once it is there the exports and handles that
 * others hold are switched to it, and the old one's scope closes. Whatever fails on the way leaves the old one running,
 * with its exports, and is the block's health until an evaluation succeeds.
 */
import {
  Cause,
  Clock,
  type Context,
  Deferred,
  Effect,
  Equal,
  Exit,
  Latch,
  Layer,
  Metric,
  Result,
  Scope as EffectScope,
  Stream,
  SubscriptionRef
} from "effect"
import type * as Scope from "../evaluation/Scope.ts"
import * as Value from "../evaluation/Value.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as DebugInfo from "../telemetry/DebugInfo.ts"
import * as Health from "../telemetry/Health.ts"
import * as Arguments from "./Arguments.ts"
import { ComponentId, type Exported } from "./Component.ts"
import type * as Graph from "./Graph.ts"
import * as Plan from "./Plan.ts"

/** A component that has been built, and what it was built from. */
interface Build<R> {
  node: Graph.Node<R>
  readonly arguments: unknown
  /** What names meant to its block. */
  names: Scope.Scope
  dependencies: ReadonlyArray<Instance<R>>
  readonly scope: EffectScope.Closeable
  readonly closed: Latch.Latch
  /** Its exports so far, by name. */
  readonly exports: Map<string, Value.Value>
  /** What it says of itself. */
  readonly problems: Map<string, string>
  health: Health.Health | undefined
  readonly info: Set<() => DebugInfo.Info>
}

/** What an engine does for its instances. */
export interface Environment<R> {
  /** Of the components' Layers. */
  readonly context: Context.Context<R>
  readonly stdlib: ReadonlyMap<string, Value.Value>
  /** The exports of an instance are not what they were. */
  readonly changed: (instance: Instance<R>) => void
  /** Runs what ends a component that has been replaced, in the background. */
  readonly end: (closing: Effect.Effect<void>) => void
}

/** Why an evaluation has failed. Empty where the reason is what its block refers to, which has failed itself. */
export type Failure = ReadonlyArray<Diagnostic.Diagnostic>

export class Instance<R> {
  readonly id: string
  /** Its block in the configuration that is in force; what runs may be older. */
  node: Graph.Node<R>
  /** Nothing before there is a component, but for handles. */
  readonly exports: SubscriptionRef.SubscriptionRef<Value.Value | undefined>
  private readonly environment: Environment<R>
  private readonly exported: ReadonlyArray<readonly [name: string, exported: Exported<never>]>
  /** The components that refer to it. */
  readonly users = new Set<Build<R>>()
  private build: Build<R> | undefined
  /** How its last evaluation went. */
  evaluation: Health.Health
  private run: Health.Health

  private constructor(
    node: Graph.Node<R>,
    environment: Environment<R>,
    exported: Instance<R>["exported"],
    exports: Instance<R>["exports"],
    now: number
  ) {
    this.id = node.id
    this.node = node
    this.environment = environment
    this.exported = exported
    this.exports = exports
    this.run = { state: "unknown", message: "component created", updatedAt: now }
    this.evaluation = this.run
  }

  static make = Effect.fnUntraced(function*<R>(node: Graph.Node<R>, environment: Environment<R>) {
    const exported = Object.entries(node.component.exports).map(([name, e]) => [name, e.make(node.id)] as const)
    const handles = exported.flatMap(([name, { initial }]) => initial === undefined ? [] : [[name, initial] as const])
    const initial = handles.length === exported.length ? Value.object(handles) : undefined
    const exports = yield* SubscriptionRef.make(initial)
    return new Instance(node, environment, exported, exports, yield* Clock.currentTimeMillis)
  })

  /** The worst of what its run, its last evaluation and the component itself say, the newest of equally bad ones. */
  get health(): Health.Health {
    const own = this.build?.health
    return Health.worst(this.run, this.evaluation, ...(own === undefined ? [] : [own]))
  }

  /** What runs: the block it was made from, and what names meant to it. */
  get running(): { readonly node: Graph.Node<R>; readonly names: Scope.Scope } | undefined {
    return this.build
  }

  /** Of what runs. */
  get dependencies(): ReadonlyArray<Instance<R>> {
    return this.build?.dependencies ?? []
  }

  get debugInfo(): DebugInfo.Info | undefined {
    const info = [...this.build?.info ?? []].map((read) => read())
    return info.length === 0 ? undefined : Object.assign({}, ...info)
  }

  /** Makes what runs agree with the block and with the exports of what it refers to, its `dependencies`. */
  evaluate(dependencies: ReadonlyArray<Instance<R>>): Effect.Effect<void, Failure> {
    return Effect.suspend(() => {
      const { node } = this
      const exports: Array<readonly [id: string, exports: Value.Value]> = []
      const missing: Array<string> = []
      for (const dependency of dependencies) {
        const value = SubscriptionRef.getUnsafe(dependency.exports)
        if (value === undefined) missing.push(dependency.id)
        else exports.push([dependency.id, value])
      }
      if (missing.length > 0) {
        return Effect.andThen(this.failed(`${missing.join(", ")} has not been built`), Effect.fail<Failure>([]))
      }
      const names = Plan.scopeOf(exports, this.environment.stdlib)
      const decoded = Arguments.decode(node.component.arguments, node.block, node.file, names)
      if (Result.isFailure(decoded)) {
        const text = Diagnostic.summary(decoded.failure)
        return Effect.andThen(this.failed(`decoding configuration: ${text}`), Effect.fail(decoded.failure))
      }
      const { build } = this
      if (build !== undefined && Equal.equals(build.arguments, decoded.success)) {
        // The text may say the same in other words, and in another place.
        build.node = node
        build.names = names
        leave(build)
        build.dependencies = dependencies
        join(build)
        return this.succeeded
      }
      return this.replace({
        node,
        arguments: decoded.success,
        names,
        dependencies,
        scope: EffectScope.makeUnsafe(),
        closed: Latch.makeUnsafe(),
        exports: new Map(),
        problems: new Map(),
        health: undefined,
        info: new Set()
      })
    })
  }

  /** Ends it, once everything that refers to it has ended. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { build } = this
      const others = Array.from(this.users, ({ closed }) => closed.await)
      const own = build === undefined ? Effect.void : this.end(build)
      return Effect.andThen(Effect.all(others, { discard: true }), own)
    })
  }

  private replace(next: Build<R>): Effect.Effect<void, Failure> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function*() {
        join(next)
        const built = yield* Effect.exit(restore(this.start(next)))
        if (Exit.isFailure(built)) {
          yield* Effect.ignoreCause(this.end(next))
          return yield* built
        }
        const { build: old } = this
        this.build = next
        yield* this.publish(next)
        yield* this.succeeded
        if (old === undefined) {
          this.run = { ...this.evaluation, message: "started component" }
        } else this.environment.end(this.end(old))
      })
    )
  }

  /** Builds the component and waits for the first value of each of its exports. */
  private start(next: Build<R>): Effect.Effect<void, Failure> {
    const { context } = this.environment
    const { file, block, component, id } = next.node
    return Effect.gen({ self: this }, function*() {
      const attributes = yield* Metric.CurrentMetricAttributes
      const services = yield* Layer.fresh(component.layer(next.arguments)).pipe(
        Layer.buildWithScope(next.scope),
        Effect.provideService(ComponentId, id),
        Effect.provideService(Health.Reporter, this.reporter(next)),
        Effect.provideService(DebugInfo.Reporter, shower(next)),
        Effect.provideService(Metric.CurrentMetricAttributes, {
          ...attributes,
          component_id: id,
          component_path: "/"
        })
      )
      for (const [name, exported] of this.exported) yield* this.follow(next, name, exported.values(services))
    }).pipe(
      Effect.raceFirst(impatience),
      Effect.annotateLogs({ component_path: "/", component_id: id }),
      Effect.catchCause((cause) => {
        const message = messageOf(cause)
        return Effect.andThen(
          this.failed(`building component: ${message}`),
          Effect.fail<Failure>([Diagnostic.error(`Failed to build component: ${message}`, file, block.nameRange)])
        )
      }),
      Effect.provideContext(context)
    )
  }

  private follow(
    next: Build<R>,
    name: string,
    values: Stream.Stream<Value.Value>
  ): Effect.Effect<void, { readonly message: string }> {
    const first = Deferred.makeUnsafe<void, { readonly message: string }>()
    const following = Stream.runForEach(values, (value) =>
      Effect.suspend(() => {
        next.exports.set(name, value)
        Deferred.doneUnsafe(first, Effect.void)
        return this.publish(next)
      })).pipe(
        Effect.andThen(Deferred.fail(first, { message: `the export ${name} has no value` })),
        Effect.catchCause((cause) => {
          const message = `the export ${name} fails: ${messageOf(cause)}`
          return Effect.all([
            Deferred.fail(first, { message }),
            this.reporter(next).problem(name, message),
            Effect.logError(`the export ${name} changes no more`, cause)
          ], { discard: true })
        })
      )
    return Effect.andThen(
      Effect.forkIn(following, next.scope, { startImmediately: true }),
      Deferred.await(first)
    )
  }

  /** Lets others see the exports of what runs, all of them at once. */
  private publish(build: Build<R>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.build !== build) return Effect.void
      const value = Value.object(this.exported.map(([name]) => [name, build.exports.get(name) ?? Value.nil]))
      if (Equal.equals(SubscriptionRef.getUnsafe(this.exports), value)) return Effect.void
      return Effect.andThen(
        SubscriptionRef.set(this.exports, value),
        Effect.sync(() => this.environment.changed(this))
      )
    })
  }

  private end(build: Build<R>): Effect.Effect<void> {
    const ended = Effect.map(Clock.currentTimeMillis, (updatedAt) => {
      if (this.build === build) {
        this.run = { state: "exited", message: "component shut down cleanly", updatedAt }
      }
      leave(build)
      build.closed.openUnsafe()
    })
    return Effect.ensuring(EffectScope.close(build.scope, Exit.void), ended)
  }

  // ---- health ----

  private get succeeded(): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (updatedAt) => {
      this.evaluation = { state: "healthy", message: "component evaluated", updatedAt }
    })
  }

  private failed(why: string): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (updatedAt) => {
      const message = `component evaluation failed: ${why}`
      this.evaluation = { state: "unhealthy", message, updatedAt }
    })
  }

  private reporter(build: Build<R>): Health.Reporter {
    const { problems } = build
    return {
      problem: (about, message) =>
        Effect.map(Clock.currentTimeMillis, (updatedAt) => {
          if (message === undefined) problems.delete(about)
          else problems.set(about, message)
          build.health = problems.size === 0
            ? { state: "healthy", message: "recovered", updatedAt }
            : { state: "unhealthy", message: [...problems.values()].join("; "), updatedAt }
        })
    }
  }
}

/** What it refers to ends after it. */
const join = <R>(build: Build<R>): void => {
  for (const { users } of build.dependencies) users.add(build)
}
const leave = <R>(build: Build<R>): void => {
  for (const { users } of build.dependencies) users.delete(build)
}

const messageOf = (cause: Cause.Cause<{ readonly message: string }>): string => {
  const error = Cause.findError(cause)
  if (Result.isSuccess(error)) return error.success.message
  return Cause.hasInterruptsOnly(cause) ? "it was interrupted" : String(Cause.squash(cause))
}

/** While a component is being built others wait for it, a reload as well: somebody should know, and it has an end. */
const impatience = Effect.gen(function*() {
  yield* Effect.sleep("5 seconds")
  yield* Effect.logWarning("the component is still being built")
  yield* Effect.sleep("55 seconds")
  return yield* Effect.fail({ message: "it takes longer than a minute" })
})

const shower = <R>({ info }: Build<R>): DebugInfo.Reporter => ({
  show: (read) =>
    Effect.acquireRelease(
      Effect.sync(() => void info.add(read)),
      () => Effect.sync(() => void info.delete(read))
    )
})
