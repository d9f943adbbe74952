/**
 * Components that show what runs, and whose exports change when a test says so.
 */
import { Duration, Effect, Equal, Layer, Schema, Stream, SubscriptionRef } from "effect"
import * as Component from "../../src/engine/Component.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Value from "../../src/evaluation/Value.ts"
import { NoDisk } from "./components.ts"

const Arguments = Schema.Struct({
  to: Decode.withDefault(Decode.list(Decode.String), []),
  count: Decode.withDefault(Decode.Int, 0)
})
type Arguments = typeof Arguments.Type

/** A component that has been built. */
export interface Built {
  readonly id: string
  readonly args: Arguments
}

export interface World {
  /** `node` with labels, and `one` without. */
  readonly registry: Registry.Registry<never>
  /** What runs, in the order in which it was built. */
  readonly running: () => ReadonlyArray<Built>
  readonly builds: () => number
  /** Changes the export `out` of a block, which is `text` at first. */
  readonly set: (id: string, text: string) => Effect.Effect<void>
  /** What was built and has stopped since the last time this was asked: `+id` and `-id`. */
  readonly events: () => ReadonlyArray<string>
}

/** What has `broken` in its `to` cannot be built; with a negative `count` neither while one of as much runs. */
export const make = (buildTime: Duration.Input = 0): World => {
  const running = new Set<Built>()
  const outs = new Map<string, SubscriptionRef.SubscriptionRef<string>>()
  let builds = 0
  let events: Array<string> = []
  const outOf = (id: string): SubscriptionRef.SubscriptionRef<string> => {
    const out = outs.get(id) ?? Effect.runSync(SubscriptionRef.make("text"))
    outs.set(id, out)
    return out
  }
  const layer = (args: Arguments) =>
    Layer.effectDiscard(Effect.gen(function*() {
      const id = yield* Component.ComponentId
      if (Duration.toMillis(buildTime) > 0) yield* Effect.sleep(buildTime)
      if (args.to.includes("broken")) return yield* new NoDisk({ message: "no disk" })
      if (args.count < 0 && [...running].some((other) => other.args.count === args.count && other.id !== id)) {
        return yield* new NoDisk({ message: "in use" })
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const built = { id, args }
          builds += 1
          running.add(built)
          events.push(`+${id}`)
          return built
        }),
        (built) =>
          Effect.sync(() => {
            running.delete(built)
            events.push(`-${id}`)
          })
      )
    }))
  const out: Component.Export<never> = {
    placeholder: Value.unknown,
    make: (id) => ({ initial: undefined, values: () => texts(outOf(id)) })
  }
  const node: Component.Component<Arguments, never, NoDisk> = {
    name: "node",
    arguments: Arguments,
    exports: { out },
    layer
  }
  return {
    registry: Registry.make(node, { ...node, name: "one", isSingleton: true, exports: {} }),
    running: () => [...running],
    builds: () => builds,
    set: (id, text) => SubscriptionRef.set(outOf(id), text),
    events: () => {
      const past = events
      events = []
      return past
    }
  }
}

const texts = (out: SubscriptionRef.SubscriptionRef<string>): Stream.Stream<Value.Value> =>
  Stream.map(SubscriptionRef.changes(out), Value.text)

/** Whether the same blocks run, with equal arguments. */
export const isSame = (some: ReadonlyArray<Built>, others: ReadonlyArray<Built>): boolean =>
  Equal.equals(sorted(some), sorted(others))

const sorted = (all: ReadonlyArray<Built>): ReadonlyArray<Built> => all.toSorted((a, b) => a.id < b.id ? -1 : 1)
