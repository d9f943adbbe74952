import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { gzipSync } from "node:zlib"
import type * as TargetReport from "../../src/scrape/TargetReport.ts"
import { type ByStack, Counts, sumOf } from "../support/counts.ts"
import { lineOf, type RunningEngine, startEngine } from "../support/engine.ts"
import { freePort } from "../support/ports.ts"
import { makePprof } from "../support/pprof.ts"
import {
  type Answer,
  answer,
  cut,
  drip,
  hang,
  makePprofTarget,
  type PprofTarget,
  profile
} from "../support/pprofTarget.ts"
import * as Push from "../support/push.ts"
import * as Sinks from "../support/sink.ts"

const good = makePprof({ gzip: true })

/** A type of profile for each path. */
const custom = (paths: Iterable<string>): string =>
  Array.from(paths, (path) => `profile.custom "${path.slice(1)}" {\n enabled = true\n path = "${path}"\n }`).join("\n")

const none = ["memory", "block", "goroutine", "mutex", "process_cpu"]
  .map((name) => `profile.${name} {\n enabled = false\n }`)
  .join("\n")

const scrape = (options: {
  readonly name?: string
  readonly targets: ReadonlyArray<Readonly<Record<string, string>>>
  readonly to: string
  readonly interval?: string
  readonly others?: string
  readonly profiles: string
}): string =>
  `pyroscope.scrape "${options.name ?? "test"}" {
    targets         = [${
    options.targets.map((labels) =>
      `{${Object.entries(labels).map(([name, value]) => `${name} = "${value}"`).join(", ")}}`
    ).join(", ")
  }]
    forward_to      = [pyroscope.write.${options.to}.receiver]
    scrape_interval = "${options.interval ?? "50ms"}"
    ${options.others ?? ""}
    profiling_config {
      ${options.profiles}
    }
  }
`

const write = (name: string, { url }: Sinks.Sink, queue = ""): string =>
  `pyroscope.write "${name}" {
    endpoint {
      url                 = "${url}"
      min_backoff_period  = "5ms"
      max_backoff_period  = "20ms"
      max_backoff_retries = 0
      ${queue}
    }
  }
`

/** What has arrived under a name. */
const profilesNamed = (name: string, sinks: ReadonlyArray<Sinks.Sink>) =>
  sinks.flatMap(({ taken }) => taken.all).flatMap(({ body }) => Push.decode(body))
    .filter(({ labels }) => labels["__name__"] === name)

/** What the API says of the targets of a block. */
const rows = ({ url }: RunningEngine, block: string, query: string) =>
  Effect.promise(async () => {
    const answer = await fetch(`${url}/api/v0/component/pyroscope.scrape.${block}/targets?${query}`)
    return (await answer.json() as { readonly targets: ReadonlyArray<TargetReport.Row> }).targets
  })

const text = { "content-type": "text/plain" }

/** Answers that are no profile, and what is said of them. */
const failures: Readonly<Record<string, readonly [answer: Answer, error: RegExp]>> = {
  "/missing": [answer(404, "404 page not found\n", text), /^server returned HTTP status \(404\) 404 page not found$/],
  "/failing": [answer(500, ""), /^server returned HTTP status \(500\)$/],
  "/empty": [answer(200), /^empty empty profile$/],
  "/untyped": [answer(200, good, {}), /^invalid profile data: missing Content-Type header$/],
  "/plain": [
    answer(200, good, text),
    /^invalid profile data: unexpected Content-Type text\/plain, expected application\/octet-stream for pprof data$/
  ],
  "/page": [
    answer(200, "<!DOCTYPE html><html>welcome</html>"),
    /^invalid profile data: text response instead of pprof: "<!DOCTYPE html>.*" \(server should return HTTP error, not 200\)$/
  ],
  "/json": [
    answer(200, `{"error": "no profiles are here"}`),
    /^invalid profile data: text response instead of pprof: "{/
  ],
  "/short": [answer(200, "\n\x00"), /^invalid profile data: data too short for pprof format$/],
  "/noise": [
    answer(200, Buffer.from("ffffffff", "hex")),
    /^invalid profile data: invalid protobuf data: illegal wireType 7 \(expected 0-5\), first bytes: ffffffff$/
  ],
  "/large": [answer(200, Buffer.alloc(70_000, 10)), /^the profile is larger than 65536 bytes$/],
  "/bomb": [
    answer(200, gzipSync(Buffer.alloc(70_000, 10)), {
      "content-type": "application/octet-stream",
      "content-encoding": "gzip"
    }),
    /^the profile is larger than 65536 bytes$/
  ],
  "/unbrotli": [
    answer(200, good, { "content-type": "application/octet-stream", "content-encoding": "br" }),
    /^failed to read body: the answer is not br, as its Content-Encoding says: /
  ],
  "/cut": [cut, /(UND_ERR_SOCKET|ECONNRESET)\)$/],
  "/around": [answer(302, "", { location: "/around" }), /^stopped after 10 redirects$/],
  "/astray": [answer(302, "", { location: "ftp://elsewhere/" }), /unsupported protocol scheme "ftp"$/]
}

/** Answers that do not come in time. */
const silences: Readonly<Record<string, Answer>> = { "/hang": hang, "/drip": drip }

const targetOf = ({ address }: PprofTarget, labels: Readonly<Record<string, string>> = {}) => ({
  __address__: address,
  service_name: "shop",
  ...labels
})

describe("a target that is scraped", () => {
  it.live("is down for a reason that is said once, whatever it answers, and its other profiles arrive", () =>
    Effect.gen(function*() {
      const target = yield* makePprofTarget
      const sink = yield* Sinks.makeSink
      for (const [path, [fails]] of Object.entries(failures)) target.answers(path, fails)
      for (const [path, isSilent] of Object.entries(silences)) target.answers(path, isSilent)
      target.answers("/good", profile(() => good))
      target.answers("/elsewhere", answer(307, "", { location: "/good" }))
      target.answers(
        "/encoded",
        answer(200, gzipSync(good), {
          "content-type": "Application/Octet-Stream",
          "content-encoding": "gzip"
        })
      )
      const successes = ["/good", "/elsewhere", "/encoded"]
      const refused = `127.0.0.1:${yield* Effect.promise(freePort)}`
      const engine = yield* startEngine(`
        ${write("test", sink)}
        ${
        scrape({
          targets: [targetOf(target)],
          to: "test",
          others: "body_size_limit = \"64KiB\"",
          profiles: none + "\n" + custom([...Object.keys(failures), ...successes])
        })
      }
        ${
        scrape({
          name: "silent",
          targets: [targetOf(target)],
          to: "test",
          others: "scrape_timeout = \"100ms\"",
          profiles: none + "\n" + custom(Object.keys(silences))
        })
      }
        ${
        scrape({
          name: "others",
          targets: [{ service_name: "nowhere" }, { __address__: "not/a/host" }, { __address__: refused }],
          to: "test",
          profiles: none + "\n" + custom(["/good"])
        })
      }
      `)
      const errors = Object.entries(failures).map(([path, [, error]]) => [path, error] as const)
      const silent = Object.keys(silences).map((path) => [path, /^no (answer|profile) within 100ms/] as const)
      for (const [path, error] of [...errors, ...silent]) {
        const { err, target: url } = yield* lineOf(
          engine.log,
          ({ msg, type }) => msg === "cannot scrape" && type === path.slice(1)
        )
        assert.match(err!, error)
        assert.strictEqual(url, `http://${target.address}${path}`)
      }
      const { err } = yield* lineOf(engine.log, (line) => line["target"] === `http://${refused}/good`)
      assert.match(err!, /\(ECONNREFUSED\)$/)
      const leftOut = yield* engine.log.until((lines) =>
        lines.filter(({ msg }) => msg === "target left out").length === 2
      )
      assert.sameMembers(leftOut.filter(({ msg }) => msg === "target left out").map(({ err }) => err), [
        "no address",
        "\"not/a/host:80\" is not a valid hostname"
      ])
      // None of them waited for one that hangs.
      for (const path of successes) {
        const name = path.slice(1)
        yield* sink.taken.until(() => profilesNamed(name, [sink]).length >= 5)
        for (const { labels, samples } of profilesNamed(name, [sink])) {
          assert.strictEqual(labels["service_name"], "shop")
          assert.deepStrictEqual(samples.map(({ profile }) => Buffer.from(profile)), [Buffer.from(good)])
        }
      }
      const down = yield* rows(engine, "test", "health=down")
      assert.sameMembers(down.map(({ type }) => `/${type}`), Object.keys(failures))
      for (const row of down) assert.match(row.last_error!, failures[`/${row.type}`]![1])
      const up = yield* rows(engine, "test", "health=up")
      assert.sameMembers(up.map(({ type }) => `/${type}`), successes)
      const said = engine.log.all.filter(({ msg }) => msg === "cannot scrape")
      assert.strictEqual(said.length, new Set(said.map(({ target }) => target)).size)
    }))

  it.live("is up again when it is, which is said", () =>
    Effect.gen(function*() {
      const target = yield* makePprofTarget
      const sink = yield* Sinks.makeSink
      const missing = answer(404, "not yet")
      target.answers("/late", missing, missing, missing, profile(() => good))
      const engine = yield* startEngine(
        write("test", sink) +
          scrape({ targets: [targetOf(target)], to: "test", profiles: none + "\n" + custom(["/late"]) })
      )
      yield* lineOf(engine.log, ({ msg }) => msg === "cannot scrape")
      yield* lineOf(engine.log, ({ msg }) => msg === "scrapes succeed again")
      yield* sink.taken.atLeast(1)
    }))
})

/** The counts of a process, and what of them is to arrive. */
const makeProcess = Effect.gen(function*() {
  const target = yield* makePprofTarget
  const paths = { memory: "/debug/pprof/allocs", block: "/debug/pprof/block", mutex: "/debug/pprof/mutex" }
  const names = ["memory", "block", "mutex"] as const
  const counts = { memory: new Counts("memory"), block: new Counts("contention"), mutex: new Counts("contention") }
  const expected = { memory: new Counts("memory"), block: new Counts("contention"), mutex: new Counts("contention") }
  for (const name of names) target.answers(paths[name], profile(() => counts[name].profile()))
  const count = (
    stack: string,
    times: number,
    where: ReadonlyArray<Readonly<Record<(typeof names)[number], Counts>>>
  ) => {
    for (const counted of where) {
      counted.memory.add(stack, times, times * 1024, 1, 1024)
      counted.block.add(stack, times, times * 1_000_003)
      counted.mutex.add(stack, times, times * 7)
    }
  }
  count("main.init;main.main", 5, [counts])
  /** Each has been asked for once more. */
  const askedAgain = Effect.forEach(names, (name) => {
    const path = paths[name]
    const before = target.asked.all.filter((one) => one.path === path).length
    return target.askedFor(path, before + 1)
  }, { discard: true })
  let rounds = 0
  const round = Effect.suspend(() => {
    rounds += 1
    count("main.work;main.main", rounds, [counts, expected])
    count(`main.once${rounds};main.main`, 3, [counts, expected])
    return askedAgain
  })
  /** All that was counted from the second scrape on has arrived, and nothing else. */
  const arrived = (...sinks: ReadonlyArray<Sinks.Sink>) =>
    Effect.forEach(names, (name) => {
      const sums = () =>
        sumOf(profilesNamed(name, sinks).flatMap(({ samples }) => samples.map(({ profile }) => profile)))
      const wanted = expected[name].rising
      const total = (stacks: ByStack) => Object.values(stacks).reduce((sum, [first = 0]) => sum + first, 0)
      return Effect.map(
        Effect.raceAllFirst(sinks.map(({ taken }) => taken.until(() => total(sums()) >= total(wanted)))),
        () => assert.deepStrictEqual(sums(), wanted, name)
      )
    }, { discard: true })
  return {
    target,
    askedAgain,
    /** Something happens, and all profiles are asked for. */
    round,
    /** The process is another one, of which nobody knows what was before it was asked. */
    restart: Effect.suspend(() => {
      for (const name of names) counts[name].clear()
      count("main.init;main.main", 2, [counts])
      return askedAgain
    }),
    arrived
  }
})

const cumulative = `
  profile.goroutine {
    enabled = false
  }
  profile.process_cpu {
    enabled = false
  }
`

describe("what is sent of a process's counters", () => {
  it.live("adds up to what it has counted, also when the endpoint refuses profiles and the process restarts", () =>
    Effect.gen(function*() {
      const process = yield* makeProcess
      const sink = yield* Sinks.makeSink
      const engine = yield* startEngine(
        write("test", sink, "queue {\n max_bytes = \"4KiB\"\n when_full = \"reject\"\n }") +
          scrape({ targets: [targetOf(process.target)], to: "test", profiles: cumulative })
      )
      yield* process.askedAgain
      for (let n = 0; n < 3; n++) yield* process.round
      yield* sink.behave(Sinks.answer(503))
      // More than the queue has room for.
      yield* process.round.pipe(Effect.repeat({
        until: () =>
          engine.log.all.some(({ err, msg }) => msg === "cannot scrape" && (err ?? "").startsWith("profile refused"))
      }))
      yield* process.round
      yield* sink.behave(Sinks.ok)
      for (let n = 0; n < 3; n++) yield* process.round
      yield* process.arrived(sink)
      yield* process.restart
      for (let n = 0; n < 4; n++) yield* process.round
      yield* process.arrived(sink)
      for (const name of ["memory", "block", "mutex"]) {
        for (const { labels } of profilesNamed(name, [sink])) assert.strictEqual(labels["__delta__"], "false")
      }
    }))

  it.live("adds up through reloads: other destinations, other targets, another interval", () =>
    Effect.gen(function*() {
      const process = yield* makeProcess
      const other = yield* makePprofTarget
      const sinks = [yield* Sinks.makeSink, yield* Sinks.makeSink] as const
      const config = (to: string, interval: string, ...targets: ReadonlyArray<PprofTarget>) =>
        write("first", sinks[0]) + write("second", sinks[1]) + scrape({
          targets: [process.target, ...targets].map((target) => targetOf(target)),
          to,
          interval,
          profiles: cumulative
        })
      const engine = yield* startEngine(config("first", "50ms"))
      yield* process.askedAgain
      for (let n = 0; n < 3; n++) yield* process.round
      for (const next of [config("second", "50ms"), config("second", "50ms", other), config("second", "70ms")]) {
        const reloading = yield* Effect.forkChild(engine.reload(next))
        yield* process.round
        yield* Fiber.join(reloading)
        yield* process.round
      }
      yield* other.askedFor("/debug/pprof/mutex", 1)
      yield* process.arrived(...sinks)
      assert.isNotEmpty(profilesNamed("mutex", [sinks[0]]))
      assert.isNotEmpty(profilesNamed("mutex", [sinks[1]]))
    }))
})
