/**
 * What is published. With PYRODUCT_TEST_PACKAGE=1 in the environment it is installed as well, which takes a registry.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdir, symlink, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import manifest from "../package.json" with { type: "json" }
import { temporaryDirectory } from "./support/engine.ts"

const repository = fileURLToPath(new URL("../", import.meta.url))

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.promise(() => promisify(execFile)(command, args, { cwd, env })).pipe(Effect.map(({ stdout }) => stdout))

/** In which `node` is the one that runs this. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) }

interface Packed {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** Packs, and so builds, in a folder of its own: the repository's may be in use. */
const pack = Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  yield* Effect.promise(async () => {
    const parts = [
      "package.json",
      "tsconfig.json",
      ".tsconfig.build.json",
      ".rolldown.config.ts",
      "README.md",
      "LICENSE"
    ]
    for (
      const part of [...parts, "src", "test", ...manifest.files].filter((part) =>
        existsSync(join(repository, part)) && part !== "dist"
      )
    ) {
      await cp(join(repository, part), join(directory, part), { recursive: true })
    }
    await symlink(join(repository, "node_modules"), join(directory, "node_modules"))
  })
  const [packed] = JSON.parse(yield* run(directory, "npm", "pack", "--json")) as [Packed]
  return { directory, tarball: join(directory, packed.filename), files: packed.files.map(({ path }) => path) }
})

describe("the package", () => {
  it.live("has the program, the modules with their types, and no tests", () =>
    Effect.gen(function*() {
      const { directory, files } = yield* pack
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
      assert.deepStrictEqual(files.filter((path) => /test\.|^(test|bench|node_modules|\.)/.test(path)), [])
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
    }), 60_000)

  it.live.runIf(process.env["PYRODUCT_TEST_PACKAGE"] === "1")(
    "works where it is installed",
    () =>
      Effect.gen(function*() {
        const { tarball } = yield* pack
        const app = yield* temporaryDirectory
        yield* Effect.promise(async () => {
          await mkdir(join(app, "src"))
          await writeFile(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }))
          await writeFile(join(app, "tsconfig.json"), JSON.stringify(consumerOptions))
          await writeFile(join(app, "src", "main.ts"), consumer)
        })
        yield* run(app, "npm", "install", tarball, `@types/node@${manifest.devDependencies["@types/node"]}`)
        assert.match(yield* run(app, "npx", "--no-install", "pyroduct", "--help"), /A profile pipeline for Pyroscope/)
        const quickstart = join("node_modules", "pyroduct", "examples", "quickstart.alloy")
        assert.strictEqual(yield* run(app, "npx", "--no-install", "pyroduct", "validate", quickstart), "")
        yield* run(app, join(repository, "node_modules", ".bin", "tsc"))
        assert.strictEqual(
          yield* run(app, process.execPath, "src/main.ts"),
          "delivered, rejected with 400 in 3 requests, true\n"
        )
      }),
    180_000
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
    skipLibCheck: false,
    types: ["node"]
  }
}

const consumer = `
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
