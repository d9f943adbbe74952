import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import * as pyroduct from "./pyroduct.ts"

const together = { concurrency: 2 } as const

describe("pyroduct", () => {
  it.live("explains itself and every command", () =>
    Effect.gen(function*() {
      const [root, run, validate] = yield* Effect.all([
        pyroduct.run(["--help"]),
        pyroduct.run(["run", "--help"]),
        pyroduct.run(["validate", "-h"])
      ], together)
      for (const { code, stderr } of [root, run, validate]) assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(root.stdout, /USAGE\n {2}pyroduct <subcommand> \[flags\]\n/)
      assert.match(root.stdout, /\n {2}run +Run a configuration .*\n {2}validate +Report every problem/)
      assert.match(run.stdout, /USAGE\n {2}pyroduct run \[flags\] <path>\n/)
      assert.match(run.stdout, /\n {2}--server.http.listen-addr .+ \(default 127.0.0.1:12345\)\n/)
      assert.match(run.stdout, /\n {2}--server.http.allowed-hosts .+ \(default ""\)\n/)
      assert.match(run.stdout, /\n {2}--storage.path .+ \(default data-pyroduct\/\)\n/)
      assert.match(run.stdout, /\n {2}--shutdown.drain-timeout .+ \(default 20s\)\n/)
      assert.match(validate.stdout, /USAGE\n {2}pyroduct validate \[flags\] <path>\n/)
    }))

  it.live("says what it does not understand, and fails", () =>
    Effect.gen(function*() {
      const cases = [
        [["run", "--bogus", "file"], "Unrecognized flag: --bogus in command pyroduct run"],
        [
          ["run", "--server.http.listen-addr=here", "file"],
          "Invalid value for flag --server.http.listen-addr: \"here\". Expected: an address such as 127.0.0.1:12345"
        ],
        [
          ["run", "--shutdown.drain-timeout=5", "file"],
          "Invalid value for flag --shutdown.drain-timeout: \"5\". Expected: a duration such as 30s"
        ]
      ] as const
      const ended = yield* Effect.forEach(cases, ([args]) => pyroduct.run(args), together)
      for (const [index, { code, stderr }] of ended.entries()) {
        assert.strictEqual(code, 1)
        assert.strictEqual(stderr.trim().split("\n").at(-1)!.trim(), cases[index]![1])
      }
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
