import { type Context, Effect, Stream } from "effect"
import type { Export } from "../../src/engine/Component.ts"
import type * as Value from "../../src/evaluation/Value.ts"

/** What an export was, from now on until the scope closes: texts, and secrets as they are. */
export const exported = Effect.fnUntraced(function*<Provides>(
  from: Export<Provides>,
  context: Context.Context<Provides>
) {
  const values: Array<unknown> = []
  yield* Effect.forkScoped(
    Stream.runForEach(
      from.make("test").values(context),
      (value: Value.Value) => Effect.sync(() => values.push("value" in value ? value.value : value))
    ),
    { startImmediately: true }
  )
  return values
})
