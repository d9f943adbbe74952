/**
 * The graph of components as a drawing: boxes that are links, and edges with what goes over them.
 */
import type { Amount } from "../../telemetry/Rates.ts"
import * as GraphLayout from "./GraphLayout.ts"
import * as HealthMark from "./HealthMark.ts"
import { type Html, html } from "./Html.ts"
import * as Quantity from "./Quantity.ts"

export interface Box {
  readonly id: string
  readonly href: string | undefined
  /** Above, in small letters, where there is something: `pyroscope.write`. */
  readonly kind: string
  readonly name: string
  readonly state: HealthMark.State
  /** What is to be said besides the state, if there is something. */
  readonly note: string | undefined
}

export interface Edge extends GraphLayout.Edge {
  /** Profiles go over it, or else only a value when it changes. */
  readonly carries: "profiles" | "value"
  readonly rate: Amount | undefined
}

const measures: GraphLayout.Measures = { width: 212, height: 64, between: 124, gap: 20, across: 1220 }

const margin = 10

/** Where the boxes are follows from which there are and how they hang together, so it is worked out once for each. */
const cache = new Map<string, GraphLayout.Layout | undefined>()

/** Of several people that look at different parts. */
const cached = 16

const layoutOf = (boxes: ReadonlyArray<Box>, edges: ReadonlyArray<Edge>): GraphLayout.Layout | undefined => {
  const nodes = boxes.map(({ id }) => id)
  const key = JSON.stringify([nodes, edges.map(({ from, to }) => [from, to])])
  if (cache.has(key)) return cache.get(key)
  const layout = GraphLayout.make(nodes, edges, measures)
  for (const oldest of cache.keys()) if (cache.size >= cached) cache.delete(oldest)
  cache.set(key, layout)
  return layout
}

/** Nothing where there are too many to be drawn. */
export const draw = (boxes: ReadonlyArray<Box>, edges: ReadonlyArray<Edge>): Html | undefined => {
  const layout = layoutOf(boxes, edges)
  if (layout === undefined) return undefined
  const [width, height] = [layout.width + 2 * margin, layout.height + 2 * margin]
  return html`<svg class="graph" width="${Math.ceil(width)}" height="${
    Math.ceil(height)
  }" viewBox="${-margin} ${-margin} ${coordinate(width)} ${
    coordinate(height)
  }" role="group" aria-label="Graph of components">
<defs>${arrow("profiles")}${arrow("value")}</defs>
<g aria-hidden="true">${edges.map((edge, index) => drawEdge(edge, layout.routes[index]!, edges.length <= lively))}${
    edges.map((edge, index) => label(edge, layout.routes[index]!))
  }</g>
${boxes.map((box) => drawBox(box, layout.boxes.get(box.id)!))}
</svg>`
}

const arrow = (carries: Edge["carries"]): Html =>
  html`<marker id="${carries}-end" class="arrow ${carries}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z"/></marker>`

const coordinate = (value: number): string => String(Math.round(value * 10) / 10)

/** With more edges than that what flows over them does not move: nobody could follow it. */
const lively = 60

const isMoving = ({ rate }: Edge): boolean => rate !== undefined && rate.profiles > 0

const drawEdge = (edge: Edge, route: ReadonlyArray<GraphLayout.Point>, isLively: boolean): Html => {
  const { carries, from, to } = edge
  const path = pathOf(route)
  return html`<g class="edge ${carries}"><title>${from} to ${to}</title><path marker-end="url(#${carries}-end)" d="${path}"/>${
    isLively && isMoving(edge) && html`<path class="pulse" d="${path}"/>`
  }</g>`
}

/** In the first gap that it crosses. */
const label = (edge: Edge, [start, next]: ReadonlyArray<GraphLayout.Point>): Html | undefined => {
  const { rate } = edge
  if (rate === undefined) return undefined
  const lines = rate.profiles === 0
    ? ["0/s"]
    : [`${Quantity.count(rate.profiles)}/s`, `${Quantity.bytes(rate.bytes)}/s`]
  const [x, y] = [(start!.x + next!.x) / 2, (start!.y + next!.y) / 2]
  const [width, height] = [Math.max(...lines.map(({ length }) => length)) * 6.6 + 10, lines.length * 14 + 4]
  return html`<g class="label${isMoving(edge) && " moving"}"><rect x="${coordinate(x - width / 2)}" y="${
    coordinate(y - height / 2)
  }" width="${coordinate(width)}" height="${height}" rx="7"/>${
    lines.map((line, index) =>
      html`<text x="${coordinate(x)}" y="${coordinate(y - height / 2 + 13 + index * 14)}">${line}</text>`
    )
  }</g>`
}

/** Bows between layers, and straight through them. */
const pathOf = (route: ReadonlyArray<GraphLayout.Point>): string =>
  route.map(({ x, y }, index) => {
    const [cx, cy] = [coordinate(x), coordinate(y)]
    const before = route[index - 1]
    if (before === undefined) return `M${cx} ${cy}`
    if (index % 2 === 0) return `L${cx} ${cy}`
    const middle = coordinate((before.x + x) / 2)
    return `C${middle} ${coordinate(before.y)} ${middle} ${cy} ${cx} ${cy}`
  }).join("")

/** As many letters of the sizes in the style sheet as a box has room for. */
const cut = (text: string, letters: number): string => text.length <= letters ? text : `${text.slice(0, letters - 1)}…`

const drawBox = (box: Box, { x, y }: GraphLayout.Point): Html => {
  const { height, width } = measures
  const note = box.note ?? box.state
  const inside = html`<title>${[box.id, box.state, box.note].filter((text) => text !== undefined).join(", ")}</title>
<rect class="box" width="${width}" height="${height}" rx="9"/><rect class="bar" width="5" height="${
    height - 18
  }" x="9" y="9" rx="2.5"/>
${box.kind !== "" && html`<text class="kind" x="24" y="20">${cut(box.kind, 24)}</text>`}
<text class="name" x="24" y="${box.kind === "" ? 29 : 37}">${cut(box.name, 22)}</text>
<text class="note" x="24" y="${box.kind === "" ? 47 : 53}">${cut(note, 29)}</text>${
    HealthMark.icon(box.state, width - 25, 8)
  }`
  const place = html`transform="translate(${coordinate(x)} ${coordinate(y)})"`
  return box.href === undefined
    ? html`<g class="node ${box.state}" ${place}>${inside}</g>`
    : html`<a class="node ${box.state}" ${place} href="${box.href}" aria-label="${box.id}, ${note}">${inside}</a>`
}
