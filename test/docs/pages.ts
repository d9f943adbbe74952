/**
 * The pages of the documentation: what they show, link to and are linked by.
 */
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** A piece of code between fences. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Of the first line in it, from one. */
  readonly line: number
}

export interface Page {
  /** Below the root. */
  readonly path: string
  /** All of it. */
  readonly text: string
  readonly blocks: ReadonlyArray<Block>
  /** Lines outside of blocks; those inside are empty. */
  readonly prose: string
}

/** A line that opens or closes a block. */
const fence = /^ *(```+) *([\w+-]*).*$/

const parse = (path: string, text: string): Page => {
  const blocks: Array<Block> = []
  const prose: Array<string> = []
  let open: { readonly ticks: string; readonly language: string; readonly line: number } | undefined
  let inside: Array<string> = []
  for (const [index, line] of text.split("\n").entries()) {
    const [, ticks, language] = fence.exec(line) ?? []
    prose.push(open === undefined && ticks === undefined ? line : "")
    if (open === undefined) {
      if (ticks !== undefined) open = { ticks, language: language!, line: index + 2 }
    } else if (ticks === open.ticks && language === "") {
      blocks.push({ language: open.language, line: open.line, text: inside.map((line) => `${line}\n`).join("") })
      open = undefined
      inside = []
    } else {
      inside.push(line)
    }
  }
  if (open !== undefined) throw new Error(`${path}:${open.line - 1}: a block without an end`)
  return { path, text, blocks, prose: prose.join("\n") }
}

/** All files below one of the root's folders, by their paths below the root. */
export const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(posix.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => posix.relative(root, posix.join(parentPath, name)))
    .sort()

export const pages: ReadonlyArray<Page> = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...["docs", "examples"].flatMap(filesIn)
].filter((path) => path.endsWith(".md")).map((path) => parse(path, readFileSync(posix.join(root, path), "utf8")))

export interface Link {
  /** As it is written. */
  readonly target: string
  readonly line: number
}

const withoutCode = (line: string): string => line.replace(/(`+)[^`].*?\1/g, "")

/** Of all forms that Markdown and HTML have for them. */
export const linksOf = ({ prose }: Page): ReadonlyArray<Link> =>
  prose.split("\n").flatMap((line, index) =>
    [
      ...withoutCode(line).matchAll(
        /\]\(<?([^)\s>]+)>?[^)]*\)|^ *\[[^\]]+\]: *<?([^\s>]+)|\b(?:href|src|srcset)="([^"]+)"|<(https?:[^>]+)>/g
      )
    ].map(([, ...forms]) => ({ target: forms.find((form) => form !== undefined)!, line: index + 1 }))
  )

/** What GitHub calls the headings of a page: what stands behind `#` in a link. */
export const anchorsOf = ({ prose }: Page): ReadonlySet<string> => {
  const anchors = new Set<string>()
  for (const [, heading] of prose.matchAll(/^#+ +(.+?) *#*$/gm)) {
    const text = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    const slug = text.toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-")
    let anchor = slug
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${slug}-${copy}`
    anchors.add(anchor)
  }
  for (const [, id] of prose.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!)
  return anchors
}
