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
      ["run", "--log-level=loud", "file"],
      "Invalid value for flag --log-level: \"loud\". Expected: \"debug\" | \"info\" | \"warn\" | \"error\" | \"none\"",
      ofRun
    ],
    [
      ["help", "walk"],
      "Invalid value for argument <command>: \"walk\". " +
      "Expected: \"run\" | \"validate\" | \"check\" | \"health\" | \"version\" | \"help\"",
      "Run \"pyroduct help --help\" for all flags."
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

  it.effect("names the variable whose value is wrong, and goes by the flag where there is one", () =>
    Effect.gen(function*() {
      const mistaken = (name: string, value: string, expected: string) =>
        Effect.map(
          said(["run", "file"], { [name]: value }),
          (found) =>
            assert.deepStrictEqual(found, {
              isTaken: false,
              lines: [`Error: Invalid value for ${name}: "${value}". Expected: ${expected}`, ofRun]
            })
        )
      yield* mistaken("PYRODUCT_SERVER_HTTP_LISTEN_ADDR", "here", "an address such as 127.0.0.1:12345")
      yield* mistaken("PYRODUCT_LOG_FORMAT", "xml", "\"logfmt\" | \"json\"")
      yield* mistaken("PYRODUCT_CONFIG_WATCH", "maybe", "true or false")
      const env = { PYRODUCT_COMPONENTS_FOREIGN: "x", PYRODUCT_CONFIG_WATCH: "" }
      assert.deepStrictEqual(yield* said(["validate", "--components.foreign=error", "/dev/null"], env), {
        isTaken: true,
        lines: []
      })
    }))

  it.effect("says its version, and explains a command, by commands as well as by flags", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* said(["version"]), yield* said(["--version"]))
      assert.deepStrictEqual(yield* said(["help"]), yield* said(["--help"]))
      assert.deepStrictEqual(yield* said(["help", "run"]), yield* said(["run", "--help"]))
    }))

  it.effect("has shells complete commands, flags, words and paths", () =>
    Effect.gen(function*() {
      for (const shell of ["bash", "zsh", "fish", "powershell"]) {
        const script = yield* help("--completions", shell)
        for (const part of ["validate", "components.foreign", "logfmt", "storage.path"]) assert.include(script, part)
        assert.notInclude(script, "stability.level")
      }
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
