/**
 * How health is shown: by a word, a shape and a colour, so that none of them is needed.
 */
import type * as Health from "../../telemetry/Health.ts"
import { type Html, html } from "./Html.ts"

/** `ignored` is a block of the configuration that does not run, as it is no component of ours. */
export type State = Health.State | "ignored"

/** What needs attention first comes first. */
export const states: ReadonlyArray<State> = ["unhealthy", "exited", "unknown", "healthy", "ignored"]

const shapes: Readonly<Record<State, Html>> = {
  healthy: html`<circle cx="8" cy="8" r="7"/><path class="mark" d="M4.6 8.4 7 10.8l4.4-5.4"/>`,
  unhealthy: html`<path d="M8 1.1 15.6 14.6H.4z"/><path class="mark" d="M8 6v4.2M8 12.2v.5"/>`,
  unknown: html`<circle class="ring" cx="8" cy="8" r="6.3"/><path class="line" d="M5 8h.01M8 8h.01M11 8h.01"/>`,
  exited: html`<rect x="1.5" y="1.5" width="13" height="13" rx="2.5"/><path class="mark" d="M5 8h6"/>`,
  ignored: html`<circle class="ring" cx="8" cy="8" r="6.3"/><path class="line" d="m3.8 12.2 8.4-8.4"/>`
}

/** The shape alone. In a drawing it stands at `x` and `y`. */
export const icon = (state: State, x = 0, y = 0): Html =>
  html`<svg class="icon ${state}" x="${x}" y="${y}" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">${
    shapes[state]
  }</svg>`

/** The shape with the word. */
export const badge = (state: State): Html => html`<span class="badge ${state}">${icon(state)}${state}</span>`
