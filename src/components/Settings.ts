/**
 * Settings that may be texts or the names of files, and rules about several of them together. What is empty counts as not
 * given: it may come from a variable that is not set.
 */
import { Redacted, Schema } from "effect"
import * as Decode from "../evaluation/Decode.ts"
import * as Material from "../transport/Material.ts"

const credential = { [Decode.credential]: true }

export const Text = Decode.withDefault(Decode.String.annotate(credential), "")
export const Secret = Decode.withDefault(Decode.Secret, Redacted.make(""))

/** A key in its place would be shown as the name of a file that is not there. */
export const File = Decode.withDefault(
  Decode.String.check(Schema.makeFilter((text) => /[\n\0]/.test(text) ? "should be the name of a file" : undefined))
    .annotate(credential),
  ""
)

/** One that may be a secret. */
export type Setting = string | Redacted.Redacted<string>

export const textOf = (setting: Setting): string => typeof setting === "string" ? setting : Redacted.value(setting)

export const isGiven = (setting: Setting): boolean => textOf(setting) !== ""

/** Of a text and the name of a file with it: the one that is given, if any is. */
export const sourceOf = (text: Redacted.Redacted<string>, path: string): Material.Source | undefined => {
  if (isGiven(path)) return Material.file(path)
  return isGiven(text) ? Material.inline(text) : undefined
}

/** The setting to blame, or none for the whole block, and what is wrong, if anything is. */
export interface Rule<Args> {
  readonly blame: ReadonlyArray<string>
  readonly problem: (args: Args) => string | undefined
}

export const rule = <Args>(
  blame: Rule<Args>["blame"],
  text: string,
  isBroken: (args: Args) => boolean
): Rule<Args> => ({
  blame,
  problem: (args) => isBroken(args) ? text : undefined
})

/** Each rule is a check of its own, so that one that cannot be told (see `engine/Arguments`) hides no other. */
export const checks = <Args>(...rules: readonly [Rule<Args>, ...ReadonlyArray<Rule<Args>>]) => {
  const filter = ({ blame, problem }: Rule<Args>) =>
    Schema.makeFilter((args: Args) => {
      const issue = problem(args)
      return issue === undefined ? undefined : { path: blame, issue }
    })
  const [first, ...others] = rules
  return Schema.makeFilterGroup([filter(first), ...others.map(filter)])
}

/** Of a text and the name of a file with it, both. */
export const both = <const Name extends string>(setting: Name, file: Name, text: string) =>
  rule<Readonly<Record<Name, Setting>>>([file], text, (args) => isGiven(args[setting]) && isGiven(args[file]))
