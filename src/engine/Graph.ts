/**
 * The blocks of a configuration as a graph: which component each is, and which others it refers to.
 *
 * All mistakes are found in one go: unknown components, missing labels, ids declared twice, references to nothing,
 * cycles. Nothing is evaluated here.
 */
import * as References from "../evaluation/References.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Exposure from "../syntax/Exposure.ts"
import type { Range } from "../syntax/Source.ts"
import * as Tree from "../syntax/Tree.ts"
import type * as Component from "./Component.ts"
import type { Registry } from "./Registry.ts"

export interface Node<R = never> {
  readonly id: string
  readonly component: Component.Any<R>
  readonly block: Tree.Block
  readonly file: string
  readonly dependencies: ReadonlyArray<Node<R>>
}

export interface Graph<R> {
  /**
   * In the order to start them: what others depend on comes first, sources, on which nothing depends, come last, and of
   * blocks that are equally far from the end of their chains those that stand first in the text. With problems the order
   * means nothing.
   */
  readonly nodes: ReadonlyArray<Node<R>>
  readonly problems: ReadonlyArray<Diagnostic.Diagnostic>
  /** References that lead nowhere, or to a block that is itself a problem: evaluating them would only say so again. */
  readonly unresolved: ReadonlyArray<{ readonly file: string; readonly range: Range }>
}

/** Of a reference to nothing `isShown` tells whether it is one, or may be a secret without its quotes. */
export const make = <R>(
  files: ReadonlyArray<Tree.File>,
  registry: Registry<R>,
  isInScope: (name: string) => boolean,
  isShown: (range: Range, file: string) => boolean = () => true
): Graph<R> => {
  const problems: Array<Diagnostic.Diagnostic> = []
  const unresolved: Array<{ readonly file: string; readonly range: Range }> = []
  const drafts = new Map<string, Draft<R>>()
  const declared = new Set<string>()
  for (const file of files) {
    const report = (message: string, range: Range) => {
      problems.push(Diagnostic.error(message, file.name, range))
    }
    for (const statement of file.body) {
      if (statement._tag === "Attribute") {
        report(`unrecognized attribute ${statement.name.name}`, statement.name.range)
        continue
      }
      declared.add(Tree.blockId(statement))
      const draft = draftOf(statement, file.name, registry, drafts, report)
      if (draft !== undefined) drafts.set(draft.id, draft)
    }
  }
  for (const { block, file, targets } of drafts.values()) {
    for (const { path, range } of References.bodyReferences(block.body)) {
      const prefixes = path.map((_, index) => path.slice(0, index + 1).join("."))
      const target = prefixes.find((prefix) => declared.has(prefix))
      if (target !== undefined && drafts.has(target)) targets.add(target)
      else if (target !== undefined) unresolved.push({ file, range })
      else if (!isInScope(path[0]!)) {
        const [name, advice] = isShown(range, file)
          ? [path.join("."), ""]
          : [Exposure.mask, " (a text is written in double quotes)"]
        const message = `component "${name}" does not exist or is out of scope${advice}`
        problems.push(Diagnostic.error(message, file, range))
        unresolved.push({ file, range })
      }
    }
  }
  problems.push(...cycles(drafts))
  const nodes = problems.length === 0
    ? startOrder(drafts)
    : [...drafts.values()].map(({ block, component, file, id }) => ({ block, component, file, id, dependencies: [] }))
  return { nodes, problems, unresolved }
}

interface Draft<R> extends Omit<Node<R>, "dependencies"> {
  readonly targets: Set<string>
}

const draftOf = <R>(
  block: Tree.Block,
  file: string,
  registry: Registry<R>,
  drafts: ReadonlyMap<string, Draft<R>>,
  report: (message: string, range: Range) => void
): Draft<R> | undefined => {
  const name = block.name.join(".")
  const component = registry.components.get(name)
  const id = Tree.blockId(block)
  if (component === undefined) {
    return void report(unknownComponent(name), block.nameRange)
  }
  if (block.label === undefined) {
    return void report(`component "${name}" must have a label`, block.nameRange)
  }
  const other = drafts.get(id)
  if (other !== undefined) {
    const { column, line } = other.block.range.start
    return void report(`block ${id} already declared at ${other.file}:${line}:${column}`, {
      start: block.nameRange.start,
      end: block.label.range.end
    })
  }
  return { id, component, block, file, targets: new Set() }
}

/**
 * What has to have stopped before a node may stop: all that refers to it. What stands alone goes after everything that
 * does not, for it may be a receiver that others reach by the network.
 */
export const stopsAfter = <R>(nodes: ReadonlyArray<Node<R>>): (node: Node<R>) => ReadonlyArray<Node<R>> => {
  const users = new Map(nodes.map((node) => [node, nodes.filter(({ dependencies }) => dependencies.includes(node))]))
  const isAlone = (node: Node<R>): boolean => node.dependencies.length === 0 && users.get(node)!.length === 0
  const connected = nodes.filter((node) => !isAlone(node))
  return (node) => isAlone(node) ? connected : users.get(node)!
}

/** Names that Alloy or the Agent know: a configuration that uses them is right, and it is us who lack something. */
const known = [
  /^pyroscope\.(ebpf|enrich|java|receive_http|relabel|scrape|write)$/,
  /^local\.(file|file_match)$/,
  /^remote\.(http|s3|vault|kubernetes\.(configmap|secret))$/,
  /^(beyla|database_observability|discovery|faro|loki|mimir|module|otelcol|prometheus)\.\w/,
  /^(argument|declare|export|foreach|http|livedebugging|logging|remotecfg|tracing)$/,
  /^import\.(file|git|http|string)$/
]

/** What references begin with, here or in Alloy. */
export const namespaces: ReadonlySet<string> = new Set([
  "argument",
  "beyla",
  "database_observability",
  "discovery",
  "faro",
  "local",
  "loki",
  "mimir",
  "module",
  "otelcol",
  "prometheus",
  "pyroscope",
  "remote"
])

const unknownComponent = (name: string): string => {
  if (!known.some((names) => names.test(name))) return `cannot find the definition of component name "${name}"`
  const kind = name.includes(".") && !name.startsWith("import.") ? "component" : "block"
  return `${kind} "${name}" is not supported by pyroduct yet`
}

/** One problem for each member of each cycle. */
const cycles = <R>(drafts: ReadonlyMap<string, Draft<R>>): ReadonlyArray<Diagnostic.Diagnostic> => {
  const reach = new Map([...drafts.keys()].map((id) => [id, reachableFrom(id, drafts)]))
  return [...drafts.values()].flatMap((draft) => {
    if (!reach.get(draft.id)!.has(draft.id)) return []
    const members = [...drafts.keys()].filter((id) => reach.get(draft.id)!.has(id) && reach.get(id)!.has(draft.id))
    const message = members.length === 1 ? "cannot reference self" : `cycle detected: ${members.sort().join(", ")}`
    return [Diagnostic.error(message, draft.file, draft.block.nameRange)]
  })
}

const reachableFrom = <R>(id: string, drafts: ReadonlyMap<string, Draft<R>>): ReadonlySet<string> => {
  const reached = new Set<string>()
  const visit = (id: string): void => {
    for (const target of drafts.get(id)?.targets ?? []) {
      if (reached.has(target)) continue
      reached.add(target)
      visit(target)
    }
  }
  visit(id)
  return reached
}

const startOrder = <R>(drafts: ReadonlyMap<string, Draft<R>>): ReadonlyArray<Node<R>> => {
  const referredTo = new Set(Array.from(drafts.values(), ({ targets }) => Array.from(targets)).flat())
  /**
   * Steps to the end of the longest chain. Sources are further from it than anything else, and what stands alone is not
   * on any chain: a receiver that others reach by the network, perhaps, so it starts first.
   */
  const depthOf = (id: string, targets: ReadonlyArray<{ readonly depth: number }>): number => {
    if (!referredTo.has(id)) return targets.length > 0 ? drafts.size : -1
    return Math.max(-1, ...targets.map(({ depth }) => depth)) + 1
  }
  const placed = new Map<string, { readonly node: Node<R>; readonly depth: number }>()
  const place = (draft: Draft<R>): { readonly node: Node<R>; readonly depth: number } => {
    const known = placed.get(draft.id)
    if (known !== undefined) return known
    const { block, component, file, id } = draft
    const targets = [...draft.targets].map((target) => place(drafts.get(target)!))
    const result = {
      node: { id, component, block, file, dependencies: targets.map(({ node }) => node) },
      depth: depthOf(id, targets)
    }
    placed.set(id, result)
    return result
  }
  return [...drafts.values()].map(place).sort((a, b) => a.depth - b.depth).map(({ node }) => node)
}
