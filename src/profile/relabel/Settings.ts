/**
 * What a rule says, and what is wrong with one that means nothing: in the order and with the texts of Prometheus.
 *
 * Source: `Config.Validate` in `model/relabel` of Prometheus.
 */
import { Result, Schema } from "effect"
import * as Pattern from "./Pattern.ts"

/** What a rule may do. */
export const actions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase"
] as const
/** What a rule does. */
export type Action = typeof actions[number]

/** A rule, with all that it says. */
export interface Settings {
  /** Default: `replace`. */
  readonly action: Action
  /** Their values are joined with the separator; a label that there is not is empty. */
  readonly sourceLabels: ReadonlyArray<string>
  /** Between the values of `sourceLabels`. Default: `;`. */
  readonly separator: string
  /** An RE2 regular expression that matches all of a text; `.` is a newline as well. */
  readonly regex: string
  /** Of the hash in `hashmod`: an unsigned integer. */
  readonly modulus: number
  /** In `replace` with groups of the match: `$1`, `${name}`. */
  readonly targetLabel: string
  /** With groups of the match. */
  readonly replacement: string
}

/** What is not written about a rule. */
export const defaults: Settings = {
  action: "replace",
  sourceLabels: [],
  separator: ";",
  regex: "(.*)",
  modulus: 0,
  targetLabel: "",
  replacement: "$1"
}

/** A rule that means nothing. */
export class InvalidRule extends Schema.TaggedError<InvalidRule>()("InvalidRule", {
  setting: Schema.Literals([
    "action",
    "sourceLabels",
    "separator",
    "regex",
    "modulus",
    "targetLabel",
    "replacement"
  ]),
  problem: Schema.String,
  /** The part of a regular expression that is wrong. */
  part: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return this.part === undefined ? this.problem : `${this.problem}: \`${this.part}\``
  }
}

const invalid = (setting: InvalidRule["setting"], problem: string): InvalidRule => new InvalidRule({ setting, problem })

/** What a label may be called: anything that is UTF-8. */
export const isName = (name: string): boolean => name !== "" && !/\p{Surrogate}/u.test(name)

/** The name of a label, with groups in it. */
const template = /^(?:[a-zA-Z_]|\$(?:\w|\{\w+\}))(?:\w|\$(?:\w|\{\w+\}))*$/

const needsTarget: ReadonlySet<Action> = new Set([
  "replace",
  "hashmod",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal"
])

const isUnchanged = <Name extends keyof Settings>(settings: Settings, ...names: ReadonlyArray<Name>): boolean =>
  names.every((name) => settings[name] === defaults[name])

export const checkAction = (action: string): InvalidRule | undefined => {
  if (action === "") return invalid("action", "relabel action cannot be empty")
  return actions.some((known) => known === action)
    ? undefined
    : invalid("action", `unrecognized action type ${JSON.stringify(action)}`)
}

export const checkRegex = (regex: string): InvalidRule | undefined => {
  const compiled = Pattern.compile(regex)
  return Result.isSuccess(compiled) ? undefined : invalidRegex(compiled.failure)
}

export const invalidRegex = ({ part, problem }: Pattern.Mistake): InvalidRule =>
  new InvalidRule({ setting: "regex", problem, ...(part !== "" && { part }) })

/** What is wrong with the settings together, each of them being fine. No more of them are read than it takes to say it. */
export const checkTogether = (settings: Settings): InvalidRule | undefined => {
  const { action } = settings
  const isComparison = action === "keepequal" || action === "dropequal"
  const isCasing = action === "lowercase" || action === "uppercase"
  const isOfNames = action === "labeldrop" || action === "labelkeep"
  if (!Number.isSafeInteger(settings.modulus) || settings.modulus < 0) {
    return invalid("modulus", "modulus must be a whole number that is not negative")
  }
  if (action === "hashmod" && settings.modulus === 0) {
    return invalid("modulus", "relabel configuration for hashmod requires non-zero modulus")
  }
  if (needsTarget.has(action)) {
    const { targetLabel } = settings
    if (targetLabel === "") {
      return invalid("targetLabel", `relabel configuration for ${action} action requires 'target_label' value`)
    }
    const isTemplate = action === "replace" && targetLabel.includes("$")
    if (!(isTemplate ? template.test(targetLabel) : isName(targetLabel))) {
      return invalid("targetLabel", `${JSON.stringify(targetLabel)} is invalid 'target_label' for ${action} action`)
    }
  }
  if ((isComparison || isCasing) && !isUnchanged(settings, "replacement")) {
    return invalid("replacement", `'replacement' can not be set for ${action} action`)
  }
  if (action === "labelmap" && !template.test(settings.replacement)) {
    return invalid(
      "replacement",
      `${JSON.stringify(settings.replacement)} is invalid 'replacement' for labelmap action`
    )
  }
  if (
    isOfNames &&
    (settings.sourceLabels.length > 0 || !isUnchanged(settings, "targetLabel", "modulus", "separator", "replacement"))
  ) {
    return invalid("action", `${action} action requires only 'regex', and no other fields`)
  }
  if (isComparison && !isUnchanged(settings, "regex", "modulus", "separator")) {
    return invalid("action", `${action} action requires only 'source_labels' and 'target_label', and no other fields`)
  }
  return undefined
}
