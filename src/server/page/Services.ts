/**
 * Why is my profile missing? By the name of its service: the last that came, the last that each endpoint took, and the
 * last that one refused, and why.
 */
import type { Info, Json } from "../../telemetry/DebugInfo.ts"
import * as Facts from "./Facts.ts"
import { type Html, html } from "./Html.ts"
import { hrefOf } from "./Snapshot.ts"

/** What a component knows of a service: an object in the list `services` of its debug info, with its `service`. */
interface Service {
  readonly name: string
  readonly component: string
  readonly facts: Readonly<Record<string, Json>>
}

/** The most that are shown at once. */
const most = 200

export const show = (
  infos: ReadonlyArray<readonly [id: string, info: Info | undefined]>,
  text: string,
  now: number
): Html => {
  const all = infos.flatMap(([id, info]) => servicesOf(id, info))
  const found = all.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()))
    .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  return html`<h1>Why is my profile missing?</h1>
<div class="tools">
<form role="search" action="/services" method="get">
<label for="q">Service name</label><input id="q" name="q" type="search" value="${text}" placeholder="service_name" autocomplete="off">
<button>Look</button>
</form>
</div>
<div id="services" data-live>
${
    infos.length === 0
      ? html`<p class="panel">No component of this configuration sends profiles anywhere.</p>`
      : found.length === 0
      ? missing(text, all.length)
      : html`<p class="muted">${
        found.length === all.length ? html`${all.length}` : html`${found.length} of ${all.length}`
      } ${all.length === 1 ? "service" : "services"}, as each component that sends profiles has seen them.</p>${
        found.slice(0, most).map((service) => serviceView(service, now))
      }${found.length > most && html`<p class="muted">${found.length - most} more: ask for a name.</p>`}`
  }
</div>`
}

const servicesOf = (component: string, info: Info | undefined): ReadonlyArray<Service> => {
  const list = info?.["services"]
  if (!Array.isArray(list)) return []
  return list.filter(Facts.isFields).map(({ service, ...facts }) => ({
    name: typeof service === "string" ? service : "",
    component,
    facts
  }))
}

const serviceView = ({ component, facts, name }: Service, now: number): Html =>
  html`<section class="panel"><h2>${name === "" ? html`<span class="muted">without a name</span>` : name}</h2>
<p class="muted">at <a href="${hrefOf(component)}">${component}</a></p>
${Facts.list(facts, now)}</section>`

const missing = (text: string, count: number): Html =>
  html`<section class="panel"><h2>${
    text === "" ? "No profile has come yet" : html`No profile of a service “${text}” has come lately`
  }</h2>
<p>${
    count > 0 && html`Profiles of ${count} other ${count === 1 ? "service" : "services"} have. `
  }So it did not get as far as the component that would send it on. Look whether</p>
<ul>
<li>the application sends it at all, and to the address that its <code>pyroscope.receive_http</code> listens on: a component that cannot listen is <a href="/?state=unhealthy">unhealthy</a>;</li>
<li>it was answered with 4xx or 5xx: the sender knows why, and <code>pyroscope_receive_http_request_duration_seconds</code> in <a href="/metrics">the metrics</a> counts it by status;</li>
<li>its label <code>service_name</code> is another: <code>external_labels</code> are set last, and what came before them is forgotten.</li>
</ul></section>`
