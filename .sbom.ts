/**
 * Writes what the binary is made of to standard output, as a CycloneDX document: npm's, for the packages that are in the
 * bundle. (By itself npm cannot tell which: of an application's dependencies it leaves out those that tests use as well.)
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type OutputOptions, rolldown } from "rolldown"
import config, { packagesIn } from "./.rolldown.config.ts"

interface Document {
  readonly metadata: { readonly component: Component }
  readonly components: ReadonlyArray<Component>
  readonly dependencies: ReadonlyArray<{ readonly ref: string; readonly dependsOn: ReadonlyArray<string> }>
}

interface Component {
  readonly "bom-ref": string
  readonly name: string
  readonly properties?: unknown
}

const bundle = await rolldown(config)
const { output } = await bundle.generate(config.output as OutputOptions)
const inside = new Set([...packagesIn(output).keys()].map((root) => {
  const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  return `${name}@${version}`
}))

const npm = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--sbom-type", "application"]
const document: Document = JSON.parse(execFileSync("npm", npm, { cwd: import.meta.dirname, encoding: "utf8" }))
const { components, dependencies, metadata } = document
const binary = { ...metadata.component, name: "pyroduct" }

process.stdout.write(
  JSON.stringify(
    {
      ...document,
      metadata: { ...metadata, component: binary },
      components: components
        .filter((component) => inside.has(component["bom-ref"]))
        // Where it lies in a development's folder, and that it is for development.
        .map((component) => Object.assign(component, { properties: undefined })),
      dependencies: dependencies
        .filter(({ ref }) => inside.has(ref) || ref === binary["bom-ref"])
        .map(({ dependsOn, ref }) => ({ ref, dependsOn: dependsOn.filter((ref) => inside.has(ref)) }))
    },
    null,
    2
  ) + "\n"
)
