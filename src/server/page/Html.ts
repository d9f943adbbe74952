/**
 * HTML as a template in which every text is escaped: what a sender, a server or a configuration says stays a text.
 */

/** A piece that is HTML already. Only `html` makes one. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

/** Nothing comes of `undefined` and `false`. */
export type Part = Html | string | number | false | undefined | ReadonlyArray<Part>

/** Attributes are written with double quotes around them. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Html =>
  new Html(strings.reduce((markup, text, index) => `${markup}${markupOf(parts[index - 1])}${text}`))

/** A text that is trusted to be HTML: those of this folder that are files of their own. */
export const trusted = (markup: string): Html => new Html(markup)

const markupOf = (part: Part): string => {
  if (part === undefined || part === false) return ""
  if (part instanceof Html) return part.markup
  if (typeof part === "object") return part.map(markupOf).join("")
  return String(part).replace(unsafe, (character) => entities[character] ?? "\ufffd")
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

/** Also what makes a text look like another: control characters and those that turn the direction of writing. */
// oxlint-disable-next-line no-control-regex
const unsafe = /[&<>"'\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
