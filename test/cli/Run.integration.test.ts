import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule, type Scope } from "effect"
import { closeSync, existsSync, openSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import type * as Http from "node:http"
import { join } from "node:path"
import { send } from "../server/client.ts"
import { temporaryDirectory } from "../support/engine.ts"
import { freePort } from "../support/ports.ts"
import * as pyroduct from "./pyroduct.ts"
import { makeSink } from "./sinks.ts"

const accepting = makeSink((response) => response.end())

const config = (sink: string) => `
pyroscope.receive_http "in" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = 0
  }
  forward_to = [pyroscope.write.out.receiver]
}

pyroscope.write "out" {
  endpoint {
    url                = "${sink}"
    min_backoff_period = "10ms"
    max_backoff_period = "10ms"
  }
}
`

interface Flags {
  readonly address?: string
  readonly drainTimeout?: string
  readonly env?: Readonly<Record<string, string>>
  readonly output?: number
}

/** Runs a configuration until the scope closes, its own server on a free port unless there is an address. */
const start = (text: string, { address = "127.0.0.1:0", drainTimeout, env = {}, output = -1 }: Flags = {}) =>
  Effect.gen(function*() {
    const cwd = yield* temporaryDirectory
    yield* Effect.promise(() => writeFile(join(cwd, "config.alloy"), text))
    const flags = [`--server.http.listen-addr=${address}`]
    if (drainTimeout !== undefined) flags.push(`--shutdown.drain-timeout=${drainTimeout}`)
    return { ...yield* pyroduct.start(["run", ...flags, "config.alloy"], { cwd, env, output }), cwd }
  })

type Engine = Effect.Success<ReturnType<typeof start>>

/** Where it takes profiles, and where its own server is, once it is ready. */
const addresses = Effect.fnUntraced(function*({ logged }: Engine): Effect.fn.Return<
  { readonly ingest: string; readonly own: string },
  never,
  Scope.Scope
> {
  const addressIn = (line: string) => `http://${/ addr=(\S+)/.exec(line)![1]}`
  const ingest = addressIn(yield* logged(/ msg=listening /))
  return { ingest: `${ingest}/ingest?name=app`, own: addressIn(yield* logged(/ msg="pyroduct is ready" /)) }
})

const value = "(?:[^\\s\"=]+|\"(?:[^\"\\\\]|\\\\.)*\")"
const logfmt = new RegExp(
  `^ts=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z level=(debug|info|warn|error) msg=${value}( [a-z_]+=${value})*$`
)

const reloaded = / level=info msg="config reloaded" duration=\d+ms$/

/** Sends the process SIGHUP as soon as it would not die of it. */
const hangUpEarly = encodeURIComponent(`
  const { on } = process
  process.on = function(name, listener) {
    on.call(this, name, listener)
    if (name === "SIGHUP") process.kill(process.pid, name)
    return this
  }
`)

describe("pyroduct run", () => {
  it.live("runs a configuration, tells how it is, and ends well when it is told to", () =>
    Effect.gen(function*() {
      const sink = yield* accepting
      const engine = yield* start(config(sink.url))
      const { ingest, own } = yield* addresses(engine)
      const get = (path: string) =>
        Effect.map(send(own + path, { method: "GET" }), ({ body, status }) => `${status} ${body}`)
      assert.strictEqual(yield* get("/-/ready"), "200 pyroduct is ready.\n")
      assert.strictEqual(yield* get("/-/healthy"), "200 All pyroduct components are healthy.\n")
      assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* sink.requests.atLeast(1)
      yield* engine.logged(/ msg="first profile delivered" .*component_id=pyroscope\.write\.out .*bytes=3$/)
      const metrics = yield* get("/metrics")
      const labels = `{endpoint="${sink.url}",component_id="pyroscope.write.out",component_path="/"}`
      assert.include(metrics, `\npyroscope_write_sent_profiles_total${labels} 1\n`)
      assert.include(metrics, `\npyroscope_write_sent_bytes_total${labels} 3\n`)
      assert.match(metrics, /\npyroduct_build_info\{version="[^"]+"\} 1\n/)
      assert.include(metrics, "\npyroduct_component_controller_running_components{health_type=\"healthy\"} 2\n")

      const id = yield* Effect.promise(() => readFile(join(engine.cwd, "data-pyroduct/instance_id"), "utf8"))
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f-]{27}\n$/)
      yield* engine.signal("SIGTERM")
      const { code, stderr, stdout } = yield* engine.ended
      assert.deepStrictEqual([code, stdout], [0, ""])
      const lines = stderr.trimEnd().split("\n")
      for (const line of lines) assert.match(line, logfmt)
      assert.match(lines.at(-2)!, / level=info msg="shutting down" drain_timeout=20s$/)
      assert.match(lines.at(-1)!, / level=info msg="shut down cleanly"$/)
    }))

  it.live("delivers what is queued before it ends", () =>
    Effect.gen(function*() {
      const waiting: Array<Http.ServerResponse> = []
      const sink = yield* makeSink((response) => waiting.push(response))
      const engine = yield* start(config(sink.url).replace("url  ", "queue { concurrency = 1 }\nurl  "))
      const { ingest, own } = yield* addresses(engine)
      for (let n = 0; n < 3; n++) assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* sink.requests.atLeast(1)
      yield* engine.signal("SIGINT")
      yield* engine.logged(/ msg="shutting down"/)
      assert.strictEqual((yield* send(`${own}/-/ready`, { method: "GET" })).status, 503)
      for (let n = 0; n < 3; n++) {
        yield* sink.requests.atLeast(n + 1)
        waiting[n]!.end()
      }
      assert.strictEqual((yield* engine.ended).code, 0)
      assert.strictEqual(sink.requests.all.length, 3)
    }))

  it.live("gives up at the end of the drain timeout, and says how much", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink((response) => response.writeHead(503).end())
      const engine = yield* start(config(sink.url), { drainTimeout: "200ms" })
      const { ingest } = yield* addresses(engine)
      for (let n = 0; n < 3; n++) assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 1)
      assert.match(stderr, / level=error msg="shut down with losses" profiles=3\n$/)
    }))

  it.live("ends at once at the second signal", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink(() => {})
      const engine = yield* start(config(sink.url))
      const { ingest } = yield* addresses(engine)
      assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* sink.requests.atLeast(1)
      yield* engine.signal("SIGINT")
      yield* engine.logged(/ msg="shutting down" drain_timeout=20s/)
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 128 + 15)
      assert.match(stderr, / msg="shutting down" drain_timeout=20s\n$/)
    }))

  it.live("stops pipelines side by side: a hanging endpoint takes no time from another's queue", () =>
    Effect.gen(function*() {
      let isUp = false
      const recovering = yield* makeSink((response) => response.writeHead(isUp ? 200 : 503).end())
      const hanging = yield* makeSink(() => {})
      const [receiver, write] = config(recovering.url).replaceAll("10ms", "1h").split("\n\n")
      const other = write!.replace("\"out\"", "\"hanging\"").replace(recovering.url, hanging.url)
      const forward = receiver!.replace("out.receiver", "out.receiver, pyroscope.write.hanging.receiver")
      const engine = yield* start([forward, write, other].join("\n"), { drainTimeout: "500ms" })
      const { ingest } = yield* addresses(engine)
      assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* engine.logged(/ msg="pushes failed" .*component_id=pyroscope\.write\.out /)
      yield* hanging.requests.atLeast(1)
      isUp = true
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 1)
      assert.match(stderr, / msg="shut down with losses" profiles=1\n$/)
      assert.strictEqual(recovering.requests.all.length, 2)
    }))

  it.live("says while it waits for whom it does, and until when", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink(() => {})
      const engine = yield* start(config(sink.url))
      const { ingest } = yield* addresses(engine)
      for (let n = 0; n < 3; n++) assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* engine.signal("SIGTERM")
      const line = yield* engine.logged(/ msg="waiting for endpoints/)
      assert.match(line, new RegExp(` profiles=3 endpoints="${sink.url} \\(3\\)" until=\\d{4}-\\S+Z$`))
    }))

  it.live("ends at SIGQUIT as well, and stays at SIGUSR1, which opens no inspector", () =>
    Effect.gen(function*() {
      const sink = yield* accepting
      const engine = yield* start(config(sink.url))
      const { ingest } = yield* addresses(engine)
      yield* engine.signal("SIGUSR1")
      assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      yield* engine.signal("SIGQUIT")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 0)
      assert.match(stderr, / msg="shut down cleanly"\n$/)
      assert.notInclude(stderr, "Debugger listening")
      assert.strictEqual(sink.requests.all.length, 1)
    }))

  it.live("goes on when nobody reads its log any more, and ends as it would have", () =>
    Effect.gen(function*() {
      const sink = yield* accepting
      const engine = yield* start(config(sink.url))
      const { ingest } = yield* addresses(engine)
      yield* engine.unread
      for (let n = 0; n < 2; n++) {
        yield* engine.signal("SIGHUP")
        assert.strictEqual((yield* send(ingest, { body: "a 1" })).status, 200)
      }
      yield* engine.signal("SIGTERM")
      assert.strictEqual((yield* engine.ended).code, 0)
      assert.strictEqual(sink.requests.all.length, 2)
    }))

  it.live.skipIf(!existsSync("/dev/full"))("goes on when the disk under its log is full", () =>
    Effect.gen(function*() {
      const full = yield* Effect.acquireRelease(
        Effect.sync(() => openSync("/dev/full", "w")),
        (file) => Effect.sync(() => closeSync(file))
      )
      const port = yield* Effect.promise(freePort)
      const sink = yield* makeSink((response) => response.writeHead(400).end())
      const text = config(sink.url).replace("listen_port    = 0", `listen_port    = ${port}`)
      const engine = yield* start(text, { output: full })
      // There is no line to wait for.
      const { status } = yield* Effect.retry(
        Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}/ingest?name=app`, { method: "POST", body: "a 1" })),
        Schedule.spaced("50 millis")
      )
      assert.strictEqual(status, 200)
      yield* sink.requests.atLeast(1)
      yield* engine.signal("SIGTERM")
      // The profile was refused, which the log would have said.
      assert.strictEqual((yield* engine.ended).code, 0)
    }))

  it.live("reloads at SIGHUP, also after one that comes before anything is loaded", () =>
    Effect.gen(function*() {
      const { url } = yield* accepting
      const engine = yield* start(config(url), {
        env: { NODE_OPTIONS: `--import=data:text/javascript,${hangUpEarly}` }
      })
      const reloads = (count: number) =>
        engine.lines.until((lines) => lines.filter((line) => reloaded.test(line)).length === count)
      yield* addresses(engine)
      yield* reloads(1)
      yield* engine.signal("SIGHUP")
      yield* reloads(2)
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 0)
      assert.match(stderr, / msg="shut down cleanly"\n$/)
    }))

  it.live("writes its log, though the start waits for something that hangs, and ends when it is told to", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink(() => {})
      const engine = yield* start(
        `remote.http "token" {\n url = "${sink.url}"\n poll_frequency = "1h"\n poll_timeout = "50m"\n}\ntracing { }`
      )
      yield* engine.logged(/ level=warn msg="tracing has no effect/)
      yield* engine.signal("SIGTERM")
      assert.strictEqual((yield* engine.ended).code, 0)
    }))

  it.live("shows what is wrong with a configuration and starts nothing of it", () =>
    Effect.gen(function*() {
      const engine = yield* start(config("profiles.example"))
      const { code, stderr, stdout } = yield* engine.ended
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.match(
        stderr,
        /^Error: config.alloy:12:26: "\*{3}" must be an absolute URL [^]+\nError: could not perform the initial load successfully\n$/
      )
    }))

  it.live("shows the block that cannot listen, and stops the others", () =>
    Effect.gen(function*() {
      const sink = yield* accepting
      const taken = sink.url.split(":").at(-1)!
      const text = config(sink.url)
      const other = text.split("}\n\n")[0]!.replace("\"in\"", "\"other\"").replace("= 0", `= ${taken}`)
      const engine = yield* start(`${text}\n${other}}\n`)
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 1)
      const shown = stderr.slice(stderr.indexOf("Error:"))
      assert.match(
        shown,
        new RegExp(
          `^Error: config.alloy:19:1: Failed to build component: cannot listen on 127.0.0.1:${taken}: address already in use\n\n[^]+\nError: could not perform the initial load successfully\n$`
        )
      )
      assert.match(stderr, / msg=listening .*component_id=pyroscope\.receive_http\.in /)
    }))

  it.live("says in a line that its own port is taken", () =>
    Effect.gen(function*() {
      const { url } = yield* accepting
      const address = url.slice("http://".length)
      const engine = yield* start(config(url), { address })
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 1)
      assert.strictEqual(
        stderr,
        `Error: cannot listen on ${address}: address already in use\n`
      )
    }))
})
