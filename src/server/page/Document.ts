/**
 * What all pages have in common. They need nothing but themselves: their style and their script are in them, and the
 * browser is told to load nothing else and to run nothing else.
 */
import { HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"
import * as Assets from "./Assets.ts"
import { type Html, html, trusted } from "./Html.ts"

export interface Content {
  readonly title: string
  /** The page's own, if it is among those of the navigation. */
  readonly path: string
  readonly version: string
  readonly main: Html
  readonly status?: number
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const policy = [
  "default-src 'none'",
  `style-src ${hash(Assets.style)}`,
  `script-src ${hash(Assets.script)}`,
  "connect-src 'self'",
  "img-src data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join("; ")

const flame =
  "M8 .8c.5 2.6 4.9 4.7 4.9 8.9A4.9 4.9 0 0 1 8 14.9a4.9 4.9 0 0 1-4.9-5.2c0-2 1.1-3.1 2-4.3.3 1 .8 1.6 1.5 2C6.4 5.2 7 2.5 8 .8Z"

const favicon = `data:image/svg+xml,${
  encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#d9480f" d="${flame}"/></svg>`
  )
}`

const places = [["/", "Components"], ["/services", "Why is my profile missing?"]] as const

/** As an answer. What changes while somebody looks is in elements with an id and `data-live`. */
export const respond = (content: Content): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(document(content).markup, {
    status: content.status ?? 200,
    contentType: "text/html; charset=utf-8",
    headers: { "content-security-policy": policy }
  })

const document = ({ main, path, title, version }: Content): Html =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} &middot; pyroduct</title>
<link rel="icon" href="${favicon}">
<style>${trusted(Assets.style)}</style>
<noscript><meta http-equiv="refresh" content="10"></noscript>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="brand" href="/"><svg viewBox="0 0 16 16" width="22" height="22" aria-hidden="true"><path d="${flame}"/></svg>pyroduct</a>
<nav aria-label="Pages"><ul>${
    places.map(([to, name]) => html`<li><a href="${to}"${to === path && html` aria-current="page"`}>${name}</a></li>`)
  }</ul></nav>
<p class="live-state"><noscript>Reloads every 10 s.</noscript></p>
<span class="version">v${version}</span>
</header>
<main id="main" tabindex="-1">${main}</main>
<script>${trusted(Assets.script)}</script>
</body>
</html>
`
