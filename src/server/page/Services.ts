/**
 * Why is my profile missing? By the name of its service: what became of the last one, from the list `services` of the
 * debug info of components that send profiles, as `pyroscope.write` has it.
 */
import type { Info } from "../../telemetry/DebugInfo.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Fields from "./Fields.ts"
import * as HealthMark from "./HealthMark.ts"
import { type Html, html } from "./Html.ts"
import * as Moment from "./Moment.ts"
import { hrefOf } from "./Snapshot.ts"

/** What a component knows of a service. */
interface Service {
  readonly name: string
  readonly component: string
  readonly facts: Fields.Fields
  /** All that the component sends to. */
  readonly endpoints: ReadonlyArray<Fields.Fields>
}

/** The most that are shown at once. */
const most = 100

export const show = (
  infos: ReadonlyArray<readonly [id: string, info: Info | undefined]>,
  text: string,
  now: number
): Html => {
  const all = infos.flatMap(([component, info]) =>
    Fields.list(info, "services").map((facts): Service => ({
      name: Fields.text(facts, "service_name") ?? "",
      component,
      facts,
      endpoints: Fields.list(info, "endpoints")
    }))
  )
  const found = all.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()))
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
      : html`${found.slice(0, most).map((service) => serviceView(service, now))}${
        found.length > most && html`<p class="muted">${found.length - most} more: ask for a name.</p>`
      }`
  }
</div>`
}

/** What became of the last profile of a service. */
export type Verdict = "delivered" | "waiting" | "refused" | "lost"

const timeOf = (facts: Fields.Fields | undefined, name = "time"): number => Fields.time(facts, name) ?? -Infinity

/** When an endpoint last took a profile of the service. */
const acceptedBy = (facts: Fields.Fields, label: string | undefined): number =>
  Math.max(
    ...Fields.list(facts, "last_accepted").map((one) => Endpoints.labelOf(one) === label ? timeOf(one) : -Infinity),
    -Infinity
  )

/** It fails, and has not taken what came last. */
const isWaitedFor = (facts: Fields.Fields, endpoint: Fields.Fields): boolean =>
  Fields.text(endpoint, "state") === "failing" &&
  acceptedBy(facts, Endpoints.labelOf(endpoint)) < timeOf(facts, "last_profile")

/**
 * The last thing that is known of it counts, for each endpoint by itself: one that took a profile since has got over what
 * it refused before.
 */
export const verdictOf = (facts: Fields.Fields, endpoints: ReadonlyArray<Fields.Fields>): Verdict => {
  const accepted = Fields.list(facts, "last_accepted")
  const isLast = (failure: Fields.Fields | undefined): boolean => {
    if (failure === undefined) return false
    const label = Endpoints.labelOf(failure)
    // Where no endpoint was asked each may have taken another since.
    const after = label === undefined
      ? Math.max(...accepted.map((one) => timeOf(one)), -Infinity)
      : acceptedBy(facts, label)
    return timeOf(failure) >= after
  }
  if (isLast(Fields.fields(facts, "last_loss"))) return "lost"
  if (isLast(Fields.fields(facts, "last_refusal"))) return "refused"
  return accepted.length === 0 || endpoints.some((endpoint) => isWaitedFor(facts, endpoint)) ? "waiting" : "delivered"
}

const marks: Readonly<Record<Verdict, HealthMark.State>> = {
  delivered: "healthy",
  waiting: "unknown",
  refused: "unhealthy",
  lost: "unhealthy"
}

const serviceView = ({ component, endpoints, facts, name }: Service, now: number): Html => {
  const verdict = verdictOf(facts, endpoints)
  const came = Fields.time(facts, "last_profile")
  const [loss, refusal] = [Fields.fields(facts, "last_loss"), Fields.fields(facts, "last_refusal")]
  return html`<section class="panel service">
<header><h2>${name === "" ? html`<span class="muted">without a name</span>` : name}</h2>
<span class="badge ${marks[verdict]}">${HealthMark.icon(marks[verdict])}${verdict}</span>
<span class="muted">at <a href="${hrefOf(component)}">${component}</a></span></header>
<dl>
<div><dt>Last profile</dt><dd>${came === undefined ? "not known" : Moment.exact(came, now)}</dd></div>
<div><dt>Last delivered</dt><dd>${endpoints.map((endpoint) => delivery(facts, endpoint, now))}</dd></div>
${
    isOne(refusal, loss) ? failure("Last refusal, and loss", loss, now) : [
      failure("Last refusal", refusal, now),
      failure("Last loss", loss, now)
    ]
  }
</dl></section>`
}

/** Whether a profile was lost by being refused. */
const isOne = (refusal: Fields.Fields | undefined, loss: Fields.Fields | undefined): boolean =>
  ["time", "message", "endpoint", "name"].every((name) => Fields.text(refusal, name) === Fields.text(loss, name))

const failure = (title: string, facts: Fields.Fields | undefined, now: number): Html | undefined =>
  facts && html`<div class="wide"><dt>${title}</dt><dd>${Endpoints.failure(facts, now)}</dd></div>`

const delivery = (facts: Fields.Fields, endpoint: Fields.Fields, now: number): Html => {
  const label = Endpoints.labelOf(endpoint)
  const at = acceptedBy(facts, label)
  return html`<p>${label ?? "endpoint"}: ${Number.isFinite(at) ? Moment.relative(at, now) : "not yet"}${
    isWaitedFor(facts, endpoint) && html` <span class="unhealthy">(waits: the endpoint is failing)</span>`
  }</p>`
}

const missing = (text: string, count: number): Html =>
  html`<section class="panel"><h2>${
    text === "" ? "No profile has come yet" : html`No profile of a service "${text}" has come lately`
  }</h2>
<p>${
    count > 0 && html`Profiles of ${count} other ${count === 1 ? "service" : "services"} have. `
  }So it did not get as far as the component that would send it on. Look whether</p>
<ul>
<li>the application sends it at all, and to the address that its <code>pyroscope.receive_http</code> listens on: a component that cannot listen is <a href="/?state=unhealthy">unhealthy</a>;</li>
<li>it was refused: the log says <code>requests refused</code> with reason and sender, and <code>pyroscope_receive_http_refused_requests_total</code> in <a href="/metrics">the metrics</a> counts by reason;</li>
<li>a rule dropped it, which <code>pyroscope_relabel_profiles_dropped</code> counts;</li>
<li>its label <code>service_name</code> is another one.</li>
</ul></section>`
