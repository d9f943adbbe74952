/**
 * What a component shows of itself, as lists and tables. It is plain data with names in camel or snake case: the last word
 * of a name tells what a number is, as in `waitingBytes`, `oldestSeconds` or `failingSince`.
 */
import type { Json } from "../../telemetry/DebugInfo.ts"
import { type Fields, isFields, momentOf } from "./Fields.ts"
import { type Html, html } from "./Html.ts"
import * as Moment from "./Moment.ts"
import * as Quantity from "./Quantity.ts"

/** `failingSince` and `failing_since` are `Failing since`. */
const words = (name: string): ReadonlyArray<string> =>
  name.replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase().split(/[\s_]+/)

/** Without a unit that is beside the number. */
const title = (name: string): string => {
  const text = words(name).join(" ").replace(/ (seconds|millis)$/, "").replace(
    /\b(url|id|http|tls)\b/g,
    (word) => word.toUpperCase()
  )
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Of a text: it has a line of its own. */
const long = 50

/** The most that is shown of a list. */
const most = 200

/** A list of names and what they have. What is null is left out: there is none. */
export const list = (fields: Fields, now: number): Html => html`<dl>${items(fields, now)}</dl>`

/** Those of a list that has others besides. */
export const items = (fields: Fields, now: number): ReadonlyArray<Html> =>
  Object.entries(fields).filter(([, json]) => json !== null && !isEmpty(json)).map(([name, json]) =>
    html`<div${typeof json === "string" && json.length > long && html` class="wide"`}><dt>${title(name)}</dt><dd>${
      show(json, now, name)
    }</dd></div>`
  )

const isEmpty = (json: Json): boolean => isFields(json) && Object.keys(json).length === 0

/** What one name has. */
export const show = (json: Json, now: number, name = ""): Html => {
  if (json === null) return html`<span class="muted">&ndash;</span>`
  if (typeof json === "boolean") return html`${json ? "yes" : "no"}`
  if (typeof json === "number") return number(json, words(name).at(-1) ?? "", now)
  if (typeof json === "string") return text(json, now)
  if (isFields(json)) return list(json, now)
  const items = json as ReadonlyArray<Json>
  if (items.length === 0) return html`<span class="muted">none</span>`
  const shown = items.slice(0, most)
  const more = items.length > most && html`<p class="muted">${items.length - most} more</p>`
  return shown.every(isFields)
    ? html`${table(shown, now)}${more}`
    : html`<ul>${shown.map((item) => html`<li>${show(item, now, name)}</li>`)}</ul>${more}`
}

const table = (rows: ReadonlyArray<Fields>, now: number): Html => {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return html`<div class="scroll"><table><thead><tr>${
    names.map((name) => html`<th scope="col">${title(name)}</th>`)
  }</tr></thead><tbody>${
    rows.map((row) =>
      html`<tr>${
        names.map((name) => html`<td data-label="${title(name)}">${show(row[name] ?? null, now, name)}</td>`)
      }</tr>`
    )
  }</tbody></table></div>`
}

/** What is a moment by its name is one of the last centuries. */
const isMoment = (value: number): boolean => value > 1e11 && value < 1e14

const number = (value: number, unit: string, now: number): Html => {
  switch (unit) {
    case "bytes":
      return html`${Quantity.bytes(value)}`
    case "seconds":
      return html`${Quantity.span(value * 1000)}`
    case "millis":
      return html`${Quantity.span(value)}`
    default:
      return isMoment(value) ? Moment.exact(value, now) : html`${value.toLocaleString("en")}`
  }
}

const text = (value: string, now: number): Html => {
  const at = momentOf(value)
  if (at !== undefined) return Moment.exact(at, now)
  return value === "" ? html`<span class="muted">empty</span>` : html`<span class="text">${value}</span>`
}
