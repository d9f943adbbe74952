/**
 * Moments as elements: how long ago for who looks, when exactly for who asks.
 */
import { type Html, html } from "./Html.ts"
import * as Quantity from "./Quantity.ts"

/** `3 min ago`, or `in 5 s`. Both in milliseconds since the epoch. */
export const relative = (at: number, now: number): Html =>
  html`<time datetime="${Quantity.stamp(at)}" title="${Quantity.moment(at)}">${
    Math.abs(at - now) < 1000 ? "now" : at > now ? `in ${Quantity.span(at - now)}` : `${Quantity.span(now - at)} ago`
  }</time>`

/** With the moment beside it. */
export const exact = (at: number, now: number): Html =>
  html`${relative(at, now)} <span class="muted">${Quantity.moment(at)}</span>`
