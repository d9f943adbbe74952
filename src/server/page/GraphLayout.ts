/**
 * Where the boxes of a graph go: in layers from left to right, so that what flows does so in the direction of reading.
 *
 * After Sugiyama: parts that are not connected are laid out each by itself and then packed into rows. In each part a
 * node is one layer behind the last of those that lead to it; an edge over several layers has a slot in each of them;
 * slots are ordered by the mean of their neighbours, which leaves few crossings, and placed as near to that mean as the
 * distances between them allow. The work is linear in the number of slots, of which there is a bound.
 */

export interface Edge {
  readonly from: string
  readonly to: string
}

/** Of every box, and between them, in pixels. */
export interface Measures {
  readonly width: number
  readonly height: number
  /** Between layers: room for edges and what is written at them. */
  readonly between: number
  /** Between boxes of a layer. */
  readonly gap: number
  /** Parts of the graph go beside each other up to that. */
  readonly across: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** The top left corners of boxes. */
  readonly boxes: ReadonlyMap<string, Point>
  /** For each edge, from the right of one box to the left of another, with two points at each layer between. */
  readonly routes: ReadonlyArray<ReadonlyArray<Point>>
}

/** How many slots a graph may have: one that has more can be no help to anyone. */
const most = 3000

/** Nothing, where the graph is too large. Edges lead from and to nodes that there are; from one to itself is none. */
export const make = (
  nodes: ReadonlyArray<string>,
  edges: ReadonlyArray<Edge>,
  measures: Measures
): Layout | undefined => {
  if (nodes.length + edges.length > most) return undefined
  const boxes = new Map<string, Point>()
  const routes: Array<Array<Point>> = edges.map(() => [])
  let row = { x: 0, y: 0, height: 0 }
  let width = 0
  let slots = 0
  for (const part of partsOf(nodes, edges)) {
    const layers = layersOf(part, edges)
    slots += layers.reduce((sum, layer) => sum + layer.length, 0)
    if (slots > most) return undefined
    order(layers)
    place(layers, measures)
    const own = {
      width: layers.length * (measures.width + measures.between) - measures.between,
      height: Math.max(...layers.flat().map((slot) => slot.y + heightOf(slot, measures) / 2))
    }
    if (row.x > 0 && row.x + own.width > measures.across) {
      row = { x: 0, y: row.y + row.height + measures.gap * 2, height: 0 }
    }
    put(layers, { x: row.x, y: row.y }, measures, boxes, routes)
    width = Math.max(width, row.x + own.width)
    row = { ...row, x: row.x + own.width + measures.between / 2, height: Math.max(row.height, own.height) }
  }
  const ends = ({ from, to }: Edge, way: ReadonlyArray<Point>): ReadonlyArray<Point> => {
    const [start, end] = [boxes.get(from)!, boxes.get(to)!]
    const middle = measures.height / 2
    return [
      { x: start.x + measures.width, y: start.y + middle },
      // What leads back has been laid out forward.
      ...(start.x > end.x ? way.toReversed() : way),
      { x: end.x, y: end.y + middle }
    ]
  }
  return {
    width,
    height: row.y + row.height,
    boxes,
    routes: edges.map((edge, index) => ends(edge, routes[index]!))
  }
}

/** Nodes that are connected, and the indices of the edges between them. */
interface Part {
  readonly nodes: ReadonlyArray<string>
  readonly edges: ReadonlyArray<number>
}

/** In the order of their first nodes; those of one node are last. */
const partsOf = (nodes: ReadonlyArray<string>, edges: ReadonlyArray<Edge>): ReadonlyArray<Part> => {
  const leader = new Map(nodes.map((node) => [node, node]))
  const find = (node: string): string => {
    let at = node
    while (leader.get(at)! !== at) {
      leader.set(at, leader.get(leader.get(at)!)!)
      at = leader.get(at)!
    }
    return at
  }
  for (const { from, to } of edges) leader.set(find(to), find(from))
  const parts = new Map<string, { readonly nodes: Array<string>; readonly edges: Array<number> }>()
  for (const node of nodes) {
    const part = parts.get(find(node)) ?? { nodes: [], edges: [] }
    parts.set(find(node), part)
    part.nodes.push(node)
  }
  for (const [index, { from, to }] of edges.entries()) {
    if (from !== to) parts.get(find(from))!.edges.push(index)
  }
  return [...parts.values()].sort((a, b) => Number(a.nodes.length === 1) - Number(b.nodes.length === 1))
}

/** A node, or an edge on its way through a layer. */
interface Slot {
  readonly node: string | undefined
  readonly edge: number
  readonly before: Array<Slot>
  readonly after: Array<Slot>
  /** Its place in its layer, and its middle. */
  index: number
  y: number
}

const slot = (node: string | undefined, edge = -1): Slot => ({
  node,
  edge,
  before: [],
  after: [],
  index: 0,
  y: 0
})

const layersOf = (part: Part, edges: ReadonlyArray<Edge>): ReadonlyArray<Array<Slot>> => {
  const ahead = new Map<string, Array<number>>(part.nodes.map((node) => [node, []]))
  for (const index of part.edges) ahead.get(edges[index]!.from)!.push(index)
  const { isBack, sorted } = sort(part.nodes, ahead, edges)
  // One that leads back is laid out as if it led forward.
  const forward = part.edges.map((index) => {
    const { from, to } = edges[index]!
    return isBack.has(index) ? { index, from: to, to: from } : { index, from, to }
  })
  const depth = depths(sorted, forward)
  const layers: Array<Array<Slot>> = Array.from({ length: Math.max(...depth.values()) + 1 }, () => [])
  const slots = new Map(part.nodes.map((node) => [node, slot(node)]))
  for (const node of sorted) layers[depth.get(node)!]!.push(slots.get(node)!)
  for (const { from, index, to } of forward) {
    let last = slots.get(from)!
    for (let layer = depth.get(from)! + 1; layer < depth.get(to)!; layer++) {
      const next = slot(undefined, index)
      layers[layer]!.push(next)
      link(last, next)
      last = next
    }
    link(last, slots.get(to)!)
  }
  return layers
}

const link = (from: Slot, to: Slot): void => {
  from.after.push(to)
  to.before.push(from)
}

/** Depth first, so that what belongs together stays together; edges that would close a circle lead back. */
const sort = (
  nodes: ReadonlyArray<string>,
  ahead: ReadonlyMap<string, ReadonlyArray<number>>,
  edges: ReadonlyArray<Edge>
): { readonly sorted: ReadonlyArray<string>; readonly isBack: ReadonlySet<number> } => {
  const state = new Map<string, "open" | "done">()
  const isBack = new Set<number>()
  const reversed: Array<string> = []
  for (const root of nodes.toReversed()) {
    if (state.has(root)) continue
    const path: Array<{ readonly node: string; at: number }> = [{ node: root, at: 0 }]
    state.set(root, "open")
    while (path.length > 0) {
      const top = path.at(-1)!
      const out = ahead.get(top.node)!
      const index = out[out.length - 1 - top.at++]
      if (index === undefined) {
        state.set(top.node, "done")
        reversed.push(top.node)
        path.pop()
        continue
      }
      const { to } = edges[index]!
      if (state.get(to) === "open") isBack.add(index)
      else if (!state.has(to)) {
        state.set(to, "open")
        path.push({ node: to, at: 0 })
      }
    }
  }
  return { sorted: reversed.toReversed(), isBack }
}

/** Behind all that lead to it; what nothing leads to is just before the first that it leads to. */
const depths = (
  sorted: ReadonlyArray<string>,
  edges: ReadonlyArray<Edge>
): ReadonlyMap<string, number> => {
  const outOf = new Map<string, Array<Edge>>(sorted.map((node) => [node, []]))
  for (const edge of edges) outOf.get(edge.from)!.push(edge)
  const depth = new Map(sorted.map((node) => [node, 0]))
  for (const node of sorted) {
    for (const { to } of outOf.get(node)!) depth.set(to, Math.max(depth.get(to)!, depth.get(node)! + 1))
  }
  const isLedTo = new Set(edges.map(({ to }) => to))
  for (const node of sorted) {
    const next = outOf.get(node)!.map(({ to }) => depth.get(to)!)
    if (!isLedTo.has(node) && next.length > 0) depth.set(node, Math.min(...next) - 1)
  }
  return depth
}

/** A part of the graph, moved to where there is room for it. */
const put = (
  layers: ReadonlyArray<ReadonlyArray<Slot>>,
  corner: Point,
  { between, height, width }: Measures,
  boxes: Map<string, Point>,
  routes: ReadonlyArray<Array<Point>>
): void => {
  for (const [layer, slots] of layers.entries()) {
    const left = corner.x + layer * (width + between)
    for (const { edge, node, y } of slots) {
      const middle = corner.y + y
      if (node !== undefined) boxes.set(node, { x: left, y: middle - height / 2 })
      else routes[edge]!.push({ x: left, y: middle }, { x: left + width, y: middle })
    }
  }
}

const sweeps = 8

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const reindex = (layer: ReadonlyArray<Slot>): void => {
  for (const [index, slot] of layer.entries()) slot.index = index
}

/** To and fro, each layer by where its neighbours in the one before are. */
const order = (layers: ReadonlyArray<Array<Slot>>): void => {
  for (const layer of layers) reindex(layer)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const side = sweep % 2 === 0 ? "before" : "after"
    for (const layer of side === "before" ? layers : layers.toReversed()) {
      const wished = new Map(
        layer.map((slot) => [slot, slot[side].length > 0 ? mean(slot[side].map(({ index }) => index)) : slot.index])
      )
      layer.sort((a, b) => wished.get(a)! - wished.get(b)!)
      reindex(layer)
    }
  }
}

/** An edge needs less room than a box. */
const heightOf = ({ node }: Slot, { gap, height }: Measures): number => node === undefined ? gap : height

const place = (layers: ReadonlyArray<ReadonlyArray<Slot>>, measures: Measures): void => {
  const wish = (slot: Slot, sides: ReadonlyArray<"before" | "after">): number => {
    const neighbours = sides.flatMap((side) => slot[side])
    return neighbours.length > 0 ? mean(neighbours.map(({ y }) => y)) : slot.y
  }
  for (const layer of layers) settle(layer, () => 0, measures)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isForward = sweep % 2 === 0
    const sides = sweep >= sweeps - 2 ? ["before", "after"] as const : [isForward ? "before" : "after"] as const
    for (const layer of isForward ? layers : layers.toReversed()) settle(layer, (slot) => wish(slot, sides), measures)
  }
  const top = Math.min(...layers.flat().map((slot) => slot.y - heightOf(slot, measures) / 2))
  for (const slot of layers.flat()) slot.y -= top
}

/**
 * As near to where each wishes to be as it can be, in the sum of squares: neighbours that are too near to each other
 * move together (pool adjacent violators).
 */
const settle = (layer: ReadonlyArray<Slot>, wish: (slot: Slot) => number, measures: Measures): void => {
  const pools: Array<{ sum: number; readonly members: Array<{ readonly slot: Slot; readonly offset: number }> }> = []
  let offset = 0
  for (const [index, slot] of layer.entries()) {
    const above = layer[index - 1]
    if (above !== undefined) {
      offset += (heightOf(above, measures) + heightOf(slot, measures)) / 2 + measures.gap
    }
    pools.push({ sum: wish(slot) - offset, members: [{ slot, offset }] })
    for (let last = pools.length - 1; last > 0; last--) {
      const [a, b] = [pools[last - 1]!, pools[last]!]
      if (a.sum / a.members.length <= b.sum / b.members.length) break
      a.sum += b.sum
      a.members.push(...b.members)
      pools.pop()
    }
  }
  for (const { members, sum } of pools) {
    for (const { offset, slot } of members) slot.y = sum / members.length + offset
  }
}
