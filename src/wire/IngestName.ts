/**
 * The `name` parameter of `/ingest`: `app.name{key=value,key2=value2}`, an application's name with labels.
 *
 * The syntax knows no quotes and no escapes. A value ends at `,` or `}`, and nothing makes one of them part of it.
 */
import { Result } from "effect"
import * as Labels from "../profile/Labels.ts"

/**
 * Reads a name as servers do, character by character: the application's name up to `{`, a key up to `=`, a value up to
 * `,` or `}`, after which the next key is read; a `}` within a key ends it all. So what is not finished is dropped
 * without a word (`app{a=1,b`, `app{a=1`), of a key given twice the last value counts, and the key `__name__` replaces
 * the application's name and may be anything. Fails when a name is empty or holds a character it must not.
 */
export const parse = (name: string): Result.Result<Labels.Labels, Labels.LabelError> =>
  Result.gen(function*() {
    const brace = name.indexOf("{")
    const labels = new Map<string, string>()
    labels.set("__name__", yield* Labels.checkServiceName((brace < 0 ? name : name.slice(0, brace)).trim()))
    let at = brace < 0 ? name.length : brace + 1
    for (;;) {
      const key = until(name, at, keyEnd)
      if (key === undefined || name[key] === "}") break
      const value = until(name, key + 1, valueEnd)
      if (value === undefined) break
      labels.set(yield* Labels.checkName(name.slice(at, key).trim()), name.slice(key + 1, value).trim())
      at = value + 1
    }
    return Labels.make(labels)
  })

const keyEnd = /[=}]/g
const valueEnd = /[,}]/g

/** Where the first such character stands at or after `from`. */
const until = (text: string, from: number, character: RegExp): number | undefined => {
  character.lastIndex = from
  return character.exec(text)?.index
}

/**
 * The name that carries these labels: `app{a=1,b=2}`, sorted, with braces even where there is nothing between them.
 *
 * A `__name__` that cannot stand in front goes between the braces, where it may be anything; `_` keeps its place. What
 * the syntax cannot carry at all is replaced, so that a name never reads as other labels than were meant: `,` and `}` in
 * a value, and any character the name of a label must not hold, become `_`; blanks around a value are lost. Labels
 * without a `__name__` have no valid form, and `parse` says so.
 */
export const format = (labels: Labels.Labels): string => {
  const name = carried(Labels.get(labels, "__name__"))
  const isInFront = name === "" || Result.isSuccess(Labels.checkServiceName(name))
  const pairs: Array<string> = []
  for (const [label, value] of labels) {
    if (label === "__name__" && isInFront) continue
    const text = carried(value)
    if (text !== "") pairs.push(`${label.replace(/[^a-zA-Z0-9_.]/gu, "_")}=${text}`)
  }
  return `${isInFront ? name : "_"}{${pairs.join(",")}}`
}

const carried = (value: string): string => value.replace(/[,}]/g, "_").trim()
