import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import manifest from "../../package.json" with { type: "json" }
import { listenPorts, mistakesIn, settings, text } from "./deployment.ts"

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
    assert.strictEqual(host, "")
    assert.deepStrictEqual(all("EXPOSE"), [[...listenPorts("container.alloy"), port].join(" ")])
  })

  it("is built from what the build asks for, and says itself whether it is well", () => {
    const allowed = text("Dockerfile.dockerignore").split("\n").filter((line) => line.startsWith("!"))
    const asked = Array.from(manifest.scripts.build.matchAll(/--(?:project|config) (\S+)/g), ([, file]) => file!)
    assert.includeMembers(allowed, ["package-lock.json", "tsconfig.json", "src", ...asked].map((file) => `!${file}`))
    assert.match(all("HEALTHCHECK")[0]!, / CMD \["pyroduct", "health"\]$/)
  })

  it.effect("sets variables that the program knows", () =>
    Effect.gen(function*() {
      const { variables } = yield* settings
      const own = [...env.keys()].filter((name) => name.startsWith("PYRODUCT_"))
      assert.includeMembers(variables, own)
    }))

  it("has a configuration that loads with a PYROSCOPE_URL and without", () => {
    const [, path] = JSON.parse(all("CMD")[0]!)
    assert.include(all("COPY"), `docs/deployment/container.alloy ${path}`)
    for (const env of [{}, { PYROSCOPE_URL: "https://pyroscope.example" }]) {
      assert.deepStrictEqual(mistakesIn("container.alloy", env), [])
    }
  })
})
