/**
 * What other engines of the language have and this one has not: Grafana Alloy, and Grafana Agent in flow mode.
 */
import * as Suggestion from "../syntax/Suggestion.ts"
import type * as Tree from "../syntax/Tree.ts"

/** What is to be done about components of theirs: each is a problem, or is left out with what only it uses. */
export type Policy = "error" | "ignore"

/** Families of components all of which are theirs, or may be. */
const families: ReadonlySet<string> = new Set([
  "beyla",
  "database_observability",
  "discovery",
  "faro",
  "loki",
  "mimir",
  "module",
  "otelcol",
  "prometheus"
])

/** Those of further families, which are ours as well: a name that is not here is a mistake. */
const components: ReadonlySet<string> = new Set([
  "local.file",
  "local.file_match",
  "pyroscope.ebpf",
  "pyroscope.enrich",
  "pyroscope.java",
  "pyroscope.receive_http",
  "pyroscope.relabel",
  "pyroscope.scrape",
  "pyroscope.write",
  "remote.http",
  "remote.kubernetes.configmap",
  "remote.kubernetes.secret",
  "remote.s3",
  "remote.vault"
])

/** Of the Agent before Phlare became Pyroscope. */
const successors: ReadonlyMap<string, string> = new Map([
  ["phlare.scrape", "pyroscope.scrape"],
  ["phlare.write", "pyroscope.write"]
])

/** Blocks that are no components: of the language itself, or of an engine as a whole. */
const blocks: ReadonlySet<string> = new Set([
  "argument",
  "declare",
  "export",
  "foreach",
  "http",
  "import.file",
  "import.git",
  "import.http",
  "import.string",
  "livedebugging",
  "logging",
  "remotecfg",
  "tracing"
])

const familyOf = (name: string): string => name.split(".", 1)[0]!

/** What references begin with, here or elsewhere. */
export const namespaces: ReadonlySet<string> = new Set(["argument", ...families, ...Array.from(components, familyOf)])

/** Whether others have a component of that name. */
export const isComponent = (name: string): boolean =>
  components.has(name) || (name.includes(".") && families.has(familyOf(name)))

const isMissing = "is not a component of pyroduct, which has"

/** Whether a problem is one that there is not with `ignore`. */
export const isIgnorable = (problem: string): boolean => problem.includes(isMissing)

/** What is wrong with a block of that name, where none of `own` has it. */
export const problem = (name: string, own: Iterable<string>): string => {
  const successor = successors.get(name)
  if (successor !== undefined) return `"${name}" has become "${successor}"`
  if (blocks.has(name)) return `block "${name}" is not supported by pyroduct yet`
  if (!isComponent(name)) {
    return `cannot find the definition of component name "${name}"${Suggestion.didYouMeanName(name, Array.from(own))}`
  }
  const family = familyOf(name)
  const relatives = Array.from(own).filter((other) => familyOf(other) === family).sort()
  return `"${name}" ${isMissing} ${relatives.length === 0 ? `none of ${family}.*` : relatives.join(", ")}`
}

/**
 * The first parts of names that `declare` and `import.*` give a meaning to, before any component: `feature` in
 * `declare "feature"`, as which `feature "x"` is a block, and `ns` in `import.file "ns"`, as which `ns.feature "x"` is.
 */
export const definedIn = (files: ReadonlyArray<Tree.File>): ReadonlySet<string> =>
  new Set(
    files.flatMap(({ body }) =>
      body.flatMap((statement) =>
        statement._tag === "Block" && statement.label && /^(declare|import)$/.test(statement.name[0]!)
          ? [statement.label.name]
          : []
      )
    )
  )

/**
 * What has no other use than to be referred to by foreign blocks, or by what has no other use: it is left out with them.
 * `foreign` is what each of them refers to, `own` what each of ours does.
 */
export const unneeded = <N>(
  foreign: ReadonlyArray<ReadonlySet<N>>,
  own: ReadonlyMap<N, ReadonlySet<N>>
): ReadonlySet<N> => {
  const users = new Map(Array.from(own.keys(), (node) => [node, 0]))
  for (const targets of [...foreign, ...own.values()]) {
    for (const target of targets) users.set(target, users.get(target)! + 1)
  }
  const found = new Set<N>()
  const leaving = [...foreign]
  for (let targets = leaving.pop(); targets !== undefined; targets = leaving.pop()) {
    for (const target of targets) {
      const left = users.get(target)! - 1
      users.set(target, left)
      if (left > 0) continue
      found.add(target)
      leaving.push(own.get(target)!)
    }
  }
  return found
}
