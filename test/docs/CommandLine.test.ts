/**
 * docs/command-line.md has every command and flag that there is, as `--help` has them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { said } from "../cli/commandLine.ts"
import { pages } from "./pages.ts"

const page = pages.find(({ path }) => path === "docs/command-line.md")!

/** The text under a heading. */
const section = (heading: string): string => {
  const [, rest = ""] = page.text.split(`\n## ${heading}\n`)
  return rest.split("\n## ", 1)[0]!
}

interface Flag {
  readonly variable: string
  readonly initial: string
}

const documented = (command: string): ReadonlyMap<string, Flag> =>
  new Map(
    section(command).split("\n").filter((line) => line.startsWith("| `--")).map((line) => {
      const [, flag, variable, initial] = line.split("|").map((cell) => cell.trim().replaceAll("`", ""))
      return [flag!, { variable: variable!, initial: initial! }]
    })
  )

/** What `--help` shows below a heading in capitals. */
const helpOf = (heading: string, ...args: ReadonlyArray<string>) =>
  Effect.map(said([...args, "--help"]), ({ lines }) => {
    const [, ...rest] = lines.slice(lines.indexOf(heading))
    return rest.slice(0, rest.indexOf("") >>> 0)
  })

const names = ["run", "validate", "check", "health"]

describe("docs/command-line.md", () => {
  for (const name of names) {
    it.effect(`has the flags of ${name}`, () =>
      Effect.map(helpOf("FLAGS", name), (lines) => {
        const flags = lines.map((line): [string, Flag] => {
          const [, flag = "", initial = "", variable = ""] =
            /^ {2}(--\S+) .*?(?: \(default (.*)\))? \[(\w+)\]/.exec(line) ?? []
          return [flag, { variable, initial }]
        })
        assert.deepStrictEqual(documented(name), new Map(flags))
      }))
  }

  it.effect("has the commands", () =>
    Effect.map(helpOf("SUBCOMMANDS"), (lines) => {
      const commands = lines.map((line) => line.trim().split(" ", 1)[0]!)
      const shown = Array.from(page.text.matchAll(/^pyroduct (\w+)/gm), ([, name]) => name!)
      assert.sameMembers([...new Set(shown)], commands)
      assert.sameMembers(names, commands.filter((name) => name !== "version" && name !== "help"))
    }))
})
