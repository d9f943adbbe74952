/**
 * What pages show is right: configurations, data, commands. So are the examples.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"
import { readFileSync, statSync } from "node:fs"
import { join, posix } from "node:path"
import { parseAllDocuments } from "yaml"
import manifest from "../../package.json" with { type: "json" }
import * as Cli from "../../src/Cli.ts"
import * as Components from "../../src/cli/Components.ts"
import * as Usage from "../../src/cli/Usage.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Source from "../../src/syntax/Source.ts"
import { stdlib } from "../evaluation/evaluating.ts"
import { filesIn, pages, root } from "./pages.ts"
import { argumentsOfProgram, commandsOf, npmScript } from "./shell.ts"

/** Blocks in a language, each with its place. */
const blocksIn = (language: string) =>
  pages.flatMap(({ blocks, path }) =>
    blocks.filter((block) => block.language === language).map(({ line, text }) => ({ place: `${path}:${line}`, text }))
  )

const mistakesIn = (name: string, config: string): ReadonlyArray<string> => {
  const checked = Plan.check({ sources: [Source.make(name, config)], registry: Components.registry, stdlib })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : []
}

describe("a configuration", () => {
  for (const { place, text } of blocksIn("alloy")) {
    it(`that a page shows is right: ${place}`, () => assert.deepStrictEqual(mistakesIn(place, text), []))
  }
  for (const file of filesIn("examples").filter((path) => path.endsWith(".alloy"))) {
    it(`of the examples is right: ${file}`, () => {
      assert.deepStrictEqual(mistakesIn(file, readFileSync(join(root, file), "utf8")), [])
    })
  }
})

describe("an example", () => {
  it("is a configuration, or a program that is run", () => {
    const runs = readFileSync(new URL("../Examples.integration.test.ts", import.meta.url), "utf8")
    const untested = filesIn("examples").filter((path) =>
      !path.endsWith(".alloy") && !runs.includes(posix.basename(path))
    )
    assert.deepStrictEqual(untested, [])
  })
})

/** What reads each language of data, and fails where it is wrong. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  json: (text) => JSON.parse(text),
  yaml: (text) => {
    for (const { errors } of parseAllDocuments(text)) if (errors.length > 0) throw errors[0]
  }
}

describe("data", () => {
  for (const [language, read] of Object.entries(readers)) {
    for (const { place, text } of blocksIn(language)) {
      it(`that a page shows is ${language}: ${place}`, () => assert.doesNotThrow(() => read(text)))
    }
  }

  // What is deployed has tests of its own.
  for (const file of filesIn("docs").filter((path) => !/\.(?:md|png|svg)$|^docs\/deployment\//.test(path))) {
    it(`beside the pages can be read: ${file}`, () => {
      const read = readers[posix.extname(file).slice(1).replace("yml", "yaml")]
      assert.isDefined(read)
      assert.doesNotThrow(() => read!(readFileSync(join(root, file), "utf8")))
    })
  }
})

/** What is said of the program's arguments that it does not take. Nothing is run. */
const complaints = (args: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    yield* Effect.exit(Command.runWith(parsing, { version: manifest.version })(args))
    return (yield* TestConsole.errorLines).map((line) => `${line}`)
  }).pipe(Effect.provide(Layer.mergeAll(Usage.layer, NodeServices.layer, Layer.fresh(TestConsole.layer))))

const subcommands = Cli.command.subcommands.flatMap(({ commands }) => commands)

const commandNames = subcommands.map(({ name }) => name)

/** The command line of the program, with commands that do nothing. */
const parsing = Command.make("pyroduct").pipe(
  Command.withSubcommands(
    subcommands.map((command) =>
      Command.withHandler(command as Command.Command<string, unknown, {}, never, never>, () => Effect.void)
    )
  )
)

const hasFile = (path: string): boolean => statSync(join(root, path), { throwIfNoEntry: false }) !== undefined

describe("a command", () => {
  const commands = blocksIn("sh").flatMap(({ place, text }) =>
    commandsOf(text).map((words) => ({ place, words, text: words.join(" ") }))
  )

  const calls = [
    ...commands.map(({ place, words }) => ({ place, args: argumentsOfProgram(words) })),
    ...pages.filter(({ path }) => path !== "CHANGELOG.md").flatMap(({ path, prose }) =>
      [...prose.matchAll(/`pyroduct (?!is )([a-z][^`]*)`/g)].map(([code, text]) => ({
        place: `${path}: ${code}`,
        args: commandsOf(text!)[0]
      }))
    )
  ].flatMap(({ args, place }) => args === undefined ? [] : [{ place, args }])

  it.effect("that runs pyroduct has a command line that it takes", () =>
    Effect.gen(function*() {
      assert.isNotEmpty(calls)
      const wrong: Array<string> = []
      for (const { args, place } of calls) {
        // Prose may name a command without its arguments.
        const whole = args.length === 1 ? [...args, "--help"] : args
        for (const complaint of yield* complaints(whole)) wrong.push(`${place}: ${complaint.split("\n")[0]}`)
      }
      assert.deepStrictEqual(wrong, [])
    }))

  it.effect("takes the flags that pages name", () =>
    Effect.gen(function*() {
      // Those of other programs have no dots.
      const flags = new Set(pages.flatMap(({ prose }) => prose.match(/(?<=`)--[a-z]+\.[\w.-]*\w(?![\w.*-])/g) ?? []))
      assert.isNotEmpty(flags)
      const isUnknown = Effect.fnUntraced(function*(flag: string) {
        const said = yield* Effect.forEach(commandNames, (name) => complaints([name, `${flag}=`]))
        return said.every((lines) => lines.join().includes(`unknown flag ${flag}`))
      })
      assert.deepStrictEqual(yield* Effect.filter(flags, isUnknown), [])
    }))

  it.effect("that is wrong is not taken", () =>
    Effect.gen(function*() {
      assert.match((yield* complaints(["start", "x"])).join(), /unknown command "start"/)
      assert.match((yield* complaints(["run", "--storage.pth=x", "y"])).join(), /unknown flag --storage.pth/)
      assert.deepStrictEqual(yield* complaints(["run", "--storage.path=x", "y"]), [])
    }))

  it("of npm is a script of the package", () => {
    const scripts = new Set(Object.keys(manifest.scripts))
    const unknown = commands.filter(({ words }) => {
      const script = npmScript(words)
      return script !== undefined && !scripts.has(script)
    })
    assert.deepStrictEqual(unknown, [])
  })

  it("names files of the repository that are there", () => {
    const missing = commands.flatMap(({ place, words }) =>
      words.flatMap((word) => /^(?:\.\/)?((?:bench|docs|examples|src|test)\/[\w./-]+)$/.exec(word)?.[1] ?? [])
        .filter((path) => !hasFile(path))
        .map((path) => `${place}: ${path}`)
    )
    assert.deepStrictEqual(missing, [])
  })

  it("is found in a script", () => {
    const script = [
      "# a comment",
      "A=b pyroduct run \"my file\" --storage.path=/x > log 2>&1 & # another",
      "sudo kill -HUP \"$(pidof -s pyroduct)\" && npx pyroduct check a.alloy \\",
      "  --log-level=debug",
      "cat > a.alloy <<'END'",
      "pyroduct is not run here",
      "END",
      "docker run --rm -v \"$PWD:/etc/pyroduct\" pyroduct:0.1.0 validate /etc/pyroduct/a.alloy",
      "echo pyroduct; node dist/bin.js version"
    ].join("\n")
    assert.deepStrictEqual(
      commandsOf(script).flatMap((words) => {
        const args = argumentsOfProgram(words)
        return args === undefined ? [] : [args]
      }),
      [
        ["run", "my file", "--storage.path=/x"],
        ["check", "a.alloy", "--log-level=debug"],
        ["validate", "/etc/pyroduct/a.alloy"],
        ["version"]
      ]
    )
    assert.deepStrictEqual(commandsOf("npm ci && npm run -s build").map(npmScript), [undefined, "build"])
  })
})

describe("a block", () => {
  it("is in a language that is checked, or known not to be", () => {
    const checked = ["alloy", "sh", "ts", ...Object.keys(readers)]
    const unchecked = ["", "cs", "dockerfile", "go", "html", "ini", "java", "js", "py", "rb", "rust", "text"]
    const languages = new Set(pages.flatMap(({ blocks }) => blocks.map(({ language }) => language)))
    assert.deepStrictEqual([...languages].filter((name) => ![...checked, ...unchecked].includes(name)), [])
  })
})
