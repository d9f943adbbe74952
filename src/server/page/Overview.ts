/**
 * The page of all components: the graph of them, and a table.
 */
import type { ComponentStatus } from "../../telemetry/ComponentStatus.ts"
import type * as Endpoints from "./Endpoints.ts"
import * as GraphView from "./GraphView.ts"
import * as HealthMark from "./HealthMark.ts"
import { type Html, html } from "./Html.ts"
import * as Moment from "./Moment.ts"
import * as Quantity from "./Quantity.ts"
import { type Flow, hrefOf, type Snapshot, type Throughput, throughputs } from "./Snapshot.ts"

/** Which components are shown. */
export interface Filter {
  /** Some letters of the id or of the message. */
  readonly text: string
  readonly state: HealthMark.State | undefined
}

export interface Settings {
  readonly snapshot: Snapshot
  readonly filter: Filter
  /** Of each component that has some, where they are drawn. */
  readonly endpoints: ReadonlyMap<string, ReadonlyArray<Endpoints.Endpoint>>
  /** In words, of each component that has some, where they are drawn. */
  readonly targets: ReadonlyMap<string, string | undefined>
}

/** From how many components on the table comes first and the graph is without endpoints. */
export const many = 40

export const show = ({ endpoints, filter, snapshot, targets }: Settings): Html => {
  const rows = rowsOf(snapshot)
  const chosen = rows.filter((row) => matches(row, filter))
  const parts = [
    html`<section id="graph" class="panel" data-live aria-labelledby="graph-title">
<h2 id="graph-title">Graph</h2>
${graph(chosen, rows, snapshot, endpoints, targets)}
</section>`,
    html`<section id="table" class="panel" data-live aria-labelledby="table-title">
<h2 id="table-title">${
      chosen.length === rows.length ? html`All components` : html`${chosen.length} of ${rows.length} components`
    }</h2>
${chosen.length === 0 ? html`<p class="muted">None.</p>` : table(chosen, snapshot)}
</section>`
  ]
  return html`<h1 class="sr">Components</h1>
<div class="tools">
${counts(rows, filter)}
<form role="search" action="/" method="get">
<label for="q">Filter</label><input id="q" name="q" type="search" value="${filter.text}" placeholder="id or message" autocomplete="off">
${filter.state !== undefined && html`<input type="hidden" name="state" value="${filter.state}">`}
<button>Show</button>
</form>
</div>
${rows.length > many ? parts.toReversed() : parts}`
}

/** A component, or a block that is ignored. */
interface Row extends Pick<ComponentStatus, "id" | "name" | "label"> {
  readonly state: HealthMark.State
  readonly message: string
  readonly since: number | undefined
  readonly isRunning: boolean
}

const rowsOf = ({ components, ignored }: Snapshot): ReadonlyArray<Row> => [
  ...components.map(({ health, id, label, name }): Row => ({
    id,
    name,
    label,
    state: health.state,
    message: health.message,
    since: health.updatedAt,
    isRunning: true
  })),
  ...ignored.map(({ id, label, name, why }): Row => ({
    id,
    name,
    label,
    state: "ignored",
    message: why,
    since: undefined,
    isRunning: false
  }))
]

const matches = ({ id, message, state }: Row, filter: Filter): boolean =>
  (filter.state === undefined || filter.state === state) &&
  `${id}\n${message}`.toLowerCase().includes(filter.text.toLowerCase())

// ---- how many there are ----

const counts = (rows: ReadonlyArray<Row>, filter: Filter): Html => {
  const linkTo = (state: HealthMark.State | undefined): string => {
    const query = new URLSearchParams({
      ...(filter.text !== "" && { q: filter.text }),
      ...(state !== undefined && { state })
    }).toString()
    return query === "" ? "/" : `/?${query}`
  }
  const counted = HealthMark.states.map((state) => [state, rows.filter((row) => row.state === state).length] as const)
  return html`<ul id="counts" class="counts" data-live aria-label="Components by health">
<li><a href="${linkTo(undefined)}"${filter.state === undefined && html` aria-current="true"`}><b>${rows.length}</b> ${
    rows.length === 1 ? "component" : "components"
  }</a></li>
${
    counted.filter(([state, count]) => count > 0 || state === filter.state).map(([state, count]) =>
      html`<li><a class="${state}" href="${linkTo(state)}"${filter.state === state && html` aria-current="true"`}>${
        HealthMark.icon(state)
      }<b>${count}</b> ${state}</a></li>`
    )
  }
</ul>`
}

// ---- graph ----

const graph = (
  chosen: ReadonlyArray<Row>,
  rows: ReadonlyArray<Row>,
  { flows }: Snapshot,
  endpoints: Settings["endpoints"],
  targets: Settings["targets"]
): Html => {
  // With what they are connected to, unless they are all there are.
  const near = new Set(chosen.map(({ id }) => id))
  const own = new Set(near)
  if (chosen.length < rows.length) {
    for (const { from, to } of flows) {
      if (own.has(from)) near.add(to)
      if (own.has(to)) near.add(from)
    }
  }
  const shown = rows.filter(({ id }) => near.has(id))
  const drawn = GraphView.draw(
    [
      ...shown.map((row) => boxOf(row, targets.get(row.id))),
      ...shown.flatMap(({ id }) => (endpoints.get(id) ?? []).map((endpoint) => endpointBox(id, endpoint)))
    ],
    [
      ...flows.filter(({ from, to }) => near.has(from) && near.has(to)).map(edgeOf),
      ...shown.flatMap(({ id }) =>
        (endpoints.get(id) ?? []).map((endpoint): GraphView.Edge => ({
          from: id,
          to: `${id} ${endpoint.anchor}`,
          carries: "profiles",
          rate: endpoint.rate
        }))
      )
    ]
  )
  if (shown.length === 0) return html`<p class="muted">Nothing to draw.</p>`
  if (drawn === undefined) {
    return html`<p class="muted">There are too many components to be drawn. A filter shows some of them.</p>`
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="graph-title">${drawn}</div>
<ul class="legend" aria-label="Legend"><li><svg width="34" height="8" aria-hidden="true"><path class="profiles" d="M0 4h34"/></svg>profiles</li><li><svg width="34" height="8" aria-hidden="true"><path class="value" d="M0 4h34"/></svg>a value, used by</li></ul>`
}

const boxOf = (
  { id, isRunning, label, message, name, state }: Row,
  targets: string | undefined
): GraphView.Box => ({
  id,
  href: isRunning ? hrefOf(id) : undefined,
  kind: label === undefined ? "" : name,
  name: label ?? name,
  state,
  note: state === "healthy" ? targets : `${state}: ${message}`
})

const endpointBox = (id: string, endpoint: Endpoints.Endpoint): GraphView.Box => ({
  id: `${id} ${endpoint.anchor}`,
  href: `${hrefOf(id)}#${endpoint.anchor}`,
  kind: "endpoint",
  name: endpoint.label.replace(/^https?:\/\//, "").replace(/\/$/, ""),
  state: endpoint.health,
  note: endpoint.state
})

const edgeOf = ({ from, to, traffic }: Flow): GraphView.Edge => ({
  from,
  to,
  carries: traffic === undefined ? "value" : "profiles",
  rate: traffic?.rate
})

// ---- table ----

const table = (rows: ReadonlyArray<Row>, { flows, now }: Snapshot): Html => {
  const urgency = (state: HealthMark.State): number => HealthMark.states.indexOf(state)
  const sorted = rows.toSorted((a, b) => urgency(a.state) - urgency(b.state))
  const [into, out] = [throughputs(flows, "in"), throughputs(flows, "out")]
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Health</th><th scope="col">Component</th><th scope="col">Message</th><th scope="col">Since</th><th scope="col" class="amount">Profiles in</th><th scope="col" class="amount">Profiles out</th></tr></thead>
<tbody>${
    sorted.slice(0, most).map(({ id, isRunning, message, since, state }) =>
      html`<tr>
<td data-label="Health">${HealthMark.badge(state)}</td>
<th scope="row" data-label="Component">${
        isRunning ? html`<a href="${hrefOf(id)}">${breakable(id)}</a>` : breakable(id)
      }</th>
<td data-label="Message" class="text">${message}</td>
<td data-label="Since">${since !== undefined && Moment.relative(since, now)}</td>
<td data-label="Profiles in" class="amount">${amount(into.get(id))}</td>
<td data-label="Profiles out" class="amount">${amount(out.get(id))}</td>
</tr>`
    )
  }</tbody></table></div>
${sorted.length > most && html`<p class="muted">${sorted.length - most} more: a filter shows them.</p>`}`
}

/** A line may end behind each dot of an id. */
const breakable = (id: string): ReadonlyArray<Html> =>
  id.split(/(?<=[./])/).map((part, index) => html`${index > 0 && html`<wbr>`}${part}`)

/** Rows of the table. */
const most = 1000

const amount = (rate: Throughput | undefined): Html | undefined => {
  if (rate === undefined) return undefined
  return rate === "unknown" ? html`<span class="muted">&ndash;</span>` : html`${Quantity.rate(rate)}`
}
