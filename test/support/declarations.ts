/**
 * What a package's declarations say, read from the text that the compiler has written: what each of its entries exports,
 * and whether that can be named and is documented.
 */
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** Something that a module exports, declared there. */
export interface Declaration {
  readonly module: string
  readonly name: string
  /** Without comments. */
  readonly text: string
  /** Whether there is a comment on it. */
  readonly isDocumented: boolean
  /** Of an interface or a type of an object: those without a comment on them. */
  readonly undocumented: ReadonlyArray<string>
}

interface Module {
  readonly path: string
  /** All of its own, exported or not. */
  readonly declarations: ReadonlyMap<string, Declaration>
  /** By the names that they are exported as: a declaration of its own, or one of another module's. */
  readonly exports: ReadonlyMap<string, Place>
  /** By the names that they have in it. */
  readonly imports: ReadonlyMap<string, Place>
}

/** `*` is all of a module, as one name. */
interface Place {
  readonly module: string
  readonly name: string
}

const comment = /\/\*\*?[^]*?\*\//g

/** Statements with the comment before them. In a file of the compiler's each begins at the beginning of a line. */
const statementsOf = (text: string): ReadonlyArray<string> =>
  text.replace(/^\/\/#.*$/gm, "").split(/^(?=\/\*\*|export |import |declare |interface |type )/m)
    .reduce<Array<string>>((all, part) => {
      const last = all.at(-1)
      if (last !== undefined && last.replace(comment, "").trim() === "") all[all.length - 1] = last + part
      else all.push(part)
      return all
    }, [])
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "")

const declared = /^(?:export )?(?:declare )?(?:abstract )?(?:const|class|interface|type|function) (\w+)/

/** Members at the first level of the braces, each with a comment in front of it or not. */
const undocumentedIn = (statement: string): ReadonlyArray<string> => {
  const isObject = /^(?:export )?(?:interface|type \w+ = \{)/.test(statement.replace(comment, "").trim())
  // Of a union the type itself says what its members are.
  if (!isObject || statement.includes("} | {")) return []
  const lines = statement.slice(statement.indexOf("{")).split("\n")
  return lines.flatMap((line, index) => {
    const [, name] = /^ {4}(?:readonly )?(\w+)[?]?[:(<]/.exec(line) ?? []
    return name === undefined || name === "_tag" || lines[index - 1]?.trimEnd().endsWith("*/") ? [] : [name]
  })
}

const namesIn = (list: string): ReadonlyArray<readonly [from: string, to: string]> =>
  list.split(",").map((one) => one.trim().replace(/^type /, "")).filter((one) => one !== "").map((one) => {
    const [from, to = from] = one.split(" as ")
    return [from!, to!] as const
  })

const isOurs = (specifier: string): boolean => specifier.startsWith(".")

const modulesOf = (root: string) => {
  const known = new Map<string, Module>()
  const read = (path: string): Module => {
    const before = known.get(path)
    if (before !== undefined) return before
    const declarations = new Map<string, Declaration>()
    const exports = new Map<string, Place>()
    const imports = new Map<string, Place>()
    const at = (specifier: string) => join(dirname(path), specifier)
    for (const statement of statementsOf(readFileSync(join(root, path.replace(/\.ts$/, ".d.ts")), "utf8"))) {
      const text = statement.replace(comment, "").replace(/^[ \t]*\n/gm, "").trim()
      const from = /^(import|export) (?:type )?(?:\* as (\w+)|\{([^}]*)\}) from "([^"]+)";$/.exec(text)
      if (from !== null) {
        const [, kind, all, list, specifier] = from
        if (!isOurs(specifier!)) continue
        const to = kind === "import" ? imports : exports
        if (all !== undefined) to.set(all, { module: at(specifier!), name: "*" })
        for (const [name, as] of namesIn(list ?? "")) to.set(as, { module: at(specifier!), name })
        continue
      }
      const further = /^export (?:type )?\{([^}]*)\};$/.exec(text)
      if (further !== null) {
        for (const [name, as] of namesIn(further[1]!)) exports.set(as, imports.get(name) ?? { module: path, name })
        continue
      }
      const [, name] = declared.exec(text) ?? []
      if (name === undefined) continue
      const earlier = declarations.get(name)
      declarations.set(name, {
        module: path,
        name,
        text: earlier === undefined ? text : `${earlier.text}\n${text}`,
        isDocumented: statement.startsWith("/**") || earlier?.isDocumented === true,
        undocumented: [...earlier?.undocumented ?? [], ...undocumentedIn(statement)]
      })
      if (text.startsWith("export ")) exports.set(name, { module: path, name })
    }
    const module = { path, declarations, exports, imports }
    known.set(path, module)
    return module
  }
  return read
}

export interface Surface {
  /** By the names that an importer of the entry writes, such as `Forward.layer`. */
  readonly exported: ReadonlyMap<string, Declaration>
  /** What declarations mention of the package and no entry has, as `Forward.make: FanOut.Settings`. */
  readonly mentioned: ReadonlyMap<string, ReadonlyArray<Place>>
}

/** What each of the entries exports, where `root` has the declarations. */
export const surfacesOf = (root: string, entries: ReadonlyArray<string>): ReadonlyMap<string, Surface> => {
  const read = modulesOf(root)
  /** Where it is declared, whoever exports it further. */
  const origin = ({ module, name }: Place): Place => {
    if (name === "*") return { module, name }
    const to = read(module).exports.get(name)
    return to === undefined || (to.module === module && to.name === name) ? { module, name } : origin(to)
  }
  return new Map(entries.map((entry) => {
    const exported = new Map<string, Declaration>()
    const add = (prefix: string, module: string): void => {
      for (const [name, place] of read(module).exports) {
        const { module, name: own } = origin(place)
        if (own === "*") add(`${prefix}${name}.`, module)
        else exported.set(`${prefix}${name}`, read(module).declarations.get(own)!)
      }
    }
    add("", entry)
    const mentioned = new Map(
      Array.from(exported, ([name, declaration]) => [name, mentions(declaration, read).map(origin)] as const)
    )
    return [entry, { exported, mentioned }]
  }))
}

/** The base of a class, which no one else has a name for, is part of it. */
const withBase = ({ module, name, text }: Declaration, read: (path: string) => Module): string =>
  [text, read(module).declarations.get(`${name}_base`)?.text ?? ""].join("\n")

const mentions = (declaration: Declaration, read: (path: string) => Module): ReadonlyArray<Place> => {
  const { declarations, imports } = read(declaration.module)
  const text = withBase(declaration, read).replace(
    /"(?:[^"\\]|\\.)*"/g,
    (quoted) => isOurs(quoted.slice(1)) ? quoted : "\"\""
  )
  const inline = Array.from(
    text.matchAll(/import\("(\.[^"]+)"\)\.(\w+)/g),
    ([, specifier, name]): Place => ({ module: join(dirname(declaration.module), specifier!), name: name! })
  )
  const words = Array.from(
    text.replace(/import\("[^"]+"\)\.\w+/g, "").matchAll(/(?<![.\w])([A-Z]\w*)(?:\.(\w+))?(?!\w|\??:)/g)
  )
  const named = words.flatMap(([, word, member]): ReadonlyArray<Place> => {
    if (word === declaration.name || word === `${declaration.name}_base`) return []
    const imported = imports.get(word!)
    if (imported !== undefined) return [imported.name === "*" ? { module: imported.module, name: member! } : imported]
    return declarations.has(word!) ? [{ module: declaration.module, name: word! }] : []
  })
  return [...inline, ...named]
}

/** The declarations, in the order of their names, for whoever has to decide about a change. */
export const report = ({ exported }: Surface, root: string): string => {
  const read = modulesOf(root)
  return Array.from(exported).sort(([a], [b]) => a < b ? -1 : 1).map(([name, declaration]) =>
    `// ${name}\n${withBase(declaration, read).trim()}\n`
  ).join("\n")
}
