import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { temporaryDirectory } from "../support/engine.ts"
import { said } from "./commandLine.ts"

const ofRun = "Run \"pyroduct run --help\" for all flags."

describe("the command line", () => {
  const mistakes = [
    [["start", "x"], "unknown command \"start\"", "Run \"pyroduct --help\" for all commands."],
    [["rn", "x"], "unknown command \"rn\", did you mean run?", "Run \"pyroduct --help\" for all commands."],
    [["run", "--storage.pth=x", "y"], "unknown flag --storage.pth, did you mean --storage.path?", ofRun],
    [["run"], "missing argument PATH", ofRun],
    [["run", "a", "b"], "unexpected argument \"b\"", ofRun],
    [["run", "--storage.path"], "Missing value for flag --storage.path. Expected: <path>", ofRun],
    [
      ["run", "--server.http.listen-addr=here", "file"],
      "Invalid value for flag --server.http.listen-addr: \"here\". Expected: an address such as 127.0.0.1:12345",
      ofRun
    ],
    [
      ["run", "--shutdown.drain-timeout=5", "file"],
      "Invalid value for flag --shutdown.drain-timeout: \"5\". Expected: a duration such as 30s",
      ofRun
    ],
    [
      ["run", "--config.format", "static", "file"],
      "Invalid value for flag --config.format: \"static\". Expected: alloy or flow; \"alloy convert\" makes it of other formats",
      ofRun
    ],
    [
      ["validate", "--cluster.enabled", "file"],
      "unknown flag --cluster.enabled",
      "Run \"pyroduct validate --help\" for all flags."
    ]
  ] as const
  for (const [args, mistake, hint] of mistakes) {
    it.effect(`says in a line what is wrong, and where to look: ${args.join(" ")}`, () =>
      Effect.map(
        said(args),
        (found) => assert.deepStrictEqual(found, { isTaken: false, lines: [`Error: ${mistake}`, hint] })
      ))
  }

  const help = (...args: ReadonlyArray<string>) =>
    Effect.map(said(args), ({ isTaken, lines }) => {
      assert.isTrue(isTaken)
      return lines.join("\n")
    })

  it.effect("explains itself and every command, without the flags that do nothing", () =>
    Effect.gen(function*() {
      const root = yield* help("--help")
      assert.match(root, /USAGE\n {2}pyroduct <subcommand> \[flags\]\n/)
      assert.match(root, /\n {2}run +Run a configuration .*\n {2}validate +Report every problem/)
      const run = yield* help("run", "--help")
      assert.match(run, /USAGE\n {2}pyroduct run \[flags\] <path>\n/)
      assert.match(
        run,
        /\n {2}--server.http.listen-addr .+ \(default 127.0.0.1:12345\) \[PYRODUCT_SERVER_HTTP_LISTEN_ADDR\]\n/
      )
      assert.match(run, /\n {2}--server.http.allowed-hosts .+ \(default ""\) \[PYRODUCT_SERVER_HTTP_ALLOWED_HOSTS\]\n/)
      assert.match(run, /\n {2}--storage.path .+ \(default data-pyroduct\/\) \[PYRODUCT_STORAGE_PATH\]\n/)
      assert.match(run, /\n {2}--shutdown.drain-timeout .+ \(default 20s\) \[PYRODUCT_SHUTDOWN_DRAIN_TIMEOUT\]\n/)
      assert.notMatch(run, /stability|wizard/)
      assert.match(yield* help("validate", "-h"), /USAGE\n {2}pyroduct validate \[flags\] <path>\n/)
    }))

  it.live("takes Alloy's flags, and says which have no effect", () =>
    Effect.gen(function*() {
      const file = join(yield* temporaryDirectory, "empty.alloy")
      yield* Effect.promise(() => writeFile(file, ""))
      const flags = [
        ["--stability.level", "experimental", "--stability.level=public-preview"],
        ["--feature.community-components.enabled", "--config.bypass-conversion-errors=TRUE"],
        ["--config.extra-args=-x"],
        ["--config.format", "flow"]
      ].flat()
      assert.deepStrictEqual(yield* said(["validate", ...flags, file]), {
        isTaken: true,
        lines: [
          "Warning: without an effect: --config.extra-args, --stability.level, " +
          "--config.bypass-conversion-errors, --feature.community-components.enabled"
        ]
      })
    }))
})
