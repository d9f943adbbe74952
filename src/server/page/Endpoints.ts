/**
 * The endpoints of a component, from the list `endpoints` of its debug info, as `pyroscope.write` has it.
 */
import type { Info } from "../../telemetry/DebugInfo.ts"
import type { Amount } from "../../telemetry/Rates.ts"
import * as Facts from "./Facts.ts"
import * as Fields from "./Fields.ts"
import * as HealthMark from "./HealthMark.ts"
import { type Html, html, type Part } from "./Html.ts"
import * as Moment from "./Moment.ts"
import * as Quantity from "./Quantity.ts"

export interface Endpoint {
  readonly label: string
  /** Where it is on the page of its component. */
  readonly anchor: string
  /** In its own word, such as `delivering`, and in that of health. */
  readonly state: string
  readonly health: HealthMark.State
  /** What it delivers per second, where that is known. */
  readonly rate: Amount | undefined
  /** All that it shows. */
  readonly facts: Fields.Fields
}

/** Those of one component, with rates as `rateOf` knows them by what has been delivered. */
export const of = (
  info: Info | undefined,
  rateOf: (name: string, delivered: Amount) => Amount | undefined
): ReadonlyArray<Endpoint> =>
  Fields.list(info, "endpoints").map((facts, index) => {
    const label = labelOf(facts) ?? `endpoint ${index + 1}`
    const { health, state } = stateOf(facts)
    const [profiles, bytes] = [Fields.number(facts, "sent_profiles"), Fields.number(facts, "sent_bytes")]
    return {
      label,
      anchor: `endpoint-${index + 1}`,
      state,
      health,
      rate: profiles === undefined || bytes === undefined
        ? undefined
        : rateOf(`${index} ${label}`, { profiles, bytes }),
      facts
    }
  })

/** An endpoint that answers is one that delivers, whatever it answers; what it says to the last profile is to be seen. */
const stateOf = (facts: Fields.Fields): Pick<Endpoint, "state" | "health"> => {
  const state = Fields.text(facts, "state")
  if (state !== "delivering") return { state: state ?? "state not known", health: state ? "unhealthy" : "unknown" }
  const refused = Fields.time(Fields.fields(facts, "last_refusal"), "time") ?? -Infinity
  return refused > (Fields.time(facts, "last_delivery") ?? -Infinity)
    ? { state: "refused the last profile", health: "unknown" }
    : { state, health: "healthy" }
}

/** Its name, or its URL where it has none. */
export const labelOf = (facts: Fields.Fields | undefined): string | undefined =>
  Fields.text(facts, "name") ?? Fields.text(facts, "endpoint")

/** What is shown in a place of its own. */
const known: ReadonlySet<string> = new Set([
  "endpoint",
  "name",
  "state",
  "failing_since",
  "failing_reason",
  "paused_until",
  "queue_profiles",
  "queue_bytes",
  "queue_max_bytes",
  "queue_oldest_seconds",
  "last_delivery",
  "last_refusal",
  "sent_profiles",
  "sent_bytes"
])

export const show = ({ anchor, facts, health, label, rate, state }: Endpoint, now: number): Html => {
  const refusal = Fields.fields(facts, "last_refusal")
  const rest = Object.fromEntries(Object.entries(facts).filter(([name]) => !known.has(name)))
  return html`<article id="${anchor}" class="endpoint ${health}" aria-labelledby="${anchor}-title">
<header><h3 id="${anchor}-title">${label}</h3>
<span class="badge ${health}">${HealthMark.icon(health)}${state}</span>
${rate !== undefined && html`<span class="rate">${Quantity.rate(rate)}</span>`}</header>
${problem(facts, now)}
<dl>${[
    Fields.text(facts, "name") !== undefined && fact("URL", Fields.text(facts, "endpoint")),
    fact("Waiting", waiting(facts)),
    fact("Oldest waits for", span(Fields.number(facts, "queue_oldest_seconds"))),
    fact(
      "Last delivery",
      moment(Fields.time(facts, "last_delivery"), now) ?? html`<span class="muted">none yet</span>`
    ),
    fact("Delivered so far", delivered(facts))
  ]}${Facts.items(rest, now)}</dl>
${
    refusal !== undefined &&
    html`<section class="refusal" aria-label="Last refusal"><h4>Last refusal</h4>${failure(refusal, now)}</section>`
  }
</article>`
}

const fact = (name: string, content: Part): Html | undefined =>
  content === undefined ? undefined : html`<div><dt>${name}</dt><dd>${content}</dd></div>`

const span = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : Quantity.span(seconds * 1000)

const moment = (at: number | undefined, now: number): Html | undefined =>
  at === undefined ? undefined : Moment.exact(at, now)

const problem = (facts: Fields.Fields, now: number): Html | undefined => {
  const since = Fields.time(facts, "failing_since")
  const until = Fields.time(facts, "paused_until")
  if (since === undefined && until === undefined) return undefined
  return html`<p class="problem">${
    since !== undefined &&
    html`Failing since ${Moment.exact(since, now)}: <span class="text">${
      Fields.text(facts, "failing_reason") ?? ""
    }</span> `
  }${until !== undefined && html`<span class="muted">Next try ${Moment.relative(until, now)}.</span>`}</p>`
}

const waiting = (facts: Fields.Fields): Html | undefined => {
  const [profiles, bytes] = [Fields.number(facts, "queue_profiles"), Fields.number(facts, "queue_bytes")]
  const limit = Fields.number(facts, "queue_max_bytes")
  if (profiles === undefined || bytes === undefined) return undefined
  return html`${profiles.toLocaleString("en")} profiles &middot; ${Quantity.bytes(bytes)}${
    limit !== undefined && html` of ${Quantity.bytes(limit)}
<meter min="0" max="${limit}" low="${limit / 2}" high="${
      limit * 0.9
    }" optimum="0" value="${bytes}" aria-label="Queue in use"></meter>`
  }`
}

const delivered = (facts: Fields.Fields): string | undefined => {
  const [profiles, bytes] = [Fields.number(facts, "sent_profiles"), Fields.number(facts, "sent_bytes")]
  return profiles === undefined || bytes === undefined
    ? undefined
    : `${profiles.toLocaleString("en")} profiles · ${Quantity.bytes(bytes)}`
}

/** When, by whom, of which service, and what was said. */
export const failure = (facts: Fields.Fields, now: number): Html => {
  const [service, label, at] = [Fields.text(facts, "service_name"), labelOf(facts), Fields.time(facts, "time")]
  return html`<p><span class="text said">${
    Fields.text(facts, "message") ?? Fields.text(facts, "reason") ?? ""
  }</span></p>
<p class="muted">${[
    at !== undefined && Moment.relative(at, now),
    label !== undefined && html` &middot; ${label}`,
    service !== undefined &&
    html` &middot; service <a href="/services?q=${encodeURIComponent(service)}">${service}</a>`,
    Fields.text(facts, "path") !== undefined && html` &middot; <code>${Fields.text(facts, "path")}</code>`
  ]}</p>`
}
