/**
 * What is published: its files, what its entries export, and that a strict consumer can use it. With
 * PYRODUCT_TEST_PACKAGE=1 in the environment it is made by `npm pack` from nothing and installed, with the oldest and the
 * newest Effect that it takes, which takes a registry. Without, it has the binary that the other tests have, and the
 * consumer has the Effect that is here, which is the oldest.
 *
 * `npx vitest run test/Package.integration.test.ts -u` writes `test/api` anew.
 */
import * as attw from "@arethetypeswrong/core"
import { assert, expect, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { execFile } from "node:child_process"
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { publint } from "publint"
import { inject } from "vitest"
import manifest from "../package.json" with { type: "json" }
import { filesIn, root as repository } from "./docs/pages.ts"
import { programs } from "./docs/programs.ts"
import * as Declarations from "./support/declarations.ts"
import { temporaryDirectory } from "./support/engine.ts"

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.callback((resume) => {
    execFile(command, args, { cwd, env }, (error, stdout, stderr) => {
      // What a compiler finds wrong is on its output.
      resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(`${command}: ${stdout}${stderr}`)))
    })
  })

/** In which `node` is the one that runs this. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) }

interface NpmPacked {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** The package as it is published. */
class Packed extends Context.Service<Packed, {
  /** What it was made of, and in which it was built. */
  readonly directory: string
  readonly tarball: string
  readonly files: Array<string>
}>()("test/Packed") {}

const isInstalled = process.env["PYRODUCT_TEST_PACKAGE"] === "1"

const compile = (cwd: string, ...args: ReadonlyArray<string>): Effect.Effect<string> =>
  run(cwd, process.execPath, join(repository, "node_modules", "typescript", "bin", "tsc"), ...args)

/** What `npm run build` makes, but for the check of types, which is done before the tests. */
const build = Effect.fnUntraced(function*(directory: string) {
  const binary = dirname(inject("binary"))
  yield* Effect.promise(() =>
    cp(binary, join(directory, "dist"), { recursive: true, filter: (path) => path !== join(binary, "cache") })
  )
  yield* compile(directory, "--project", ".tsconfig.build.json", "--noCheck")
})

/** Packs in a folder of its own: the repository's may be in use. */
const pack = Layer.effect(
  Packed,
  Effect.gen(function*() {
    const directory = yield* temporaryDirectory
    yield* Effect.promise(async () => {
      const configurations = ["package.json", "tsconfig.json", ".tsconfig.build.json", ".rolldown.config.ts"]
      const published = manifest.files.filter((part) => part !== "dist")
      for (const part of [...configurations, "README.md", "LICENSE", "test", ...published]) {
        await cp(join(repository, part), join(directory, part), { recursive: true })
      }
      await symlink(join(repository, "node_modules"), join(directory, "node_modules"))
    })
    if (!isInstalled) yield* build(directory)
    const options = isInstalled ? [] : ["--ignore-scripts"]
    const [packed] = JSON.parse(yield* run(directory, "npm", "pack", "--json", ...options)) as [NpmPacked]
    return { directory, tarball: join(directory, packed.filename), files: packed.files.map(({ path }) => path) }
  })
)

/** Its entries: what they are imported as, and the module. */
const entries = new Map(
  Object.entries(manifest.exports).flatMap(([path, entry]) =>
    typeof entry === "string"
      ? []
      : [[`pyroduct${path.slice(1)}`, entry.default.replace(/^\.\/dist\/(.*)\.js$/, "$1.ts")] as const]
  )
)

layer(pack, { excludeTestServices: true, timeout: 120_000 })("the package", (it) => {
  it.effect("has the program, the modules with their types, and no tests", () =>
    Effect.gen(function*() {
      const { directory, files } = yield* Packed
      assert.includeMembers(files, [
        manifest.bin.pyroduct,
        ...Object.values(manifest.exports)
          .flatMap((entry) => typeof entry === "string" ? [entry] : [entry.types, entry.default])
          .map((path) => path.replace(/^\.\//, "")),
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "docs/configuration.md",
        "examples/quickstart.alloy"
      ])
      assert.deepStrictEqual(files.filter((path) => /\.test\.ts$|^(test|bench|node_modules|\.)/.test(path)), [])
      // What the page is made of besides modules.
      assert.includeMembers(files, ["dist/server/page/page.css", "dist/server/page/page.js"])
      // Of the program there is the bundle, with the licences of what is in it; of the library there are modules, each
      // with its types and, for debuggers, its source.
      assert.includeMembers(files, ["dist/bin/Process.js", "dist/bin/Process.js.map", "dist/bin/LICENSES.txt"])
      const built = files.filter((path) => /^dist\/(?!bin).*\.js$/.test(path) && !path.endsWith("page.js"))
      for (const module of built.map((path) => path.slice("dist/".length, -".js".length))) {
        assert.includeMembers(files, [`dist/${module}.d.ts`, `dist/${module}.js.map`, `src/${module}.ts`])
      }
      assert.deepStrictEqual(built.filter((path) => /Cli\.js|cli\/(?!Components|Host)/.test(path)), [])
      assert.strictEqual(
        yield* run(directory, process.execPath, manifest.bin.pyroduct, "--version"),
        `pyroduct v${manifest.version}\n`
      )
    }), 120_000)

  it.effect("has a program that does not load what takes megabytes and is never used", () =>
    Effect.gen(function*() {
      const { directory, files } = yield* Packed
      const read = (end: string) =>
        Effect.forEach(
          files.filter((path) => path.startsWith("dist/bin/") && path.endsWith(end)),
          (path) => Effect.promise(() => readFile(join(directory, path), "utf8"))
        )
      const modules = (yield* read(".js.map")).flatMap((map): Array<string> => JSON.parse(map).sources)
      const undici = modules.filter((module) => module.includes("/undici/"))
      assert.isNotEmpty(undici)
      assert.deepStrictEqual(
        undici.filter((module) => /fetch\/index|websocket|interceptor|cache|mock/.test(module)),
        []
      )
      for (const chunk of yield* read(".js")) {
        // Node's fetch comes with `node:http`, and its ICU with a Segmenter.
        assert.notMatch(chunk, /^import (?!.*"node:module").*"node:/m)
        assert.notMatch(chunk, /(?<!=> )new Intl\.Segmenter/)
      }
    }))

  it.effect("is one that tools and every way to resolve an ES module understand", () =>
    Effect.gen(function*() {
      const { tarball } = yield* Packed
      const data = yield* Effect.promise(() => readFile(tarball))
      const { messages } = yield* Effect.promise(() =>
        publint({ pack: { tarball: Uint8Array.from(data).buffer }, strict: true })
      )
      assert.deepStrictEqual(messages, [])
      const checked = yield* Effect.promise(() => attw.checkPackage(attw.createPackageFromTarballData(data)))
      assert(checked.types !== false)
      // There is no CommonJS in it, and older resolutions do not read `exports`.
      const problems = checked.problems.filter((problem) =>
        !("resolutionKind" in problem && /^node(10|16-cjs)$/.test(problem.resolutionKind))
      )
      assert.deepStrictEqual(problems, [])
    }), 120_000)

  it.effect("exports what test/api says, all of it with a docstring and nothing that nobody can name", () =>
    Effect.gen(function*() {
      const { directory } = yield* Packed
      const dist = join(directory, "dist")
      const surfaces = Declarations.surfacesOf(dist, [...entries.values()])
      const keyOf = ({ module, name }: { readonly module: string; readonly name: string }) => `${module} ${name}`
      const named = new Set([...surfaces.values()].flatMap(({ exported }) => [...exported.values()].map(keyOf)))
      for (const [entry, module] of entries) {
        const surface = surfaces.get(module)!
        const wrong = Array.from(surface.exported, ([name, { isDocumented, undocumented }]) => ({
          name,
          isDocumented,
          undocumented,
          unnamed: surface.mentioned.get(name)!.map(keyOf).filter((key) => !named.has(key))
        })).filter((one) => !one.isDocumented || one.undocumented.length > 0 || one.unnamed.length > 0)
        assert.deepStrictEqual(wrong, [], entry)
        yield* Effect.promise(() =>
          expect(Declarations.report(surface, dist)).toMatchFileSnapshot(
            join(repository, "test", "api", `${entry.replace("/", "-")}.txt`)
          )
        )
      }
    }))

  it.effect("is for Effect from the version that is here on", () =>
    Effect.sync(() => {
      for (const name of ["effect", "@effect/platform-node"] as const) {
        assert.strictEqual(manifest.peerDependencies[name], `~${manifest.devDependencies[name]}`)
      }
    }))

  it.effect(
    "compiles in a strict consumer, declarations and all, with every program of a page, and runs there",
    () =>
      Effect.gen(function*() {
        const { tarball } = yield* Packed
        const app = yield* consumer
        yield* Effect.promise(async () => {
          const modules = join(app, "node_modules")
          const here = join(repository, "node_modules")
          await mkdir(join(modules, "pyroduct"), { recursive: true })
          const shared = ["effect", "@effect/platform-node", "@effect/vitest", "@types/node"]
          for (const name of [...shared, ...Object.keys(manifest.dependencies)]) {
            await mkdir(dirname(join(modules, name)), { recursive: true })
            await symlink(join(here, name), join(modules, name))
          }
        })
        yield* run(app, "tar", "-xzf", tarball, "--strip-components=1", "-C", join("node_modules", "pyroduct"))
        assert.isNotEmpty(programs)
        for (const { name, text } of programs) {
          yield* Effect.promise(() => writeFile(join(app, "src", `${name}.ts`), fromPackage(text)))
        }
        yield* compiledAndRun(app)
      }),
    120_000
  )

  it.effect.runIf(isInstalled)(
    "works where it is installed, with every Effect that it is for",
    () =>
      Effect.gen(function*() {
        const { tarball } = yield* Packed
        const range = manifest.peerDependencies.effect
        const found = JSON.parse(yield* run(repository, "npm", "view", `effect@${range}`, "version", "--json"))
        const versions = [found].flat() as ReadonlyArray<string>
        for (const version of new Set([versions[0]!, versions.at(-1)!])) {
          const app = yield* consumer
          const peers = Object.keys(manifest.peerDependencies).map((name) => `${name}@${version}`)
          const types = `@types/node@${manifest.devDependencies["@types/node"]}`
          yield* run(app, "npm", "install", tarball, ...peers, types)
          assert.match(yield* run(app, "npx", "--no-install", "pyroduct", "--help"), /A profile pipeline for Pyroscope/)
          const quickstart = join("node_modules", "pyroduct", "examples", "quickstart.alloy")
          assert.strictEqual(yield* run(app, "npx", "--no-install", "pyroduct", "validate", quickstart), "")
          yield* compiledAndRun(app)
        }
      }),
    300_000
  )
})

/** What an application writes: a program that uses most entries, and the examples. */
const consumer = Effect.gen(function*() {
  const app = yield* temporaryDirectory
  yield* Effect.promise(async () => {
    await mkdir(join(app, "src"))
    await writeFile(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }))
    await writeFile(join(app, "tsconfig.json"), JSON.stringify(consumerOptions))
    await writeFile(join(app, "src", "main.ts"), main)
    await writeFile(
      join(app, "src", "entries.ts"),
      Array.from(entries.keys(), (entry, index) => `export * as entry${index} from "${entry}"\n`).join("")
    )
    for (const file of filesIn("examples").filter((path) => path.endsWith(".ts"))) {
      const text = await readFile(join(repository, file), "utf8")
      await writeFile(join(app, "src", file.replace("/", "-")), asConsumer(text))
    }
  })
  return app
})

/** An example imports what the package exports from where it is. */
const asConsumer = (text: string): string =>
  Array.from(entries).reduce((text, [entry, module]) => text.replaceAll(`"../src/${module}"`, `"${entry}"`), text)

/** A page's program may be a component below `src/components/pyroduct`, which imports modules that no entry has. */
const fromPackage = (text: string): string =>
  text.replace(
    /(?<=from ")(\.\.\/[^"]+)\.ts/g,
    (_, path) => `./${join("../node_modules/pyroduct/dist/components/pyroduct", path)}.js`
  )

const compiledAndRun = Effect.fnUntraced(function*(app: string) {
  yield* compile(app)
  assert.strictEqual(
    yield* run(app, process.execPath, "src/main.ts"),
    "delivered, rejected with 400 in 3 requests, true\n"
  )
})

/** Libraries are checked as well: what is published is what is asked about. */
const consumerOptions = {
  include: ["src"],
  compilerOptions: {
    noEmit: true,
    target: "ES2023",
    lib: ["ES2023", "DOM"], // which Effect's declarations want
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    skipLibCheck: false,
    types: ["node"]
  }
}

/** Without a socket. */
const main = `
import { Effect, Layer, Logger } from "effect"
import { Forward, Labels, Profile, Receiver } from "pyroduct"
import { Components, Registry } from "pyroduct/engine"
import { ScriptedServer } from "pyroduct/testing"

const server = ScriptedServer.layer([ScriptedServer.answer(503), ScriptedServer.answer(200), ScriptedServer.answer(400)])
const forward = Forward.layerNoDeps({
  endpoints: [{ url: "http://pyroscope.example", retry: { minBackoff: "10 millis" } }]
}).pipe(
  Layer.provideMerge(Layer.merge(server, Logger.layer([])))
)

const push = Effect.gen(function*() {
  const receiver = yield* Receiver.Receiver
  const labels = Labels.make({ __name__: "process_cpu", service_name: "app" })
  const receipt = yield* receiver.push(Profile.series(labels, [{ id: "", profile: new Uint8Array(8) }]))
  yield* receipt.delivered
  return "delivered"
}).pipe(Effect.catchReasons("PushError", { Rejected: ({ status }) => Effect.succeed("rejected with " + status) }))

const program = Effect.gen(function*() {
  const outcomes = [yield* push, yield* push]
  const { requests } = yield* ScriptedServer.ScriptedServer
  return outcomes.join(", ") + " in " + requests.length + " requests"
})

const isComplete = Registry.add(Components.registry).components.has("pyroscope.write")

process.stdout.write((await Effect.runPromise(program.pipe(Effect.provide(forward)))) + ", " + isComplete + "\\n")
`
