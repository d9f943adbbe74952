import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { hostname } from "node:os"
import { fileURLToPath } from "node:url"
import type { Listed } from "../src/components/pyroduct/sink/Store.ts"
import { lineOf, startBinary } from "./support/engine.ts"
import { freePort } from "./support/ports.ts"
import { makePprof } from "./support/pprof.ts"
import * as Push from "./support/push.ts"
import { answer, makeSink } from "./support/sink.ts"

const examples = fileURLToPath(new URL("../examples/", import.meta.url))

interface Listing {
  readonly profiles: ReadonlyArray<Listed>
}

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const node = (...args: ReadonlyArray<string>): Effect.Effect<Finished> =>
  Effect.callback((resume) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resume(Effect.succeed({ code: error === null ? 0 : Number(error.code), stdout, stderr }))
    })
  })

/** What stands after the log. */
const lastLine = (text: string): string | undefined => text.trim().split("\n").at(-1)

/** An example's text with other ones in the place of some of its own. */
const example = (file: string, replacements: Readonly<Record<string, string>>): string => {
  const text = readFileSync(examples + file, "utf8")
  const own = Object.keys(replacements)
  for (const part of own) assert.include(text, part)
  const pattern = new RegExp(own.map((part) => part.replace(/[.{]/g, "\\$&")).join("|"), "g")
  return text.replace(pattern, (part) => replacements[part]!)
}

describe("examples", () => {
  it.live("quickstart.alloy, which npm start runs, shows profiles of itself and of what is pushed", () =>
    Effect.gen(function*() {
      const [sinkPort, sdkPort] = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
      const self = `pyroduct.self_profile "engine" {`
      const engine = yield* startBinary(example("quickstart.alloy", {
        "4040": String(sinkPort),
        "9999": String(sdkPort),
        [self]: `${self}\n  interval = "1s"`
      }))
      yield* Push.push(`http://127.0.0.1:${sdkPort}`, "", makePprof({ gzip: true }))
      const delivered = yield* lineOf(engine.log, ({ msg }) => msg === "first profile delivered")
      assert.strictEqual(delivered["endpoint"], `http://127.0.0.1:${sinkPort}`)
      for (const service of ["shop", "pyroduct"]) {
        yield* lineOf(
          engine.log,
          ({ component_id, labels, msg }) =>
            msg === "profile received" && component_id === "pyroduct.sink.local" &&
            labels!.includes(`service_name="${service}"`)
        )
      }

      const listing = yield* Effect.promise(async () =>
        (await fetch(`${engine.url}/api/v0/component/pyroduct.sink.local/profiles`)).json() as Promise<Listing>
      )
      const profiles = new Map(
        listing.profiles.map((profile) => [`${profile.labels["service_name"]} ${profile.labels["__name__"]}`, profile])
      )
      // Of the memory there may be no profile yet: so little is in use.
      assert.includeMembers([...profiles.keys()], ["shop process_cpu", "pyroduct process_cpu"])
      for (const { labels, top } of profiles.values()) {
        assert.strictEqual(labels["host"], hostname())
        assert.isNotEmpty(top)
      }
      assert.deepInclude(profiles.get("pyroduct process_cpu")!.sample_types[1]!, { type: "cpu", unit: "nanoseconds" })
      assert.match(profiles.get("shop process_cpu")!.top[0]!.function, /^main\.f\d+$/)
      assert.strictEqual(yield* engine.stop, 0)
    }))

  it.live("scrape.alloy scrapes the engine itself, whatever else it cannot reach", () =>
    Effect.gen(function*() {
      const [sinkPort, nobody] = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
      const engine = yield* startBinary(example("scrape.alloy", {
        "4040": String(sinkPort),
        "6060": String(nobody),
        "  forward_to": "  scrape_interval = \"2s\"\n  forward_to"
      }))
      const { labels } = yield* lineOf(engine.log, ({ msg }) => msg === "profile received")
      for (const label of [`env="staging"`, `instance="alloy.internal:12345"`, `service_name="engine"`]) {
        assert.include(labels, label)
      }
      const { target } = yield* lineOf(
        engine.log,
        ({ msg, reason }) => msg === "cannot scrape" && reason === "unreachable"
      )
      assert.include(target, `http://127.0.0.1:${nobody}/debug/pprof/`)
      assert.strictEqual(yield* engine.stop, 0)
    }))

  it.live("forward.alloy forwards to the two Pyroscopes that the environment names", () =>
    Effect.gen(function*() {
      const first = yield* makeSink
      const backup = yield* makeSink
      const engine = yield* startBinary(example("forward.alloy", { "9999": "0" }), {
        PYROSCOPE_URL: first.url,
        PYROSCOPE_BACKUP_URL: backup.url,
        REGION: "north"
      })
      const profile = makePprof({ gzip: true })
      assert.strictEqual(
        (yield* Push.push(yield* engine.listening("pyroscope.receive_http.sdk"), "a", profile)).status,
        200
      )
      for (const { taken } of [first, backup]) {
        const [request] = yield* taken.atLeast(1)
        const [{ labels, samples }] = Push.decode(request!.body) as [Push.Series]
        assert.deepStrictEqual(labels, { __name__: "process_cpu", region: "north", service_name: "shop" })
        assert.deepStrictEqual(samples.map(({ id, profile }) => [id, Buffer.from(profile)]), [[
          "a",
          Buffer.from(profile)
        ]])
      }
      assert.isUndefined(first.taken.all[0]!.headers["x-scope-orgid"])
      assert.strictEqual(backup.taken.all[0]!.headers["x-scope-orgid"], "backup")
      assert.strictEqual(yield* engine.stop, 0)
    }))

  it.live("embed.ts delivers a profile and says so", () =>
    Effect.gen(function*() {
      const { taken, url } = yield* makeSink
      const { code, stdout } = yield* node(`${examples}embed.ts`, url, `${examples}embed.ts`)
      assert.deepStrictEqual({ code, last: lastLine(stdout) }, { code: 0, last: "Delivered" })
      assert.deepStrictEqual(taken.all.flatMap(({ body }) => Push.decode(body)).map(({ labels }) => labels), [
        { __name__: "process_cpu", region: "eu-1", service_name: "embed-example" }
      ])
      assert.strictEqual(
        Push.decode(taken.all[0]!.body)[0]!.samples[0]!.profile.byteLength,
        readFileSync(`${examples}embed.ts`).byteLength
      )
    }))

  it.live("embed.ts says why a profile was given up", () =>
    Effect.gen(function*() {
      const { behave, url } = yield* makeSink
      yield* behave(answer(400))
      const { code, stdout } = yield* node(`${examples}embed.ts`, url)
      assert.deepStrictEqual(
        { code, last: lastLine(stdout) },
        { code: 0, last: `gave up: failed to push to ${url}: the server answered 400` }
      )
    }))

  it.live("retry-schedule.ts prints the delays", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* node(`${examples}retry-schedule.ts`)
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      const sections = stdout.trim().split(/\n(?=\S)/).map((section) => section.split("\n  "))
      assert.deepStrictEqual(sections.map(([title, ...delays]) => [title, delays.length]), [
        ["defaults, without jitter:", 10],
        ["defaults:", 10],
        ["with a Retry-After of 90 seconds:", 3]
      ])
      assert.deepStrictEqual(
        sections[0]!.slice(1).join(", "),
        "500ms, 1s, 2s, 4s, 8s, 16s, 32s, 1m 4s, 2m 8s, 4m 16s"
      )
      assert.deepStrictEqual(sections[2]!.slice(1), ["1m 30s", "1m 30s", "1m 30s"])
    }))
})
