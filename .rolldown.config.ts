/**
 * Makes the binary: `dist/bin.js`, which says on what Node it will not run, and what it loads in `dist/bin/`.
 *
 * It needs nothing beside itself: no package and no file. It is not minified but for its comments, so that a stack trace
 * has names and lines that can be read, and it is all ASCII, since V8 keeps a source with any other letter in two bytes a
 * letter for as long as the process lives.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type OutputAsset, type OutputChunk, type Plugin } from "rolldown"

const path = (name: string): string => join(import.meta.dirname, name)

/** Modules that read files are replaced by what they export. */
const constants = (...modules: ReadonlyArray<string>): Plugin => ({
  name: "constants",
  load: {
    filter: { id: modules.map(path) },
    handler: async (id) => {
      const names = Object.entries(await import(id) as Record<string, string>)
      return names.map(([name, text]) => `export const ${name} = ${JSON.stringify(text)}`).join("\n")
    }
  }
})

/** The library's modules read them, where they lie in `src/`. */
const beside = (...names: ReadonlyArray<string>): Plugin => ({
  name: "beside",
  generateBundle() {
    for (const name of names) {
      this.emitFile({ type: "asset", fileName: name, source: readFileSync(path(join("src", name)), "utf8") })
    }
  }
})

/** Of undici, which is CommonJS and would be there whole with its fetch, caches and WebSockets, what the transport uses. */
const undici: Plugin = {
  name: "undici",
  load: {
    filter: { id: /@effect\/platform-node\/dist\/Undici\.js$/ },
    handler: () => `
      export { default as Client } from "undici/lib/dispatcher/client.js"
      export { default as buildConnector } from "undici/lib/core/connect.js"
    `
  }
}

/**
 * Effect's command line makes an `Intl.Segmenter` as it is loaded, with which seven megabytes of Node's data are. It is
 * needed to print help.
 */
const segmenter: Plugin = {
  name: "segmenter",
  transform: {
    filter: { id: /\/effect\/dist\/cli\/CliOutput\.js$/ },
    handler(code) {
      const [made, maker] =
        /const graphemeSegmenter = (?:\/\*#__PURE__\*\/)?(new Intl\.Segmenter\([^;]*\));/.exec(code) ??
          this.error("there is no graphemeSegmenter any more")
      const lazy = `const graphemeSegmenter = { segment: (text) => ${maker}.segment(text) };`
      return { code: code.replace(made, lazy), map: null }
    }
  }
}

/**
 * An `import` of one of Node's own modules reads all that it exports, and of some of it Node loads more: with `node:http`
 * all of its `fetch`, which is 13 MB. Required, they are loaded as they are used.
 */
const builtins: Plugin = {
  name: "builtins",
  resolveId: { filter: { id: /^node:(?!module$)/ }, handler: (id) => `\0${id}` },
  load: {
    filter: { id: /^\0node:/ },
    handler: (id) => `module.exports = process.getBuiltinModule(${JSON.stringify(id.slice(1))})`
  }
}

const ascii: Plugin = {
  name: "ascii",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      const letter = chunk.type === "chunk" && /[^\0-\x7f]/.exec(chunk.code)
      // The one place where escaping would change the meaning.
      if (letter) this.error(`${chunk.fileName} has the letter ${letter[0]}: is it in a tagged template?`)
    }
  }
}

/** The folders of all packages that are in a bundle, each with the modules that are. */
export const packagesIn = (chunks: Iterable<OutputAsset | OutputChunk>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const packages = new Map<string, Array<string>>()
  for (const chunk of chunks) {
    if (chunk.type !== "chunk") continue
    for (const [id, { renderedLength }] of Object.entries(chunk.modules)) {
      const root = renderedLength > 0 && /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]
      if (root) packages.set(root, [...packages.get(root) ?? [], id])
    }
  }
  return packages
}

const licences: Plugin = {
  name: "licences",
  generateBundle(_, bundle) {
    const texts = [...packagesIn(Object.values(bundle))].sort().map(([root, modules]) => licenceOf(root, modules))
    this.emitFile({ type: "asset", fileName: "bin/LICENSES.txt", source: texts.join(`\n${"-".repeat(80)}\n\n`) })
  }
}

/** What a package says in files, or at the head of its modules. */
const licenceOf = (root: string, modules: ReadonlyArray<string>): string => {
  const { license, name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const files = readdirSync(root).filter((name) => /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i.test(name))
  const texts = files.length > 0
    ? files.map((name) => readFileSync(join(root, name), "utf8"))
    : modules.map((id) => /^(?:\/\/.*\n)+/.exec(readFileSync(id, "utf8"))?.[0] ?? "")
  if (texts.join("").trim() === "") throw new Error(`${name} says nothing of its licence`)
  return [`${name} ${version}: ${license}\n`, ...new Set(texts)].join("\n")
}

export default defineConfig({
  input: { bin: path("src/bin.ts") },
  platform: "node",
  transform: { target: "node22.19" },
  plugins: [
    constants("src/telemetry/Version.ts", "src/server/page/Assets.ts"),
    undici,
    segmenter,
    builtins,
    ascii,
    licences,
    beside("server/page/page.css", "server/page/page.js")
  ],
  output: {
    dir: path("dist"),
    chunkFileNames: "bin/[name].js",
    comments: false,
    minify: { mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    sourcemap: true,
    sourcemapExcludeSources: true
  }
})
