import { assert, describe, it } from "@effect/vitest"
import * as Hosts from "../../src/transport/Hosts.ts"

const text = `# The machine itself
127.0.0.1\tlocalhost
::1  localhost ip6-localhost
10.0.0.7 Profiles.Example profiles # and not: other
10.0.0.8 profiles.example.org
not-an-address profiles
fe80::1%eth0 profiles
#10.0.0.9 profiles
`

describe("The names in /etc/hosts", () => {
  it.each([
    ["profiles", ["10.0.0.7", "fe80::1%eth0"]],
    ["PROFILES.example", ["10.0.0.7"]],
    ["localhost", ["127.0.0.1", "::1"]],
    ["example", []],
    ["other", []],
    ["10.0.0.7", []]
  ])("are whole, in any case: %s", (name, addresses) => {
    assert.deepStrictEqual(Hosts.addresses(text, name), addresses)
  })
})
