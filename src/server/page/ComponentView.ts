/**
 * The page of one component.
 */
import type { ComponentDetail } from "../../telemetry/ComponentStatus.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Facts from "./Facts.ts"
import * as HealthMark from "./HealthMark.ts"
import { type Html, html } from "./Html.ts"
import * as Moment from "./Moment.ts"
import * as Quantity from "./Quantity.ts"
import { type Flow, hrefOf, pathOf, type Snapshot } from "./Snapshot.ts"
import * as Statements from "./Statements.ts"
import * as Targets from "./Targets.ts"

export interface Settings {
  readonly component: ComponentDetail
  readonly endpoints: ReadonlyArray<Endpoints.Endpoint>
  readonly snapshot: Snapshot
}

export const show = ({ component, endpoints, snapshot }: Settings): Html => {
  const { now } = snapshot
  const { health, id, name } = component
  const healthOf = new Map(snapshot.components.map(({ health, id }) => [id, health.state]))
  const link: Statements.Link = (id) => healthOf.has(id) ? hrefOf(id) : undefined
  const ids = (title: string, anchor: string, ids: ReadonlyArray<string>) =>
    panel(
      anchor,
      title,
      ids.length === 0
        ? html`<p class="muted">none</p>`
        : html`<ul class="plain">${
          ids.map((id) => {
            const state = healthOf.get(id)
            return html`<li>${
              state === undefined
                ? id
                : html`${HealthMark.icon(state)} <a href="${hrefOf(id)}">${id}</a> ${
                  state !== "healthy" && html`<span class="${state}">${state}</span>`
                }`
            }</li>`
          })
        }</ul>`
    )
  const targets = Targets.show(component.debugInfo, `/api/v0/component/${pathOf(id)}/targets`, now)
  return html`<nav aria-label="Breadcrumb" class="crumbs"><a href="/">Components</a></nav>
<div id="head" class="head" data-live>
<h1>${id}</h1>
${HealthMark.badge(health.state)}
<p class="message"><span class="text">${health.message}</span> <span class="muted">since</span> ${
    Moment.exact(health.updatedAt, now)
  }</p>
<p class="muted">${
    name === id ? "A component without a label." : html`A component of the kind <code>${name}</code>.`
  }</p>
</div>
${targets && panel("targets", "Targets", targets)}
${
    endpoints.length > 0 &&
    panel("endpoints", "Endpoints", html`${endpoints.map((endpoint) => Endpoints.show(endpoint, now))}`)
  }
<div class="columns">
<div>
${panel("arguments", "Arguments", Statements.show(component.arguments, link))}
${panel("exports", "Exports", Statements.show(component.exports, link))}
</div>
<div>
${panel("traffic", "Profiles", traffic(snapshot.flows, id))}
${ids("Refers to", "dependencies", component.referencesTo)}
${ids("Referred to by", "dependants", component.referencedBy)}
</div>
</div>
${panel("debug", "Debug information", debug(component, now))}`
}

const panel = (id: string, title: string, content: Html): Html =>
  html`<section id="${id}" class="panel" data-live aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${content}</section>`

const traffic = (flows: ReadonlyArray<Flow>, id: string): Html => {
  const own = flows.filter(({ from, to, traffic }) => traffic !== undefined && (from === id || to === id))
  if (own.length === 0) return html`<p class="muted">None come in or go out over the graph.</p>`
  return html`<table><thead><tr><th scope="col">Way</th><th scope="col" class="amount">Now</th><th scope="col" class="amount">Altogether</th></tr></thead><tbody>${
    own.map(({ from, to, traffic }) => {
      const isOut = from === id
      const other = isOut ? to : from
      return html`<tr><th scope="row" data-label="Way">${isOut ? "to" : "from"} <a href="${
        hrefOf(other)
      }">${other}</a></th><td class="amount" data-label="Now">${
        traffic?.rate === undefined ? html`<span class="muted">&ndash;</span>` : Quantity.rate(traffic.rate)
      }</td><td class="amount" data-label="Altogether">${
        traffic !== undefined && `${traffic.profiles.toLocaleString("en")} · ${Quantity.bytes(traffic.bytes)}`
      }</td></tr>`
    })
  }</tbody></table>`
}

/** What is shown above is not shown again. */
const debug = ({ debugInfo }: ComponentDetail, now: number): Html => {
  const { services, ...others } = debugInfo ?? {}
  const rest = Object.fromEntries(
    Object.entries(others).filter(([name]) => name !== "endpoints" && !Targets.names.has(name))
  )
  const more = Array.isArray(services) &&
    html`<p><a href="/services">Services</a>: what became of the profiles of each.</p>`
  if (Object.keys(rest).length === 0) return html`${more || html`<p class="muted">none</p>`}`
  return html`${more}${Facts.list(rest, now)}`
}
