import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stdio } from "effect"
import { TestConsole } from "effect/testing"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Cli from "../../src/Cli.ts"
import { temporaryDirectory } from "../support/engine.ts"

/** Whether a command line is taken, and all that is said of it. */
const said = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Cli.main)
    const lines = [...yield* TestConsole.logLines, ...yield* TestConsole.errorLines]
    return { isTaken: exit._tag === "Success", lines: lines.flatMap((line) => `${line}`.split("\n")) }
  }).pipe(Effect.provide(Layer.mergeAll(
    NodeServices.layer,
    Stdio.layerTest({ args: Effect.succeed(args) }),
    TestConsole.layer
  )))

const ofRun = "Run \"pyroduct run --help\" for all flags."

describe("the command line", () => {
  const mistakes = [
    [["start", "x"], "unknown command \"start\"", "Run \"pyroduct --help\" for all commands."],
    [["rn", "x"], "unknown command \"rn\", did you mean run?", "Run \"pyroduct --help\" for all commands."],
    [["run", "--storage.pth=x", "y"], "unknown flag --storage.pth, did you mean --storage.path?", ofRun],
    [["run"], "missing argument PATH", ofRun],
    [["run", "a", "b"], "unexpected argument \"b\"", ofRun],
    [["run", "--storage.path"], "Missing value for flag --storage.path. Expected: string", ofRun],
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
        said(...args),
        (found) => assert.deepStrictEqual(found, { isTaken: false, lines: [`Error: ${mistake}`, hint] })
      ))
  }

  const help = (...args: ReadonlyArray<string>) =>
    Effect.map(said(...args), ({ isTaken, lines }) => {
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
      assert.match(run, /\n {2}--server.http.listen-addr .+ \(default 127.0.0.1:12345\)\n/)
      assert.match(run, /\n {2}--server.http.allowed-hosts .+ \(default ""\)\n/)
      assert.match(run, /\n {2}--storage.path .+ \(default data-pyroduct\/\)\n/)
      assert.match(run, /\n {2}--shutdown.drain-timeout .+ \(default 20s\)\n/)
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
      assert.deepStrictEqual(yield* said("validate", ...flags, file), {
        isTaken: true,
        lines: [
          "Warning: without an effect: --config.extra-args, --stability.level, " +
          "--config.bypass-conversion-errors, --feature.community-components.enabled"
        ]
      })
    }))
})
