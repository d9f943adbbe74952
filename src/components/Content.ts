/**
 * A text from outside that may change at any time, as the export `content` of a component.
 */
import { Context, Effect, Redacted, Stream, SubscriptionRef } from "effect"
import * as Component from "../engine/Component.ts"
import * as Value from "../evaluation/Value.ts"

export class Content extends Context.Service<Content, {
  /** Whether configurations may not make a string of it. */
  readonly isSecret: boolean
  readonly text: SubscriptionRef.SubscriptionRef<Redacted.Redacted<string>>
}>()("pyroduct/components/Content") {}

export const make = (text: string, isSecret: boolean): Effect.Effect<Content["Service"]> =>
  Effect.map(SubscriptionRef.make(Redacted.make(text)), (text) => ({ isSecret, text }))

/** Tells nobody of a text that is the same as before. */
export const set = ({ text }: Content["Service"], latest: string): Effect.Effect<void> =>
  Effect.suspend(() =>
    Redacted.value(SubscriptionRef.getUnsafe(text)) === latest
      ? Effect.void
      : SubscriptionRef.set(text, Redacted.make(latest))
  )

export const exported: Component.Export<Content> = Component.changing(Value.unknown, (context) => {
  const { isSecret, text } = Context.get(context, Content)
  return Stream.map(
    SubscriptionRef.changes(text),
    (text) => isSecret ? Value.secret(text) : Value.text(Redacted.value(text))
  )
})
