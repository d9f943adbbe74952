/**
 * `discovery.relabel`: targets with other labels, or without some of them.
 */
import { Context, Effect, Equal, Layer, Schema, Stream } from "effect"
import type { Component, Export } from "../../engine/Component.ts"
import * as Value from "../../evaluation/Value.ts"
import type { Labels } from "../../profile/Labels.ts"
import * as Relabel from "../../profile/Relabel.ts"
import * as Rules from "../Rules.ts"
import * as Targets from "../Targets.ts"

export const Arguments = Schema.Struct({
  targets: Targets.Argument,
  ...Rules.fields
})
export type Arguments = typeof Arguments.Type

class Input extends Context.Service<Input, {
  readonly targets: Targets.Targets
  readonly settings: ReadonlyArray<Relabel.Settings>
  readonly rules: ReadonlyArray<Relabel.Rule>
}>()("pyroduct/components/discovery/Relabel/Input") {}

export const layer = (args: Arguments): Layer.Layer<Input | Rules.Rules, Relabel.InvalidRule> => {
  const settings = Rules.of(args)
  const input = Effect.map(
    Effect.fromResult(Relabel.compile(settings)),
    (rules) => ({ targets: args.targets, settings, rules })
  )
  return Layer.merge(Layer.effect(Input, input), Layer.succeed(Rules.Rules, settings))
}

/** The targets in their order. One that was there before is not relabelled again while the rules are the same. */
const output: Export<Input> = {
  placeholder: Value.unknown,
  make: () => {
    let last: ReadonlyArray<Relabel.Settings> = []
    let known = new WeakMap<Labels, Labels | "dropped">()
    return {
      initial: undefined,
      values: (context) =>
        Stream.sync(() => {
          const { rules, settings, targets } = Context.get(context, Input)
          if (!Equal.equals(last, settings)) known = new WeakMap()
          last = settings
          const relabelled: Array<Value.Value> = []
          for (const target of targets) {
            const result = known.get(target) ?? Relabel.apply(rules, target) ?? "dropped"
            known.set(target, result)
            if (result !== "dropped") relabelled.push(Targets.toValue(result))
          }
          return Value.list(relabelled)
        })
    }
  }
}

export const component: Component<Arguments, Input | Rules.Rules, Relabel.InvalidRule> = {
  name: "discovery.relabel",
  arguments: Arguments,
  exports: { output, rules: Rules.exported },
  layer
}
