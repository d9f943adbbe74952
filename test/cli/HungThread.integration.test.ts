import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { send } from "../server/client.ts"
import { temporaryDirectory } from "../support/engine.ts"
import { isRead, makeFifo } from "./fifo.ts"
import * as pyroduct from "./pyroduct.ts"
import { makeSink } from "./sinks.ts"

/** Runs a configuration in a process one of whose threads reads a file that gives no answer. */
const start = Effect.fnUntraced(function*({ drainTimeout = "1s", listen = "127.0.0.1", url = "" } = {}) {
  const cwd = yield* temporaryDirectory
  const config = `
pyroscope.receive_http "in" {
  http {
    listen_address = "${listen}"
    listen_port    = 0
  }
  forward_to = [pyroscope.write.out.receiver]
}

pyroscope.write "out" {
  endpoint {
    url = "http://127.0.0.1:9"
  }${url === "" ? "" : `\n  endpoint { url = "${url}" }`}
}
`
  yield* Effect.promise(() => writeFile(join(cwd, "config.alloy"), config))
  const flags = ["--server.http.listen-addr=127.0.0.1:0", `--shutdown.drain-timeout=${drainTimeout}`]
  const hang = `import { readFile } from "node:fs"; readFile(${JSON.stringify(yield* makeFifo)}, () => {})`
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hang)}` }
  return yield* pyroduct.start(["run", ...flags, "config.alloy"], { cwd, env })
})

/** Gives it a profile, once it is ready. */
const push = Effect.fnUntraced(function*({ logged }: Effect.Success<ReturnType<typeof start>>) {
  const address = / addr=(\S+)/.exec(yield* logged(/ msg=listening /))![1]
  yield* logged(/ msg="pyroduct is ready" /)
  assert.strictEqual((yield* send(`http://${address}/ingest?name=app`, { body: "a 1" })).status, 200)
})

describe("pyroduct run, with a thread that hangs", () => {
  it.live("ends with 0 when it has shut down cleanly", () =>
    Effect.gen(function*() {
      const engine = yield* start()
      yield* engine.logged(/ msg="pyroduct is ready" /)
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 0)
      assert.match(stderr, / msg="shut down cleanly"\n$/)
    }))

  it.live("ends with 1 when something was lost", () =>
    Effect.gen(function*() {
      const engine = yield* start()
      yield* push(engine)
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 1)
      assert.match(stderr, / msg="shut down with losses" profiles=1\n$/)
    }))

  it.live("ends with the signal's code at the second signal", () =>
    Effect.gen(function*() {
      const { url } = yield* makeSink(() => {})
      const engine = yield* start({ drainTimeout: "20s", url })
      yield* push(engine)
      yield* engine.signal("SIGTERM")
      yield* engine.logged(/ msg="shutting down"/)
      yield* engine.signal("SIGINT")
      assert.strictEqual((yield* engine.ended).code, 130)
    }))

  it.live("ends with 1 when the start fails", () =>
    Effect.gen(function*() {
      const engine = yield* start({ listen: "192.0.2.1" })
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 1)
      assert.match(stderr, /cannot listen on 192\.0\.2\.1:0: [^]+could not perform the initial load successfully\n$/)
    }))

  it.live("ends while it still reads its configuration", () =>
    Effect.gen(function*() {
      const fifo = yield* makeFifo
      const engine = yield* pyroduct.start(["run", fifo])
      yield* isRead(fifo)
      yield* engine.signal("SIGTERM")
      const { code, stderr } = yield* engine.ended
      assert.strictEqual(code, 0)
      assert.match(stderr, / msg="shut down cleanly"\n$/)
    }))
})
