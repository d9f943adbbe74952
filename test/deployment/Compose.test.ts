import { assert, describe, it } from "@effect/vitest"
import { parse } from "yaml"
import { listenPorts, longestStop, mistakesIn, secondsOf, text } from "./deployment.ts"

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
    assert.isAbove(secondsOf(pyroduct.stop_grace_period), longestStop)
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
