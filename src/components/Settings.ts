/**
 * Settings that may be texts or the names of files, and rules about several of them together. What is empty counts as not
 * given: it may come from a variable that is not set.
 */
import { Redacted, Schema } from "effect"
import * as Decode from "../evaluation/Decode.ts"
import * as Material from "../transport/Material.ts"

export const Text = Decode.withDefault(Decode.String, "")
export const Secret = Decode.withDefault(Decode.Secret, Redacted.make(""))

/** A key in its place would be shown as the name of a file that is not there. */
export const File = Decode.withDefault(
  Decode.String.check(Schema.makeFilter((text) => /[\n\0]/.test(text) ? "should be the name of a file" : undefined)),
  ""
)

/** What must not be, the setting to blame or none for the whole block, and what to say. */
export interface Rule<Args> {
  readonly isBroken: (args: Args) => boolean
  readonly blame: ReadonlyArray<string>
  readonly text: string
}

export const rule = <Args>(blame: Rule<Args>["blame"], text: string, isBroken: Rule<Args>["isBroken"]): Rule<Args> => ({
  isBroken,
  blame,
  text
})

/** Each rule is a check of its own, so that one that cannot be told (see `engine/Arguments`) hides no other. */
export const checks = <Args>(...rules: readonly [Rule<Args>, ...ReadonlyArray<Rule<Args>>]) => {
  const filter = ({ blame, isBroken, text }: Rule<Args>) =>
    Schema.makeFilter((args: Args) => isBroken(args) ? { path: blame, issue: text } : undefined)
  const [first, ...others] = rules
  return Schema.makeFilterGroup([filter(first), ...others.map(filter)])
}

export const isGiven = (setting: string | Redacted.Redacted<string>): boolean =>
  (typeof setting === "string" ? setting : Redacted.value(setting)) !== ""

type Setting = string | Redacted.Redacted<string>

/** Of a text and the name of a file with it, both. */
export const both = <const Name extends string>(setting: Name, file: Name, text: string) =>
  rule<Readonly<Record<Name, Setting>>>([file], text, (args) => isGiven(args[setting]) && isGiven(args[file]))

/** Of a text and the name of a file with it: the one that is given, if any is. */
export const sourceOf = (text: Redacted.Redacted<string>, path: string): Material.Source | undefined => {
  if (isGiven(path)) return Material.file(path)
  return isGiven(text) ? Material.inline(text) : undefined
}
