/**
 * The programs that pages show, as modules.
 */
import { join } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { pages, root } from "./pages.ts"

export interface Program {
  /** A name for a file, with the page and the line. */
  readonly name: string
  readonly text: string
}

/** The modules of the package by their names, in TypeScript. */
export const modules: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(manifest.exports).flatMap(([name, entry]) =>
    typeof entry === "object" && "types" in entry
      ? [[`pyroduct${name.slice(1)}`, join(root, entry.types.replace(/^\.\/dist\/(.*)\.d\.ts$/, "src/$1.ts"))]]
      : []
  )
)

const lineFeeds = (text: string): number => text.split("\n").length - 1

/**
 * One for each block, but for those that import nothing: they go on with the one before. Each has as many lines before it
 * as in its page, so that what is said of a line of it tells the place.
 */
export const programs: ReadonlyArray<Program> = pages.flatMap(({ blocks, path }) => {
  const programs: Array<{ readonly name: string; text: string }> = []
  for (const { language, line, text } of blocks) {
    if (language !== "ts") continue
    let program = programs.at(-1)
    if (program === undefined || /^import /m.test(text)) {
      program = { name: `${path.replace(/\W/g, "-")}-${line}`, text: "" }
      programs.push(program)
    }
    program.text += "\n".repeat(Math.max(0, line - 1 - lineFeeds(program.text))) + text
  }
  return programs
})

/** The same with absolute paths for what is ours. What imports modules beside it is a component, below `src/components`. */
export const placed = ({ text }: Program): string =>
  text.replace(
    /(?<=from ")(?:\.\.\/)+[^"]+|(?<=from ")pyroduct[^"]*/g,
    (specifier) => modules[specifier] ?? join(root, "src/components/pyroduct", specifier)
  )
