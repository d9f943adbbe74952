/**
 * The targets of a component, from `targets` and `target` of its debug info, as `pyroscope.scrape` has them.
 */
import type { Info } from "../../telemetry/DebugInfo.ts"
import * as Fields from "./Fields.ts"
import * as HealthMark from "./HealthMark.ts"
import { type Html, html, type Part } from "./Html.ts"
import * as Moment from "./Moment.ts"
import * as Quantity from "./Quantity.ts"

/** What is shown by this, and needs not be shown again. */
export const names: ReadonlySet<string> = new Set(["targets", "target"])

/** In its own word and in that of health; what needs attention first comes first. */
const marks: ReadonlyArray<readonly [health: string, mark: HealthMark.State]> = [
  ["down", "unhealthy"],
  ["unknown", "unknown"],
  ["up", "healthy"]
]

/** How many there are of each health, and altogether. Nothing of a component that has none by its nature. */
const countsOf = (info: Info | undefined) => {
  const counts = Fields.fields(info, "targets")
  if (counts === undefined) return undefined
  const of = (health: string): number => Fields.number(counts, health) ?? 0
  return { of, total: marks.reduce((sum, [health]) => sum + of(health), 0) }
}

/** `3 of 50 targets down` */
export const summary = (info: Info | undefined): string | undefined => {
  const counts = countsOf(info)
  if (counts === undefined) return undefined
  const [shown, down, up] = [counts.total, counts.of("down"), counts.of("up")].map((count) =>
    count.toLocaleString("en")
  )
  const targets = `${shown} ${counts.total === 1 ? "target" : "targets"}`
  if (counts.of("down") > 0) return `${down} of ${targets} down`
  return counts.total === 0 ? "no targets" : `${up} of ${targets} up`
}

/** `all` is where the API has them. */
export const show = (info: Info | undefined, all: string, now: number): Html | undefined => {
  const counts = countsOf(info)
  if (counts === undefined) return undefined
  const { of: countOf, total } = counts
  if (total === 0) return html`<p class="muted">none</p>`
  const rows = Fields.list(info, "target")
  const more = total - rows.length
  return html`<p class="marks">${
    marks.filter(([health]) => countOf(health) > 0).map(([health, mark]) =>
      html`<span class="badge ${mark}">${HealthMark.icon(mark)}${countOf(health).toLocaleString("en")} ${health}</span>`
    )
  }</p>
<div class="scroll"><table><thead><tr><th scope="col">Target</th>${
    columns.map(([name, , isAmount]) => html`<th scope="col"${isAmount && html` class="amount"`}>${name}</th>`)
  }</tr></thead><tbody>${rows.map((target) => row(target, now))}</tbody></table></div>
<p class="muted">${
    more > 0 &&
    `${more.toLocaleString("en")} more, of which the first ${rows.length} are shown: those that are down come first. `
  }<a href="${all}">All, as JSON</a></p>`
}

type Column = readonly [name: string, show: (target: Fields.Fields, now: number) => Part, isAmount: boolean]

const columns: ReadonlyArray<Column> = [
  ["Type", (target) => Fields.text(target, "type"), false],
  ["Health", (target) => {
    const [health, mark] = marks.find(([health]) => health === Fields.text(target, "health")) ?? ["unknown", "unknown"]
    return html`<span class="badge ${mark}">${HealthMark.icon(mark)}${health}</span>`
  }, false],
  ["Last scrape", (target, now) => moment(Fields.time(target, "last_scrape"), now), false],
  ["Took", (target) => amount(Fields.number(target, "last_scrape_duration"), Quantity.duration), true],
  ["Size", (target) => amount(Fields.number(target, "last_size_bytes"), Quantity.bytes), true],
  ["Last profile", (target, now) => moment(Fields.time(target, "last_profile"), now), false]
]

const moment = (at: number | undefined, now: number): Part => at !== undefined && Moment.relative(at, now)

const amount = (value: number | undefined, show: (value: number) => string): Part => value !== undefined && show(value)

const row = (target: Fields.Fields, now: number): Html => {
  const error = Fields.text(target, "last_error")
  const service = Fields.text(Fields.fields(target, "labels"), "service_name")
  return html`<tr><th scope="row" class="target" data-label="Target">${Fields.text(target, "url")}${
    service !== undefined && html`<p class="muted">${service}</p>`
  }${error !== undefined && html`<p class="unhealthy text">${error}</p>`}</th>${
    columns.map(([name, show, isAmount]) =>
      html`<td data-label="${name}"${isAmount && html` class="amount"`}>${show(target, now)}</td>`
    )
  }</tr>`
}
