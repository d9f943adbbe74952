import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "yaml"
import manifest from "../../package.json" with { type: "json" }
import { listenPorts, longestStop, mistakesIn, repository, root, settings, text } from "./deployment.ts"

/** The value of `--flag=value`. */
const flag = (args: ReadonlyArray<string>, name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)

describe("the manifests for Kubernetes", () => {
  const folders = ["kubernetes", "kubernetes/gateway", "kubernetes/agent"]
  const kustomizations = folders.map((folder) => Object.assign(parse(text(`${folder}/kustomization.yaml`)), { folder }))
  const objects = kustomizations.flatMap(({ folder, resources }) =>
    resources.filter((name: string) => name.endsWith(".yaml")).map((name: string) => parse(text(`${folder}/${name}`)))
  )

  it("are whole: every file is part of a kustomization", () => {
    const files = readdirSync(join(root, "kubernetes"), { recursive: true, encoding: "utf8" })
    const listed = kustomizations.flatMap(({ configMapGenerator = [], folder, resources }) =>
      [...resources, ...configMapGenerator.flatMap(({ files }: { readonly files: ReadonlyArray<string> }) => files)]
        .map((name: string) => join(folder, name).slice("kubernetes/".length))
    )
    assert.sameMembers(files.filter((file) => !file.endsWith("kustomization.yaml")), listed)
    assert.strictEqual(kustomizations[0]!.images[0].newTag, manifest.version)
  })

  it("have the fields that Kubernetes has, with the values that it takes", () => {
    const groups: Readonly<Record<string, string>> = { v1: "core/v1" }
    const statements = objects.flatMap((object, index) => {
      const types = `kubernetes-types/${groups[object.apiVersion] ?? object.apiVersion}`
      const value = JSON.stringify(object, undefined, 1)
      return [
        `import type { ${object.kind} as T${index} } from "${types}"`,
        `export const o${index}: T${index} = ${value}`
      ]
    })
    const directory = mkdtempSync(join(tmpdir(), "manifests-"))
    try {
      symlinkSync(join(repository, "node_modules"), join(directory, "node_modules"))
      const file = join(directory, "manifests.ts")
      writeFileSync(file, statements.join("\n"))
      const options = [
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--ignoreConfig",
        "--types",
        "",
        "--module",
        "nodenext"
      ]
      execFileSync(join(repository, "node_modules/.bin/tsc"), [...options, file], {
        stdio: "pipe",
        encoding: "utf8"
      })
    } catch (error) {
      assert.fail((error as { readonly stdout: string }).stdout)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it("replace a pod once the new one is ready: what is pushed meanwhile is pushed once", () => {
    for (const { kind, spec } of objects.filter(({ kind }) => kind === "Deployment" || kind === "DaemonSet")) {
      const { maxSurge, maxUnavailable } = (spec.strategy ?? spec.updateStrategy).rollingUpdate
      assert.deepStrictEqual({ kind, maxUnavailable, surges: Number.parseInt(maxSurge) > 0 }, {
        kind,
        maxUnavailable: 0,
        surges: true
      })
    }
  })

  for (const [kind, folder] of [["Deployment", "kubernetes/gateway"], ["DaemonSet", "kubernetes/agent"]] as const) {
    const { metadata, spec: { selector, template } } = objects.find((object) => object.kind === kind)!
    const { spec } = template
    const [container] = spec.containers
    const { args, env } = container
    const port = (name: string) =>
      container.ports.find((port: { readonly name: string }) => port.name === name)?.containerPort
    const mounts = new Map<string, string>(
      container.volumeMounts.map(({ mountPath, name }: { readonly name: string; readonly mountPath: string }) =>
        [name, mountPath] as const
      )
    )
    const volumes = new Map<string, any>(
      spec.volumes.map((volume: { readonly name: string }) => [volume.name, volume] as const)
    )

    describe(`for the ${kind}`, () => {
      it("have a configuration that loads with the environment that they give", () => {
        const given = env.map((
          { name, value }: { readonly name: string; readonly value?: string }
        ) => [name, value ?? "given"])
        assert.deepStrictEqual(mistakesIn(`${folder}/config.alloy`, Object.fromEntries(given)), [])
        const [generator] = kustomizations.find((kustomization) => kustomization.folder === folder)!.configMapGenerator
        assert.strictEqual(volumes.get("config").configMap.name, generator.name)
        assert.strictEqual(args.at(-1), `${mounts.get("config")}/${generator.files[0]}`)
      })

      it.effect("give flags that the program knows", () =>
        Effect.gen(function*() {
          const { flags } = yield* settings
          const given = args.filter((arg: string) => arg.startsWith("--")).map((arg: string) => arg.split("=", 1)[0])
          assert.includeMembers(flags, given)
        }))

      it("ask where the engine answers, and restart nothing because an endpoint is down", () => {
        assert.strictEqual(flag(args, "server.http.listen-addr"), `:${port("http")}`)
        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
          assert.deepStrictEqual(container[probe].httpGet, { path: "/-/ready", port: "http" })
        }
        assert.deepStrictEqual(listenPorts(`${folder}/config.alloy`), [port("profiles")])
      })

      it("lead to it by a service", () => {
        const service = objects.find((object) => object.kind === "Service" && object.metadata.name === metadata.name)!
        assert.deepStrictEqual(service.spec.selector, selector.matchLabels)
        assert.deepStrictEqual(template.metadata.labels, selector.matchLabels)
        assert.deepStrictEqual(service.spec.ports, [{ name: "profiles", port: 9999, targetPort: "profiles" }])
      })

      it("give a drain its time, and nothing more than it needs", () => {
        const { preStop } = container.lifecycle
        assert.isAbove(spec.terminationGracePeriodSeconds, preStop.sleep.seconds + longestStop)
        assert.strictEqual(mounts.get("storage"), flag(args, "storage.path"))
        assert.isTrue(spec.securityContext.runAsNonRoot)
        assert.strictEqual(spec.securityContext.runAsUser, 10001)
        assert.deepStrictEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] }
        })
      })
    })
  }
})
