/**
 * The blocks of a configuration as a graph: which component each is, and which others it refers to.
 *
 * All mistakes are found in one go: unknown components, missing labels, ids declared twice, references to nothing,
 * cycles. Nothing is evaluated here.
 */
import * as References from "../evaluation/References.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Exposure from "../syntax/Exposure.ts"
import { Problems } from "../syntax/Problems.ts"
import type { Position, Range } from "../syntax/Source.ts"
import * as Suggestion from "../syntax/Suggestion.ts"
import * as Tree from "../syntax/Tree.ts"
import type * as Component from "./Component.ts"
import * as Foreign from "./Foreign.ts"
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
  /** Blocks that are left out: those of others' components, and then what only they use. */
  readonly ignored: ReadonlyArray<Ignored>
  /**
   * Whether a place is in a reference that leads nowhere, or to a block that is itself a problem: evaluating it would only
   * say so again.
   */
  readonly isUnresolved: (file: string, place: Position) => boolean
}

/** A block that is left out. */
export interface Ignored {
  readonly id: string
  readonly block: Tree.Block
  readonly file: string
  /** `"loki.write" is not a component of pyroduct, ...` */
  readonly reason: string
}

export interface Options {
  /** What to do about components of others; an error by default. */
  readonly foreign?: Foreign.Policy | undefined
}

/**
 * `known` is what names may mean besides components. Of a reference to nothing `isShown` tells whether it is one, or may
 * be a secret without its quotes.
 */
export const make = <R>(
  files: ReadonlyArray<Tree.File>,
  registry: Registry<R>,
  known: ReadonlySet<string>,
  isShown: (range: Range, file: string) => boolean = () => true,
  { foreign = "error" }: Options = {}
): Graph<R> => {
  const problems = new Problems()
  const unresolved = new Set<string>()
  const all: Array<Draft<R>> = []
  const outsiders: Array<Outsider> = []
  const defined = Foreign.definedIn(files)
  /** Whatever a reference may lead to; nothing where the block is a problem. */
  const declared = new Map<string, Declared<R>>()
  for (const file of files) {
    const report = (message: () => string, range: Range) => problems.report(message, file.name, range)
    for (const statement of file.body) {
      if (statement._tag === "Attribute") {
        report(() => `unrecognized attribute ${statement.name.name}`, statement.name.range)
        continue
      }
      const { id, isNew, what } = identify(statement, file.name, { registry, foreign, defined, declared, report })
      if (what?._tag === "Draft") all.push(what)
      else if (what !== undefined) outsiders.push(what)
      if (isNew) declared.set(id, what)
    }
  }
  const unneeded = unneededBy(outsiders, all, declared)
  const drafts = all.filter((draft) => !unneeded.has(draft))
  for (const { block, file, targets } of drafts) {
    for (const { names, path, range } of References.bodyReferences(block.body)) {
      const id = declaredIn(path, declared)
      const target = id === undefined ? undefined : declared.get(id)
      if (target?._tag === "Draft") {
        targets.add(target)
        continue
      }
      if (target !== undefined) {
        problems.report(
          () => `"${target.id}" is left out, as it is not a component of pyroduct: nothing can refer to it`,
          file,
          range
        )
      } else if (id === undefined) {
        if (known.has(path[0]!)) continue
        problems.report(
          () => {
            const suggestion = meant(path, drafts, known)
            const [name, advice] = isShown(range, file)
              ? [path.join("."), suggestion]
              : [Exposure.mask, suggestion || " (a text is written in double quotes)"]
            return `component "${name}" does not exist or is out of scope${advice}`
          },
          file,
          range
        )
      }
      for (const name of names) unresolved.add(placeOf(file, name.start))
    }
  }
  const groups = groupsOf(drafts)
  for (const cycle of cycles(drafts, groups)) problems.add(cycle)
  return {
    nodes: problems.isEmpty
      ? startOrder(drafts, groups)
      : drafts.map(({ block, component, file, id }) => ({ block, component, file, id, dependencies: [] })),
    problems: problems.all,
    ignored: [
      ...outsiders,
      ...all.filter((draft) => unneeded.has(draft)).map(({ block, file, id }) => ({ id, block, file, reason: unused }))
    ],
    isUnresolved: (file, place) => unresolved.has(placeOf(file, place))
  }
}

const placeOf = (file: string, { offset }: Position): string => `${offset}:${file}`

/** The shortest beginning of a path that is the id of a block. */
const declaredIn = (path: ReadonlyArray<string>, declared: ReadonlyMap<string, unknown>): string | undefined => {
  let id = ""
  for (const name of path) {
    id = id === "" ? name : `${id}.${name}`
    if (declared.has(id)) return id
  }
  return undefined
}

/** What a path that leads nowhere may have been meant to lead to: a block that others can refer to, or another name. */
const meant = <R>(path: ReadonlyArray<string>, drafts: ReadonlyArray<Draft<R>>, known: ReadonlySet<string>): string => {
  const lengths = new Map<number, Array<string>>()
  for (const { block, component, id } of drafts) {
    if (block.label === undefined || Object.keys(component.exports).length === 0) continue
    const length = block.name.length + 1
    const ids = lengths.get(length)
    if (ids === undefined) lengths.set(length, [id])
    else ids.push(id)
  }
  for (const [length, ids] of lengths) {
    const suggestion = Suggestion.didYouMean(path.slice(0, length).join("."), ids)
    if (suggestion !== "") return suggestion
  }
  return Suggestion.didYouMean(path[0]!, Array.from(known))
}

interface Draft<R> extends Omit<Node<R>, "dependencies"> {
  readonly _tag: "Draft"
  readonly targets: Set<Draft<R>>
}

interface Outsider extends Ignored {
  readonly _tag: "Outsider"
}

/** Nothing where the block is a problem. */
type Declared<R> = Draft<R> | Outsider | undefined

const unused = "only what is left out refers to it"

/** What only outsiders use. */
const unneededBy = <R>(
  outsiders: ReadonlyArray<Outsider>,
  drafts: ReadonlyArray<Draft<R>>,
  declared: ReadonlyMap<string, Declared<R>>
): ReadonlySet<Draft<R>> => {
  if (outsiders.length === 0) return new Set()
  const targetsOf = ({ block }: Draft<R> | Outsider): ReadonlySet<Draft<R>> =>
    new Set(
      References.bodyReferences(block.body).flatMap(({ path }) => {
        const id = declaredIn(path, declared)
        const target = id === undefined ? undefined : declared.get(id)
        return target?._tag === "Draft" ? [target] : []
      })
    )
  return Foreign.unneeded(outsiders.map(targetsOf), new Map(drafts.map((draft) => [draft, targetsOf(draft)])))
}

/** What a block is, and whether references that begin with its id lead to it. A block with a mistake is looked into, too. */
const identify = <R>(
  block: Tree.Block,
  file: string,
  { declared, defined, foreign, registry, report }: {
    readonly registry: Registry<R>
    readonly foreign: Foreign.Policy
    readonly defined: ReadonlySet<string>
    readonly declared: ReadonlyMap<string, Declared<R>>
    readonly report: (message: () => string, range: Range) => void
  }
): { readonly what: Declared<R>; readonly id: string; readonly isNew: boolean } => {
  const name = block.name.join(".")
  const id = Tree.blockId(block)
  const isNew = !declared.has(id)
  if (defined.has(block.name[0]!)) return { what: undefined, id, isNew }
  const component = registry.components.get(name)
  if (component === undefined) {
    const reason = () => Foreign.problem(name, registry.components.keys())
    if (foreign === "ignore" && Foreign.isComponent(name)) {
      return { what: { _tag: "Outsider", id, block, file, reason: reason() }, id, isNew }
    }
    report(reason, block.nameRange)
    return { what: undefined, id, isNew }
  }
  const other = declared.get(id)
  const what: Draft<R> = { _tag: "Draft", id, component, block, file, targets: new Set() }
  if (block.label === undefined && !component.isSingleton) {
    report(() => `component "${name}" must have a label`, block.nameRange)
    return { what, id, isNew: false }
  }
  if (block.label !== undefined && component.isSingleton) {
    report(() => `block "${name}" does not support specifying labels`, block.label.range)
  } else if (other !== undefined) {
    const { column, line } = other.block.range.start
    report(() => `block ${id} already declared at ${other.file}:${line}:${column}`, {
      start: block.nameRange.start,
      end: block.label?.range.end ?? block.nameRange.end
    })
  }
  return { what, id, isNew }
}

/**
 * What has to have stopped before a node may stop: all that refers to it. What stands alone goes after everything that
 * does not, for it may be a receiver that others reach by the network.
 */
export const stopsAfter = <N extends { readonly dependencies: ReadonlyArray<N> }>(
  nodes: ReadonlyArray<N>
): (node: N) => ReadonlyArray<N> => {
  const users = new Map(nodes.map((node): [N, Array<N>] => [node, []]))
  for (const node of nodes) for (const dependency of node.dependencies) users.get(dependency)?.push(node)
  const isAlone = (node: N): boolean => node.dependencies.length === 0 && users.get(node)!.length === 0
  const connected = nodes.filter((node) => !isAlone(node))
  return (node) => isAlone(node) ? connected : users.get(node)!
}

/** Drafts that refer to each other in a circle: each is in one group, and after all groups that it refers to. */
const groupsOf = <R>(drafts: ReadonlyArray<Draft<R>>): ReadonlyArray<ReadonlyArray<Draft<R>>> => {
  // Tarjan's algorithm, without recursion: a chain may be as long as a file.
  const groups: Array<ReadonlyArray<Draft<R>>> = []
  const visits = new Map<
    Draft<R>,
    { low: number; isOpen: boolean; readonly index: number; readonly rest: Iterator<Draft<R>> }
  >()
  const open: Array<Draft<R>> = []
  const path: Array<Draft<R>> = []
  const enter = (draft: Draft<R>): void => {
    const index = visits.size
    visits.set(draft, { low: index, isOpen: true, index, rest: draft.targets.values() })
    open.push(draft)
    path.push(draft)
  }
  for (const draft of drafts) {
    if (!visits.has(draft)) enter(draft)
    while (path.length > 0) {
      const current = path.at(-1)!
      const visit = visits.get(current)!
      const next = visit.rest.next()
      if (!next.done) {
        const known = visits.get(next.value)
        if (known === undefined) enter(next.value)
        else if (known.isOpen) visit.low = Math.min(visit.low, known.index)
        continue
      }
      path.pop()
      const parent = visits.get(path.at(-1)!)
      if (parent !== undefined) parent.low = Math.min(parent.low, visit.low)
      if (visit.low < visit.index) continue
      const group = open.splice(open.lastIndexOf(current))
      for (const member of group) visits.get(member)!.isOpen = false
      groups.push(group)
    }
  }
  return groups
}

/** How many members of a cycle are named. */
const named = 10

/** One problem for each cycle, at the member that stands first. */
const cycles = <R>(
  drafts: ReadonlyArray<Draft<R>>,
  groups: ReadonlyArray<ReadonlyArray<Draft<R>>>
): ReadonlyArray<Diagnostic.Diagnostic> => {
  const untold = new Map(
    groups
      .filter((group) => group.length > 1 || group.some((draft) => draft.targets.has(draft)))
      .flatMap((group) => group.map((draft) => [draft, group]))
  )
  return drafts.flatMap((draft) => {
    const group = untold.get(draft)
    if (group === undefined) return []
    for (const member of group) untold.delete(member)
    const ids = group.map(({ id }) => id).sort()
    const more = ids.length > named ? ` and ${ids.length - named} more` : ""
    const message = ids.length === 1
      ? "cannot reference self"
      : `cycle detected: ${ids.slice(0, named).join(", ")}${more}`
    return [Diagnostic.error(message, draft.file, draft.block.nameRange)]
  })
}

const startOrder = <R>(
  drafts: ReadonlyArray<Draft<R>>,
  groups: ReadonlyArray<ReadonlyArray<Draft<R>>>
): ReadonlyArray<Node<R>> => {
  const referredTo = new Set(drafts.flatMap(({ targets }) => [...targets]))
  const placed = new Map<Draft<R>, { readonly node: Node<R>; readonly depth: number }>()
  /**
   * Steps to the end of the longest chain. Sources are further from it than anything else, and what stands alone is not
   * on any chain: a receiver that others reach by the network, perhaps, so it starts first.
   */
  const depthOf = (draft: Draft<R>): number => {
    if (!referredTo.has(draft)) return draft.targets.size > 0 ? drafts.length : -1
    return [...draft.targets].reduce((deepest, target) => Math.max(deepest, placed.get(target)!.depth), -1) + 1
  }
  for (const draft of groups.flat()) {
    const { block, component, file, id, targets } = draft
    const dependencies = Array.from(targets, (target) => placed.get(target)!.node)
    placed.set(draft, { node: { id, component, block, file, dependencies }, depth: depthOf(draft) })
  }
  return drafts.map((draft) => placed.get(draft)!).sort((a, b) => a.depth - b.depth).map(({ node }) => node)
}
