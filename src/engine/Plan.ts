/**
 * What is to run: a configuration that has been read and found right, as far as that can be told while nothing runs.
 *
 * Everything that can be wrong with the texts is found at once, with placeholders for the exports of components. It is
 * pure, and what it has parsed is parsed once: `Engine.start` and `reload` take it from here.
 */
import { Result } from "effect"
import * as Scope from "../evaluation/Scope.ts"
import * as Value from "../evaluation/Value.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Parser from "../syntax/Parser.ts"
import { Problems } from "../syntax/Problems.ts"
import type { Range, Source } from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Arguments from "./Arguments.ts"
import * as Exposures from "./Exposures.ts"
import * as Foreign from "./Foreign.ts"
import * as Graph from "./Graph.ts"
import { InvalidConfiguration } from "./InvalidConfiguration.ts"
import type { Registry } from "./Registry.ts"
import * as Warnings from "./Warnings.ts"

export type { Policy } from "./Foreign.ts"

/** What to check, and against what. */
export interface Settings<R> {
  /** The texts, which are one configuration. */
  readonly sources: ReadonlyArray<Source>
  /** The components that there are. */
  readonly registry: Registry<R>
  /** What names mean besides components: the standard library. */
  readonly stdlib: ReadonlyMap<string, Value.Value>
  /** What to do about components of other engines; an error by default. */
  readonly foreign?: Foreign.Policy | undefined
}

/** A configuration that has been found right. */
export interface Plan<R> {
  /** What it was made of. */
  readonly settings: Settings<R>
  /**
   * In the order to start them.
   *
   * @internal
   */
  readonly nodes: ReadonlyArray<Graph.Node<R>>
  /**
   * Blocks that are left out.
   *
   * @internal
   */
  readonly ignored: ReadonlyArray<Graph.Ignored>
  /**
   * What an operator should know, though all is right.
   *
   * @internal
   */
  readonly warnings: ReadonlyArray<Warning>
  /**
   * What its blocks turned out to be wrong with when they were built.
   *
   * @internal
   */
  readonly error: (diagnostics: ReadonlyArray<Diagnostic.Diagnostic>, isInForce: boolean) => InvalidConfiguration
}

/**
 * Of a block that is to run.
 *
 * @internal
 */
export interface Warning {
  readonly id: string
  readonly diagnostic: Diagnostic.Diagnostic
}

/** Finds every problem of a configuration and starts nothing. */
export const check = <R>(settings: Settings<R>): Result.Result<Plan<R>, InvalidConfiguration> => {
  const parsed = settings.sources.map(Parser.parse)
  const language = languageOf(settings)
  const error: Plan<R>["error"] = (diagnostics, isInForce) =>
    new InvalidConfiguration({
      diagnostics: inOrder(diagnostics, settings.sources),
      sources: new Map(
        settings.sources.map((source, index) => [source.name, Exposures.mask(source, parsed[index]!, language)])
      ),
      isInForce
    })
  const broken = parsed.flatMap((file) => Result.isFailure(file) ? file.failure : [])
  if (broken.length > 0) return Result.fail(error(broken, false))
  const files = parsed.flatMap((file) => Result.isSuccess(file) ? [file.success] : [])
  const { ignored, isUnresolved, nodes, problems } = Graph.make(
    files,
    settings.registry,
    new Set(settings.stdlib.keys()),
    showing(files, language),
    settings
  )
  const all = new Problems()
  // What has no label cannot be referred to.
  const named = nodes.filter(({ block }) => block.label !== undefined)
  const scope = scopeOf(named.map((node) => [node.id, placeholdersOf(node)]), settings.stdlib)
  for (const problem of problems) all.add(problem)
  for (const problem of mistakes(nodes, scope, isUnresolved)) all.add(problem)
  if (!all.isEmpty) return Result.fail(error(all.all, false))
  const warnings = nodes.flatMap(({ block, component, file, id }) =>
    Warnings.of(component.arguments, block, file, scope).map((diagnostic): Warning => ({ id, diagnostic }))
  )
  return Result.succeed({ settings, nodes, ignored, warnings, error })
}

/** What is wrong with the arguments of the blocks. */
const mistakes = <R>(
  nodes: ReadonlyArray<Graph.Node<R>>,
  scope: Scope.Scope,
  isUnresolved: Graph.Graph<R>["isUnresolved"]
): ReadonlyArray<Diagnostic.Diagnostic> =>
  nodes.flatMap(({ block, component, file }) => {
    const decoded = Arguments.decode(component.arguments, block, file, scope, (place) => isUnresolved(file, place))
    return Result.isFailure(decoded) ? decoded.failure : []
  })

const placeholdersOf = <R>({ component }: Graph.Node<R>): Value.Value =>
  Value.object(Object.entries(component.exports).map(([name, { placeholder }]) => [name, placeholder]))

/**
 * `pyroscope.write.a` and `pyroscope.write.b` as the object `pyroscope` that names lead into.
 *
 * @internal
 */
export const scopeOf = (
  exports: Iterable<readonly [id: string, exports: Value.Value]>,
  stdlib: ReadonlyMap<string, Value.Value>
): Scope.Scope => {
  const root: Names = new Map()
  for (const [id, value] of exports) {
    const path = id.split(".")
    let names = root
    for (const name of path.slice(0, -1)) {
      const next = names.get(name)
      const inner: Names = next instanceof Map ? next : new Map()
      names.set(name, inner)
      names = inner
    }
    names.set(path.at(-1)!, value)
  }
  return Scope.make(new Map([...root].map(([name, inner]) => [name, valueOf(inner)])), stdlib)
}

type Names = Map<string, Names | Value.Value>

const valueOf = (names: Names | Value.Value): Value.Value =>
  names instanceof Map ? Value.object([...names].map(([name, inner]) => [name, valueOf(inner)])) : names

/** File by file, each in the order of its text. */
const inOrder = (
  diagnostics: ReadonlyArray<Diagnostic.Diagnostic>,
  sources: ReadonlyArray<Source>
): ReadonlyArray<Diagnostic.Diagnostic> => {
  const places = new Map(sources.map(({ name }, index) => [name, index]))
  const placeOf = ({ file }: Diagnostic.Diagnostic): number => places.get(file ?? "") ?? places.size
  return diagnostics.toSorted((a, b) => placeOf(a) - placeOf(b) || Diagnostic.byPosition(a, b))
}

const languageOf = <R>({ registry, stdlib }: Settings<R>): Exposures.Language => {
  const own = new Set(Array.from(registry.components.keys(), (name) => name.split(".", 1)[0]!))
  return { registry, isKnown: (name) => stdlib.has(name) || own.has(name) || Foreign.namespaces.has(name) }
}

/** Whether the name that begins there may be shown. */
const showing = (files: ReadonlyArray<Tree.File>, language: Exposures.Language) => {
  const hiddenIn = (file: Tree.File): ReadonlySet<number> =>
    new Set(Exposures.hiddenIn(file, language).map(({ range }) => range.start.offset))
  let hidden: ReadonlyMap<string, ReadonlySet<number>> | undefined
  return ({ start }: Range, file: string): boolean => {
    // Most configurations refer to nothing that is not there.
    hidden ??= new Map(files.map((file) => [file.name, hiddenIn(file)]))
    return hidden.get(file)?.has(start.offset) !== true
  }
}
