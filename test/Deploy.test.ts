/**
 * What `deploy/` promises: that its configurations load with the environment they are given, and that what runs them fits
 * what the program does.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Result } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parse } from "yaml"
import manifest from "../package.json" with { type: "json" }
import * as Components from "../src/cli/Components.ts"
import * as Shutdown from "../src/cli/Shutdown.ts"
import * as Drain from "../src/delivery/Drain.ts"
import * as Plan from "../src/engine/Plan.ts"
import * as GoDuration from "../src/evaluation/GoDuration.ts"
import * as Stdlib from "../src/evaluation/Stdlib.ts"
import * as Source from "../src/syntax/Source.ts"

const root = fileURLToPath(new URL("../deploy/", import.meta.url))
const text = (file: string): string => readFileSync(join(root, file), "utf8")

/** In seconds, until a run has ended whatever happens. */
const longestStop = Duration.toSeconds(Duration.sum(Drain.defaultTimeout, Shutdown.grace))

const mistakesIn = (file: string, env: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const stdlib = Stdlib.make({ env: (name) => env[name], hostname: "host", os: "linux", arch: "amd64", version: "v0" })
  const checked = Plan.check({ sources: [Source.make(file, text(file))], registry: Components.registry, stdlib })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : []
}

/** The ports that a configuration listens on. */
const listenPorts = (file: string): ReadonlyArray<number> =>
  Array.from(text(file).matchAll(/listen_port\s*=\s*(\d+)/g), ([, port]) => Number(port))

/** The value of `--flag=value`. */
const flag = (args: ReadonlyArray<string>, name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)

const isInstalled = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(":").some((directory) => existsSync(join(directory, program)))

describe("the image", () => {
  const lines = text("Dockerfile").replace(/\\\n\s*/g, "").split("\n").filter((line) => /^[A-Z]/.test(line))
  const all = (instruction: string) =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1))
  const [environment] = all("ENV")
  const env = new Map(environment!.split(/\s+/).map((pair) => pair.split("=", 2) as [string, string]))

  it("has the Node that the tests run on, in the demo as well", () => {
    const demo = text("compose/demo/Dockerfile")
    for (const from of [...all("FROM"), /^FROM (.*)$/m.exec(demo)![1]!]) {
      assert.include(from, `node:${manifest.devDependencies.node}-`)
    }
    assert.include(all("LABEL")[0], `org.opencontainers.image.version="${manifest.version}"`)
    assert.include(all("LABEL")[0], `org.opencontainers.image.licenses="${manifest.license}"`)
  })

  it("runs as nobody in particular, and writes to its volume alone", () => {
    assert.deepStrictEqual(all("USER"), ["10001:10001"])
    assert.deepStrictEqual(all("VOLUME"), [env.get("PYRODUCT_STORAGE_PATH")])
    assert.deepStrictEqual(all("STOPSIGNAL"), ["SIGTERM"])
  })

  it("listens on the ports that it exposes, on every address", () => {
    const [host, port] = env.get("PYRODUCT_SERVER_HTTP_LISTEN_ADDR")!.split(":")
    assert.strictEqual(host, "0.0.0.0")
    assert.deepStrictEqual(all("EXPOSE"), [[...listenPorts("container.alloy"), port].join(" ")])
  })

  it("is built from what the build asks for, and says itself whether it is well", () => {
    const allowed = text("Dockerfile.dockerignore").split("\n").filter((line) => line.startsWith("!"))
    const asked = Array.from(manifest.scripts.build.matchAll(/--(?:project|config) (\S+)/g), ([, file]) => file!)
    assert.includeMembers(allowed, ["package-lock.json", "tsconfig.json", "src", ...asked].map((file) => `!${file}`))
    assert.match(all("HEALTHCHECK")[0]!, / CMD \["pyroduct", "health"\]$/)
  })

  it("has a configuration that loads with a PYROSCOPE_URL and without", () => {
    const [, path] = JSON.parse(all("CMD")[0]!)
    assert.include(all("COPY"), `deploy/container.alloy ${path}`)
    for (const env of [{}, { PYROSCOPE_URL: "https://pyroscope.example" }]) {
      assert.deepStrictEqual(mistakesIn("container.alloy", env), [])
    }
  })
})

describe("the Compose file", () => {
  const { services, volumes } = parse(text("compose/compose.yaml"))
  const { pyroduct } = services

  it("has a configuration that loads with the environment that it gives", () => {
    assert.deepStrictEqual(mistakesIn("compose/pyroduct.alloy", pyroduct.environment), [])
    const [, , path] = pyroduct.command
    assert.strictEqual(path, "/etc/pyroduct/pyroduct.alloy")
    assert.include(pyroduct.volumes, ".:/etc/pyroduct:ro")
  })

  it("publishes what is listened on, on this machine alone", () => {
    const ports = [...listenPorts("compose/pyroduct.alloy"), 12345]
    assert.deepStrictEqual(pyroduct.ports, ports.map((port) => `127.0.0.1:${port}:${port}`))
    assert.include(services.demo.environment.PYROSCOPE_SERVER_ADDRESS, `pyroduct:${ports[0]}`)
  })

  it("gives a drain its time, and no rights", () => {
    assert.isAbove(seconds(pyroduct.stop_grace_period), longestStop)
    for (const { cap_drop, read_only, security_opt } of [pyroduct, services.demo]) {
      assert.deepStrictEqual(
        { cap_drop, read_only, security_opt },
        { cap_drop: ["ALL"], read_only: true, security_opt: ["no-new-privileges:true"] }
      )
    }
  })

  it("keeps what is stored, and starts what it can wait for in its order", () => {
    for (const { volumes: mounts = [] } of Object.values<{ readonly volumes?: ReadonlyArray<string> }>(services)) {
      for (const [name] of mounts.map((mount) => mount.split(":"))) if (name !== ".") assert.property(volumes, name!)
    }
    assert.include(pyroduct.volumes, "pyroduct:/var/lib/pyroduct")
    assert.deepStrictEqual(services.demo.depends_on, { pyroduct: { condition: "service_healthy" } })
    assert.deepStrictEqual(pyroduct.healthcheck.test, ["CMD", "pyroduct", "health"])
  })
})

describe("the systemd unit", () => {
  const unit = text("systemd/pyroduct.service")
  const all = (key: string) => Array.from(unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm")), ([, value]) => value!)
  const variables = Object.fromEntries(
    text("systemd/pyroduct.env").split("\n").filter((line) => /^\w+=/.test(line)).map((line) => line.split("=", 2))
  )

  it("has a configuration that loads with the environment that it gives", () => {
    assert.deepStrictEqual(mistakesIn("systemd/config.alloy", variables), [])
  })

  it("gives a drain its time, and checks what it starts and reloads", () => {
    assert.isAbove(seconds(`${all("TimeoutStopSec")[0]}s`), longestStop)
    const [run] = all("ExecStart")
    const validate = run!.replace(" run ", " validate ")
    assert.deepStrictEqual(all("ExecStartPre"), [validate])
    assert.deepStrictEqual(all("ExecReload"), [validate, "/bin/kill -HUP $MAINPID"])
    assert.include(all("Environment"), `PYRODUCT_STORAGE_PATH=%S/${all("StateDirectory")[0]}`)
    assert.deepStrictEqual(all("MemoryDenyWriteExecute"), [])
  })

  it.runIf(isInstalled("systemd-analyze"))("is what systemd takes, and exposes little", () => {
    const directory = mkdtempSync(join(tmpdir(), "unit-"))
    try {
      const file = join(directory, "pyroduct.service")
      writeFileSync(file, unit.replaceAll("/usr/local/bin/pyroduct", process.execPath))
      execFileSync("systemd-analyze", ["verify", file], { stdio: "pipe" })
      // In tenths, of ten: the network and memory that is written and executed are what is left.
      execFileSync("systemd-analyze", ["security", "--offline=yes", "--threshold=15", file], { stdio: "pipe" })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

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
      symlinkSync(join(dirname(root), "node_modules"), join(directory, "node_modules"))
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
      execFileSync(join(dirname(root), "node_modules/.bin/tsc"), [...options, file], {
        stdio: "pipe",
        encoding: "utf8"
      })
    } catch (error) {
      assert.fail((error as { readonly stdout: string }).stdout)
    } finally {
      rmSync(directory, { recursive: true })
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

      it("ask where the engine answers, and restart nothing because an endpoint is down", () => {
        assert.strictEqual(flag(args, "server.http.listen-addr"), `0.0.0.0:${port("http")}`)
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

const seconds = (duration: string): number => Duration.toSeconds(Result.getOrThrow(GoDuration.parse(duration)))
