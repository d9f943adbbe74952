/**
 * Relabelling rules in configurations: `rule` blocks, what `rules` exports and what `relabel_rules` takes.
 */
import { Context, Predicate, Schema, Stream } from "effect"
import * as Block from "../engine/Block.ts"
import * as Component from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Value from "../evaluation/Value.ts"
import type * as Relabel from "../profile/Relabel.ts"
import * as Settings from "../profile/relabel/Settings.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import * as Suggestion from "../syntax/Suggestion.ts"

const { defaults } = Settings

const Struct = Schema.Struct({
  action: Decode.withDefault(Decode.String, defaults.action),
  source_labels: Decode.withDefault(Decode.list(Decode.String), defaults.sourceLabels),
  separator: Decode.withDefault(Decode.String, defaults.separator),
  regex: Decode.withDefault(Decode.String, defaults.regex),
  modulus: Decode.withDefault(Decode.Int, defaults.modulus),
  target_label: Decode.withDefault(Decode.String, defaults.targetLabel),
  replacement: Decode.withDefault(Decode.String, defaults.replacement)
})
type Rule = typeof Struct.Type

/** Each is read when it is asked for: those of a rule that is only checked are not all known. */
const settingsOf = (rule: Rule): Relabel.Settings => ({
  get action() {
    return rule.action as Relabel.Action
  },
  get sourceLabels() {
    return rule.source_labels
  },
  get separator() {
    return rule.separator
  },
  get regex() {
    return rule.regex
  },
  get modulus() {
    return rule.modulus
  },
  get targetLabel() {
    return rule.target_label
  },
  get replacement() {
    return rule.replacement
  }
})

const attributes = {
  action: "action",
  sourceLabels: "source_labels",
  separator: "separator",
  regex: "regex",
  modulus: "modulus",
  targetLabel: "target_label",
  replacement: "replacement"
} as const satisfies Record<keyof Relabel.Settings, keyof Rule>

const check = (mistakeIn: (rule: Rule) => Relabel.InvalidRule | undefined) =>
  Schema.makeFilter((rule: Rule) => {
    const mistake = mistakeIn(rule)
    if (mistake === undefined) return undefined
    const attribute = attributes[mistake.setting]
    const refused = String(rule[attribute])
    return { path: [attribute], issue: shown(mistake, refused) + meant(mistake, refused) }
  })

/** What looks like a credential is not repeated. */
const shown = (mistake: Relabel.InvalidRule, refused: string): string => {
  const written = StringLiteral.quote(refused)
  const hidden = Exposure.text(written, true)
  if (hidden.length === 0) return mistake.message
  return mistake.problem.replace(JSON.stringify(refused), () => Exposure.hide(written, hidden))
}

const meant = ({ setting }: Relabel.InvalidRule, refused: string): string =>
  setting !== "action" || Settings.actions.some((action) => action === refused)
    ? ""
    : Suggestion.didYouMean(refused, Settings.actions)

const RuleBlock = Struct.check(
  check(({ action }) => Settings.checkAction(action)),
  check(({ regex }) => Settings.checkRegex(regex)),
  check((rule) => Settings.checkTogether(settingsOf(rule)))
)

// ---- what others may use ----

const capsule = "relabel.Rules"

const isRules = (u: unknown): u is ReadonlyArray<Relabel.Settings> =>
  Array.isArray(u) && u.every((rule) => Predicate.hasProperty(rule, "action"))

/** Of a component that relabels. */
export const fields = {
  rule: Block.many(RuleBlock),
  /** An addition to the language: another's `rules`, before its own. */
  relabel_rules: Decode.optional(Decode.capsule(capsule, isRules))
}

/** All rules that apply. */
export const of = (
  args: { readonly rule: ReadonlyArray<Rule>; readonly relabel_rules?: ReadonlyArray<Relabel.Settings> }
): ReadonlyArray<Relabel.Settings> => [...args.relabel_rules ?? [], ...args.rule.map(settingsOf)]

/** The rules that a block exports as `rules`. */
export class Rules extends Context.Service<Rules, ReadonlyArray<Relabel.Settings>>()("pyroduct/components/Rules") {}

export const exported: Component.Export<Rules> = Component.changing(
  Value.opaque(capsule, []),
  (context) => Stream.succeed(Value.opaque(capsule, Context.get(context, Rules)))
)
