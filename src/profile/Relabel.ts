/**
 * Relabelling: rules that change labels, or drop what has them. Prometheus' rules, in the order in which they are given.
 *
 * ```ts
 * const rules = Relabel.compile([
 *   { action: "drop", sourceLabels: ["namespace"], regex: "kube-.*" },
 *   { sourceLabels: ["pod"], regex: "(.+)-[0-9a-f]+-\\w+", targetLabel: "service_name" }
 * ])
 * ```
 *
 * A label that is set to an empty text is removed.
 */
import { Result } from "effect"
import { hash } from "node:crypto"
import * as Labels from "./Labels.ts"
import * as Casing from "./relabel/Casing.ts"
import * as Pattern from "./relabel/Pattern.ts"
import {
  type Action,
  checkAction,
  checkTogether,
  defaults,
  invalidRegex,
  type InvalidRule,
  isName,
  type Settings
} from "./relabel/Settings.ts"
import * as Template from "./relabel/Template.ts"

export { type Action, actions, defaults, InvalidRule, type Settings } from "./relabel/Settings.ts"

/** A rule as it is written: what is left out has its default. */
export type Options = Partial<Settings>

/** A rule, ready to be applied: false where it drops what has these labels. */
export type Rule = (labels: Draft) => boolean

/** What a `replace` may call a label, by default anything. It does nothing where the name comes out otherwise. */
export type Naming = (name: string) => boolean

/** Fails with what is wrong with the first rule that means nothing. */
export const compile = (
  rules: ReadonlyArray<Options>,
  naming: Naming = isName
): Result.Result<ReadonlyArray<Rule>, InvalidRule> => Result.all(rules.map((rule) => compileOne(rule, naming)))

const compileOne = (options: Options, naming: Naming): Result.Result<Rule, InvalidRule> =>
  Result.gen(function*() {
    const settings = { ...defaults, ...options }
    const unknown = checkAction(settings.action)
    if (unknown !== undefined) return yield* Result.fail(unknown)
    const pattern = yield* Result.mapError(Pattern.compile(settings.regex), invalidRegex)
    const mistake = checkTogether(settings)
    if (mistake !== undefined) return yield* Result.fail(mistake)
    return makers[settings.action](settings, pattern, naming)
  })

/** The labels after all rules, the same where nothing has changed; nothing where they are dropped. */
export const apply = (rules: ReadonlyArray<Rule>, labels: Labels.Labels): Labels.Labels | undefined => {
  const draft = new Draft(labels)
  for (const rule of rules) if (!rule(draft)) return undefined
  return draft.result()
}

/** Labels between two rules, in no order. */
export class Draft {
  readonly original: Labels.Labels
  private changed: Map<string, string> | undefined

  constructor(original: Labels.Labels) {
    this.original = original
  }

  get(name: string): string {
    return Labels.get(this.changed ?? this.original, name)
  }

  set(name: string, value: string): void {
    if (value === this.get(name)) return
    this.changed ??= new Map(this.original)
    if (value === "") this.changed.delete(name)
    else this.changed.set(name, value)
  }

  /** As they are now, in the order of their names. */
  all(): Labels.Labels {
    return this.changed === undefined ? this.original : Labels.make(this.changed)
  }

  result(): Labels.Labels {
    return this.changed === undefined || Labels.equals(this.changed, this.original) ? this.original : this.all()
  }
}

type Maker = (settings: Settings, pattern: Pattern.Pattern, naming: Naming) => Rule

const sourceOf = ({ separator, sourceLabels }: Settings): (draft: Draft) => string => {
  const [only = "", ...others] = sourceLabels
  return others.length === 0
    ? (draft) => draft.get(only)
    : (draft) => sourceLabels.map((name) => draft.get(name)).join(separator)
}

const replace: Maker = (settings, pattern, naming) => {
  const source = sourceOf(settings)
  const target = Template.compile(settings.targetLabel, pattern.names)
  const replacement = Template.compile(settings.replacement, pattern.names)
  return (draft) => {
    const groups = pattern.match(source(draft))
    if (groups === undefined) return true
    const name = target(groups)
    if (naming(name)) draft.set(name, replacement(groups))
    return true
  }
}

/** Keeps what matches, or what does not. */
const filter = (isKept: boolean): Maker => (settings, pattern) => {
  const source = sourceOf(settings)
  return (draft) => pattern.test(source(draft)) === isKept
}

/** Keeps what is equal, or what is not. */
const compare = (isKept: boolean): Maker => (settings) => {
  const source = sourceOf(settings)
  return (draft) => (draft.get(settings.targetLabel) === source(draft)) === isKept
}

/** Sets the target to something that is made of the source. */
const derive = (make: (value: string, settings: Settings) => string): Maker => (settings) => {
  const source = sourceOf(settings)
  return (draft) => {
    draft.set(settings.targetLabel, make(source(draft), settings))
    return true
  }
}

const hashmod = (value: string, { modulus }: Settings): string =>
  String(BigInt(`0x${hash("md5", value, "hex").slice(16)}`) % BigInt(modulus))

/** Of labels that become one the last by name counts. */
const labelmap: Maker = ({ replacement }, pattern) => {
  const name = Template.compile(replacement, pattern.names)
  return (draft) => {
    for (const [label, value] of draft.all()) {
      const groups = pattern.match(label)
      const copy = groups === undefined ? "" : name(groups)
      if (copy !== "") draft.set(copy, value)
    }
    return true
  }
}

/** Keeps the labels whose names match, or those whose names do not. */
const labels = (isKept: boolean): Maker => (_, pattern) => (draft) => {
  for (const name of draft.all().keys()) if (pattern.test(name) !== isKept) draft.set(name, "")
  return true
}

const makers: Readonly<Record<Action, Maker>> = {
  replace,
  keep: filter(true),
  drop: filter(false),
  keepequal: compare(true),
  dropequal: compare(false),
  hashmod: derive(hashmod),
  labelmap,
  labeldrop: labels(false),
  labelkeep: labels(true),
  lowercase: derive(Casing.lower),
  uppercase: derive(Casing.upper)
}
