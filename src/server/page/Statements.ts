/**
 * Arguments and exports as a configuration would have them.
 */
import type { Shown, Statement } from "../../telemetry/ComponentStatus.ts"
import { type Html, html } from "./Html.ts"

/** Where the page of a component is, if there is one of that id. */
export type Link = (id: string) => string | undefined

/** As lines of a configuration. A capsule that a component exports leads to it. */
export const show = (statements: ReadonlyArray<Statement>, link: Link): Html =>
  statements.length === 0
    ? html`<p class="muted">none</p>`
    : html`<pre class="code"><code>${body(statements, link, "")}</code></pre>`

const step = "\t"

const body = (statements: ReadonlyArray<Statement>, link: Link, indent: string): Html => {
  const widths = widthsOf(statements)
  return html`${
    statements.map((statement, index) => {
      if (statement.type === "attr") {
        return html`${indent}<span class="key">${statement.name.padEnd(widths[index]!)}</span> = ${
          value(statement.value, link, indent)
        }\n`
      }
      const before = index > 0 && "\n"
      const label = statement.label !== undefined && html` ${quoted(statement.label)}`
      return statement.body.length === 0
        ? html`${before}${indent}<span class="block">${statement.name}</span>${label} { }\n`
        : html`${before}${indent}<span class="block">${statement.name}</span>${label} {\n${
          body(statement.body, link, indent + step)
        }${indent}}\n`
    })
  }`
}

/** Attributes in a row have their `=` in a line. */
const widthsOf = (statements: ReadonlyArray<Statement>): ReadonlyArray<number> => {
  const widths: Array<number> = []
  let start = 0
  for (let end = 0; end <= statements.length; end++) {
    if (statements[end]?.type === "attr") continue
    const row = statements.slice(start, end)
    const width = Math.max(0, ...row.map(({ name }) => name.length))
    for (let at = start; at < end; at++) widths[at] = width
    widths[end] = 0
    start = end + 1
  }
  return widths
}

const quoted = (text: string): Html => html`<span class="string">${JSON.stringify(text)}</span>`

const isShort = (items: ReadonlyArray<Shown>): boolean =>
  items.length < 5 &&
  items.every((item) => item.type !== "array" && item.type !== "object" && String(item.value).length < 60)

const value = (shown: Shown, link: Link, indent: string): Html => {
  const inner = indent + step
  switch (shown.type) {
    case "null":
    case "bool":
    case "number":
      return html`<span class="number">${String(shown.value)}</span>`
    case "string":
      return quoted(shown.value)
    case "function":
      return html`<span class="capsule">${shown.value}</span>`
    case "capsule":
      return capsule(shown.value, link)
    case "array":
      if (isShort(shown.value)) {
        return html`[${shown.value.map((item, index) => html`${index > 0 && ", "}${value(item, link, indent)}`)}]`
      }
      return html`[\n${shown.value.map((item) => html`${inner}${value(item, link, inner)},\n`)}${indent}]`
    case "object":
      if (shown.value.length === 0) return html`{ }`
      return html`{\n${
        shown.value.map((field) => html`${inner}${key(field.key)} = ${value(field.value, link, inner)},\n`)
      }${indent}}`
  }
}

const key = (name: string): Html => /^[a-z_]\w*$/i.test(name) ? html`<span class="key">${name}</span>` : quoted(name)

const capsule = (text: string, link: Link): Html => {
  const href = link(text.slice(0, text.lastIndexOf(".")))
  return href === undefined
    ? html`<span class="capsule">${text}</span>`
    : html`<a class="capsule" href="${href}">${text}</a>`
}
