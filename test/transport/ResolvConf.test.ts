import { assert, describe, it } from "@effect/vitest"
import * as ResolvConf from "../../src/transport/ResolvConf.ts"

const kubernetes = `nameserver 10.96.0.10
search monitoring.svc.cluster.local svc.cluster.local cluster.local
options ndots:5
`

const candidates = (text: string, name: string, hostname = "host") =>
  ResolvConf.candidates(ResolvConf.parse(text, hostname), name)

describe("The names that are asked for", () => {
  it("are completed first when they have few dots, as in Kubernetes", () => {
    assert.deepStrictEqual(candidates(kubernetes, "pyroscope.monitoring"), [
      "pyroscope.monitoring.monitoring.svc.cluster.local",
      "pyroscope.monitoring.svc.cluster.local",
      "pyroscope.monitoring.cluster.local",
      "pyroscope.monitoring"
    ])
  })

  it("are completed last when they have enough", () => {
    assert.deepStrictEqual(candidates("search example.org", "profiles.example"), [
      "profiles.example",
      "profiles.example.example.org"
    ])
    assert.deepStrictEqual(candidates("search example.org", "profiles"), ["profiles.example.org", "profiles"])
  })

  it("are never completed when they end in a dot", () => {
    assert.deepStrictEqual(candidates(kubernetes, "pyroscope.monitoring."), ["pyroscope.monitoring"])
  })

  it.each([
    ["the last line counts", "search a.example\ndomain b.example c.example\n", ["b.example"]],
    ["the root is no domain", "search .\n", []],
    ["the host's own, where there is nothing", "", ["example.net"]],
    ["dots at the ends do not count", "search .a.example. b.example.\n", ["a.example", "b.example"]]
  ])("are completed with domains: %s", (_, text, search) => {
    assert.deepStrictEqual(ResolvConf.parse(text, "host.example.net").search, search)
  })
})

describe("The options of asking", () => {
  it.each([
    ["", { ndots: 1, timeout: 2000, attempts: 2 }],
    ["options ndots:0 timeout:1\noptions attempts:3 rotate\n", { ndots: 0, timeout: 1000, attempts: 3 }],
    ["options ndots:99 timeout:0 attempts:99", { ndots: 15, timeout: 1000, attempts: 5 }],
    ["options ndots:x timeout attempts:", { ndots: 1, timeout: 2000, attempts: 2 }],
    ["# options ndots:3\n;options ndots:4", { ndots: 1, timeout: 2000, attempts: 2 }]
  ])("have bounds: %s", (text, options) => {
    const { search: _, ...parsed } = ResolvConf.parse(text, "host")
    assert.deepStrictEqual(parsed, options)
  })
})
