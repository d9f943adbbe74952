/**
 * Texts with groups of a match in them, as Go's `Regexp.Expand` has them: `$1`, `$name` and `${name}`, and `$$` for a
 * dollar. A name without braces is as long as it can be, so that `$1_x` is the group `1_x`; a group that there is not, or
 * that took no part in the match, is empty. A dollar with no name behind it is one.
 */
import type { Groups, Pattern } from "./Pattern.ts"

export type Template = (groups: Groups) => string

const reference = /\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu

export const compile = (text: string, names: Pattern["names"]): Template => {
  const parts: Array<string | number> = []
  let end = 0
  for (const match of text.matchAll(reference)) {
    const [whole, dollar, braced, plain] = match
    parts.push(text.slice(end, match.index), dollar ?? groupOf(braced ?? plain!, names))
    end = match.index + whole.length
  }
  parts.push(text.slice(end))
  return (groups) => {
    let expanded = ""
    for (const part of parts) expanded += typeof part === "string" ? part : groups[part] ?? ""
    return expanded
  }
}

/** A number without a leading zero is one, anything else is a name; one that there is not is empty. */
const groupOf = (name: string, names: Pattern["names"]): number | "" => {
  if (/^(0|[1-9]\d{0,8})$/.test(name)) return Number(name)
  return Object.hasOwn(names, name) ? names[name]! : ""
}
