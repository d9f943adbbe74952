/**
 * Components that do nothing but be started and stopped.
 */
import { Clock, Data, Effect, Layer, Schema, type Scope, Stream } from "effect"
import * as Component from "../../src/engine/Component.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Value from "../../src/evaluation/Value.ts"

export const Arguments = Schema.Struct({
  to: Decode.withDefault(Decode.list(Decode.String), []),
  count: Decode.withDefault(Decode.Int, 0)
})
export type Arguments = typeof Arguments.Type

export class NoDisk extends Data.TaggedError("NoDisk")<{ readonly message: string }> {}

/** Its `out` is a text, for others' `to`: `a placeholder` until it runs, and then `running`. */
export const make = <R>(
  name: string,
  run: (args: Arguments, id: string) => Effect.Effect<void, NoDisk, R>
): Component.Component<Arguments, never, NoDisk, Exclude<R, Scope.Scope>> => ({
  name,
  arguments: Arguments,
  exports: { out: Component.changing(Value.text("a placeholder"), () => Stream.make(Value.text("running"))) },
  layer: (args) => Layer.effectDiscard(Effect.flatMap(Component.ComponentId, (id) => run(args, id)))
})

/** Notes in `events` that it starts and that it has stopped. */
export const noting = (name: string, events: Array<string>): Component.Component<Arguments, never, NoDisk> =>
  make(name, (_, id) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        events.push(`+${id}`)
      }),
      () =>
        Effect.sync(() => {
          events.push(`-${id}`)
        })
    ))

/** Takes `count` seconds to stop, and notes in `events` at which second it begins to and at which it has. */
export const lingering = (name: string, events: Array<string>): Component.Component<Arguments, never, NoDisk> => {
  const note = (what: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      events.push(`${now / 1000} ${what}`)
    })
  return make(name, ({ count }, id) =>
    Effect.addFinalizer(() =>
      Effect.gen(function*() {
        yield* note(`-${id}`)
        if (count === 0) return
        yield* Effect.sleep(`${count} seconds`)
        yield* note(`${id} has stopped`)
      })
    ))
}

/** Cannot be built. */
export const failing = (name: string): Component.Component<Arguments, never, NoDisk> =>
  make(name, () => new NoDisk({ message: "no disk" }))
