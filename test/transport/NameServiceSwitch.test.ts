import { assert, describe, it } from "@effect/vitest"
import * as NameServiceSwitch from "../../src/transport/NameServiceSwitch.ts"

describe("The sources in /etc/nsswitch.conf", () => {
  it.each([
    ["", ["files", "dns"]],
    ["passwd: files nis\n", ["files", "dns"]],
    ["passwd: files\nhosts:          files dns # nis\n", ["files", "dns"]],
    ["hosts: files mdns4_minimal [NOTFOUND=return] dns mymachines", ["files", "mdns4_minimal", "dns", "mymachines"]],
    ["  hosts:\tresolve [!UNAVAIL=return SUCCESS=continue]files", ["resolve", "files"]]
  ])("are those of hosts, without what is to be done: %s", (text, sources) => {
    assert.deepStrictEqual(NameServiceSwitch.hosts(text), sources)
  })
})
