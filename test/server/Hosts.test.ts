import { assert, describe, it } from "@effect/vitest"
import * as Hosts from "../../src/server/Hosts.ts"

const allowed = (hosts: ReadonlyArray<string | undefined>, names: ReadonlyArray<string> = []) =>
  hosts.filter((host) => Hosts.isAllowed(host, names))

describe("Hosts", () => {
  it("are addresses and localhost, with a port or without, and none at all", () => {
    const hosts = [
      undefined,
      "127.0.0.1",
      "127.0.0.1:12345",
      "10.1.2.3:80",
      "[::1]",
      "[::1]:12345",
      "[fd00::1]:",
      "localhost",
      "LocalHost:12345",
      "localhost.:80"
    ]
    assert.deepStrictEqual(allowed(hosts), hosts)
  })

  it("are not other names, whatever they look like", () => {
    const hosts = [
      "",
      ":80",
      "rebound.example",
      "rebound.example:12345",
      "127.0.0.1.rebound.example",
      "localhost.rebound.example",
      "localhost:80:80",
      "127.0.0.1@rebound.example",
      "rebound.example#127.0.0.1",
      "[127.0.0.1",
      "[rebound.example]:80",
      "127.1",
      "2130706433"
    ]
    assert.deepStrictEqual(allowed(hosts), [])
  })

  it("are the names that they are said to be, in any case", () => {
    const names = ["Profiles.example", "pyroduct.monitoring.svc:12345", ""]
    assert.deepStrictEqual(
      allowed(
        ["", "profiles.example:80", "PYRODUCT.monitoring.svc", "svc", "a.profiles.example", "xprofiles.example"],
        names
      ),
      ["profiles.example:80", "PYRODUCT.monitoring.svc"]
    )
  })
})
