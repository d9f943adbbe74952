/**
 * The example of the reference documentation, as it stands, and what people scrape with it.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { fileURLToPath } from "node:url"
import type { Response } from "../../src/transport/Transport.ts"
import { type ByStack, sumOf } from "../support/counts.ts"
import * as Elsewhere from "../support/elsewhere.ts"
import { lineOf, startEngine } from "../support/engine.ts"
import * as GoTarget from "../support/goTarget.ts"
import * as Push from "../support/push.ts"
import { makeSink, type Sink } from "../support/sink.ts"
import { startTarget } from "../support/targetProcess.ts"

const go = await GoTarget.build()
afterAll(() => go?.remove())

const nodeTarget = fileURLToPath(new URL("../fixtures/nodeTarget.ts", import.meta.url))

const example = `
pyroscope.write "staging" {
  // Send metrics to a locally running Pyroscope instance.
  endpoint {
    url = "http://pyroscope:4100"
    headers = {
      "X-Scope-OrgID" = "squad-1",
    }
  }
  external_labels = {
    "env" = "staging",
  }
}

pyroscope.scrape "default" {
  targets = [
    {"__address__" = "pyroscope:4100", "service_name"="pyroscope"},
    {"__address__" = "agent:12345", "service_name"="agent"},
  ]
  forward_to = [pyroscope.write.staging.receiver]
}
`

const scraping = (sink: Sink, address: string, interval: string, profiles: string) => `
  pyroscope.write "test" {
    endpoint {
      url = "${sink.url}"
    }
  }
  pyroscope.scrape "test" {
    targets         = [{__address__ = "${address}", service_name = "shop"}]
    forward_to      = [pyroscope.write.test.receiver]
    scrape_interval = "${interval}"
    profiling_config {
      ${profiles}
    }
  }
`

/** Has so much counted, in functions of these names: see the program. */
const work = (address: string, times: { readonly mutex: number; readonly block: number; readonly alloc: number }) =>
  Effect.promise(async () => {
    const query = Object.entries(times).map(([name, count]) => `${name}=${count}`).join("&")
    await (await fetch(`http://${address}/work?${query}`)).arrayBuffer()
  })

/** What the program says by itself. */
const own = (address: string, path: string) =>
  Effect.promise(async () => new Uint8Array(await (await fetch(`http://${address}${path}`)).arrayBuffer()))

/** How often something was counted for the stacks with a function. */
const countIn = (stacks: ByStack, name: string): number =>
  Object.entries(stacks).reduce(
    (sum, [stack, [count = 0]]) => stack.split(";").includes(name) ? sum + count : sum,
    0
  )

const cumulative = {
  memory: { path: "/debug/pprof/allocs", in: "main.allocate" },
  block: { path: "/debug/pprof/block", in: "main.receive" },
  mutex: { path: "/debug/pprof/mutex", in: "main.unlock" }
} as const

type Cumulative = keyof typeof cumulative
const names = Object.keys(cumulative) as ReadonlyArray<Cumulative>

/** What the program has counted of that since it began. */
const countOf = (address: string, name: Cumulative) =>
  Effect.map(own(address, cumulative[name].path), (profile) => countIn(sumOf([profile]), cumulative[name].in))

const seriesOf = ({ taken }: Sink, service: string, name: string) =>
  taken.all.flatMap(({ body }) => Push.decode(body)).filter(({ labels }) =>
    labels["service_name"] === service && labels["__name__"] === name
  )

const sentOf = (sink: Sink, service: string, name: string): ByStack =>
  sumOf(seriesOf(sink, service, name).flatMap(({ samples }) => samples.map(({ profile }) => profile)))

describe.skipIf(go === undefined)("the example of the reference documentation", () => {
  it.effect(
    "runs as it stands: what two Go programs count in ten intervals arrives, and nothing else",
    () =>
      Effect.gen(function*() {
        const sink = yield* makeSink
        const targets = { pyroscope: yield* startTarget(go!.binary), agent: yield* startTarget(go!.binary) }
        const services = ["pyroscope", "agent"] as const
        const asked: Array<string> = []
        const cpuProfiles = new Map<string, Response>()
        const engine = yield* startEngine(
          example,
          Elsewhere.layer((request, send) => {
            const url = request.origin + request.path
            const [, service] = /^http:\/\/(pyroscope:4100|agent:12345)\/debug\/pprof\//.exec(url) ?? []
            if (service === undefined) {
              assert.strictEqual(url, `http://pyroscope:4100${Push.path}`)
              return send({ ...request, origin: sink.url })
            }
            asked.push(url)
            const isCpu = request.path.includes("/profile")
            const known = isCpu ? cpuProfiles.get(service) : undefined
            if (known !== undefined) return Effect.succeed(known)
            const origin = `http://${targets[service.startsWith("pyroscope") ? "pyroscope" : "agent"]}`
            // The program's clock is another one than the engine's here: its profile takes a second, once.
            return Effect.tap(
              send({ ...request, origin, path: request.path.replace("seconds=14", "seconds=1") }),
              (response) => Effect.sync(() => isCpu && cpuProfiles.set(service, response))
            )
          })
        )
        const times = { mutex: 3, block: 5, alloc: 70 }
        const before: Record<string, number> = {}
        for (const service of services) {
          yield* work(targets[service], { mutex: 4, block: 4, alloc: 4 })
          for (const name of names) before[service + name] = yield* countOf(targets[service], name)
        }

        /** An interval is over, and the profiles of all types that take no time were taken. */
        const interval = Effect.fnUntraced(function*(profiles: number) {
          yield* TestClock.adjust("15 seconds")
          yield* sink.taken.until(() =>
            services.every((service) =>
              seriesOf(sink, service, "goroutine").length > profiles &&
              names.every((name) => seriesOf(sink, service, name).length >= profiles)
            )
          )
        })
        yield* interval(0)
        // All was asked for within the first interval.
        const paths = ["allocs", "block", "goroutine", "mutex", "profile?seconds=14"]
        assert.sameMembers(
          asked,
          ["pyroscope:4100", "agent:12345"].flatMap((host) => paths.map((path) => `http://${host}/debug/pprof/${path}`))
        )
        yield* sink.taken.until(() => services.every((service) => seriesOf(sink, service, "process_cpu").length === 1))
        for (let round = 1; round <= 10; round++) {
          for (const service of services) yield* work(targets[service], times)
          yield* interval(round)
        }

        for (const service of services) {
          for (const name of names) {
            const sent = countIn(sentOf(sink, service, name), cumulative[name].in)
            assert.strictEqual(sent, (yield* countOf(targets[service], name)) - before[service + name]!, name)
            // Go may count that somebody has waited once more than the program has seen to.
            assert.isAtLeast(sent, 10 * { memory: times.alloc, block: times.block, mutex: times.mutex }[name], name)
            for (const { labels } of seriesOf(sink, service, name)) {
              assert.deepInclude(labels, {
                __delta__: "false",
                __name__: name,
                env: "staging",
                instance: service === "agent" ? "agent:12345" : "pyroscope:4100",
                service_name: service
              })
            }
          }
        }
        for (const { headers } of sink.taken.all) assert.strictEqual(headers["x-scope-orgid"], "squad-1")
        assert.isEmpty(engine.log.all.filter(({ level }) => level === "warn" || level === "error"))
      }),
    60_000
  )
})

describe.skipIf(go?.hasGodeltaprof !== true)("godeltaprof", () => {
  it.live("has its deltas passed on as they are: they add up to what it has counted", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink
      const address = yield* startTarget(go!.binary)
      const off = [...names, "goroutine", "process_cpu"].map((name) => `profile.${name} {\n enabled = false\n }`)
      const on = names.map((name) => `profile.godeltaprof_${name} {\n enabled = true\n }`)
      yield* startEngine(scraping(sink, address, "100ms", [...off, ...on].join("\n")))
      for (let round = 1; round <= 10; round++) {
        yield* work(address, { mutex: 2, block: 3, alloc: 10 })
        const before = sink.taken.all.length
        yield* sink.taken.atLeast(before + names.length)
      }
      for (const [name, least] of [["mutex", 20], ["block", 30], ["memory", 100]] as const) {
        const counted = yield* countOf(address, name)
        assert.isAtLeast(counted, least, name)
        const sent = () => countIn(sentOf(sink, "shop", name), cumulative[name].in)
        yield* sink.taken.until(() => sent() >= counted)
        assert.strictEqual(sent(), counted, name)
        for (const { labels } of seriesOf(sink, "shop", name)) assert.notProperty(labels, "__delta__")
      }
    }))
})

describe("the pull endpoint of the official Node SDK", () => {
  it.live("gives its heap and CPU profiles, and of what it does not have each is said once", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink
      const address = yield* startTarget(process.execPath, nodeTarget)
      const engine = yield* startEngine(
        scraping(sink, address, "2s", `profile.memory {\n path = "/debug/pprof/heap"\n }`)
      )
      const missing = (lines: typeof engine.log.all) => lines.filter(({ msg }) => msg === "cannot scrape")
      yield* engine.log.until((lines) => missing(lines).length >= 3)
      yield* sink.taken.until(() =>
        ["memory", "process_cpu"].every((name) => Object.keys(sentOf(sink, "shop", name)).length > 0)
      )
      yield* sink.taken.until(() => seriesOf(sink, "shop", "memory").length >= 2)
      assert.sameMembers(missing(engine.log.all).map(({ type }) => type), ["block", "goroutine", "mutex"])
      const { err } = yield* lineOf(engine.log, ({ type }) => type === "mutex")
      assert.strictEqual(err, "server returned HTTP status (404) not here")
      yield* sink.taken.until(() =>
        Object.keys(sentOf(sink, "shop", "process_cpu")).some((stack) => /\bburn\b/.test(stack))
      )
      // The SDK begins to look at the heap when it is asked, so that it has seen nothing of what the program keeps.
      assert.deepStrictEqual(Object.keys(sentOf(sink, "shop", "memory")), ["(external)"])
    }))
})
