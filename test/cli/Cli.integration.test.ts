import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { temporaryDirectory } from "../support/engine.ts"
import * as pyroduct from "./pyroduct.ts"

describe("pyroduct", () => {
  it.live("runs a command line of Alloy's, and says in a line which flags have no effect", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryDirectory
      yield* Effect.promise(() => writeFile(join(cwd, "x.alloy"), `logging { level = "error"\nformat = "json" }`))
      const engine = yield* pyroduct.start(
        [
          ["run", "--stability.level", "experimental", "--cluster.enabled", "--cluster.join-addresses=a"],
          ["--cluster.join-addresses", "b", "--disable-reporting=true", "--feature.of-tomorrow"],
          ["--server.http.enable-pprof=false", "--log-format=logfmt", "x.alloy"]
        ].flat(),
        // What is given from outside goes before the configuration.
        { cwd, env: { PYRODUCT_SERVER_HTTP_LISTEN_ADDR: "127.0.0.1:0", PYRODUCT_LOG_LEVEL: "info" } }
      )
      assert.match(
        yield* engine.logged(/flags without/),
        / level=warn msg="flags without an effect" flags="--cluster.join-addresses, --stability.level, --cluster.enabled, --disable-reporting, --feature.of-tomorrow"$/
      )
      yield* engine.logged(/ msg="pyroduct is ready" /)
      yield* engine.signal("SIGTERM")
      assert.strictEqual((yield* engine.ended).code, 0)
    }))

  it.live("knows its version", () =>
    Effect.gen(function*() {
      const { version } = JSON.parse(yield* Effect.promise(() => readFile("package.json", "utf8")))
      assert.deepStrictEqual(yield* pyroduct.run(["--version"]), {
        code: 0,
        stdout: `pyroduct v${version}\n`,
        stderr: ""
      })
    }))
})
