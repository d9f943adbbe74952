import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Result } from "effect"
import * as LiveDebugging from "../../src/components/LiveDebugging.ts"
import * as Logging from "../../src/components/Logging.ts"
import * as RemoteCfg from "../../src/components/RemoteCfg.ts"
import * as Tracing from "../../src/components/Tracing.ts"
import * as Engine from "../../src/engine/Engine.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as Log from "../../src/telemetry/Log.ts"
import { withLog } from "../delivery/observations.ts"
import { problem } from "../syntax/notation.ts"

const settings = (text: string) => ({
  sources: [Source.make("config.alloy", text)],
  registry: Registry.make(Logging.component, Tracing.component, LiveDebugging.component, RemoteCfg.component),
  stdlib: new Map()
})

const problems = (text: string): ReadonlyArray<string> => {
  const checked = Plan.check(settings(text))
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(problem) : []
}

describe("logging", () => {
  it.effect("writes the log as it says, follows a reload, and leaves the default when it is gone", () => {
    const lines: Array<string> = []
    const log = Log.make((line) => lines.push(line))
    log.release()
    /** The line of a warning, or none. */
    const written = Effect.sync(() => (lines.splice(0).at(-1) ?? "").replace(/1970-01-01T00:00:00.000Z/, "0"))
    const warned = Effect.andThen(Effect.logWarning("w"), written)
    return Effect.gen(function*() {
      const engine = yield* Engine.make(settings("logging { format = \"json\" }"))
      const after = (text: string) => Effect.andThen(engine.reload(settings(text).sources), warned)
      assert.strictEqual(yield* warned, "{\"ts\":\"0\",\"level\":\"warn\",\"msg\":\"w\"}")
      assert.strictEqual(yield* after("logging { level = \"error\" }"), "")
      assert.strictEqual(yield* after("logging {\n level = \"\"\n format = \"\"\n}"), "ts=0 level=warn msg=w")
      assert.strictEqual(
        yield* after("logging {\n level = \"debug\"\n format = \"json\"\n}"),
        "{\"ts\":\"0\",\"level\":\"warn\",\"msg\":\"w\"}"
      )
      assert.strictEqual(yield* after(""), "ts=0 level=warn msg=w")
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(Logger.layer([log.logger]), Layer.succeed(Log.Log, log))))
  })

  it("takes Alloy's arguments, as far as there is something to it", () => {
    assert.deepStrictEqual(
      problems("logging {\n  level = \"warn\"\n  format = \"logfmt\"\n  destination = \"stderr\"\n  write_to = []\n}"),
      []
    )
    assert.deepStrictEqual(
      problems("logging {\n  level = \"loud\"\n  format = \"xml\"\n  destination = \"mail\"\n  write_to = [1]\n}"),
      [
        "2:11-2:16 \"loud\" unrecognized log level, must be one of \"debug\", \"info\", \"warn\", \"error\"",
        "3:12-3:16 \"xml\" unrecognized log format, must be one of \"logfmt\", \"json\"",
        "4:17-4:22 \"mail\" unrecognized log destination, must be one of \"stderr\"",
        "5:14-5:16 [1] must be empty: pyroduct has nothing that takes log lines"
      ]
    )
  })
})

describe("global blocks without an effect", () => {
  it.effect("are taken with a warning, where it makes no difference", () =>
    withLog(Effect.fnUntraced(function*(log) {
      const sampler = "sampler {\n jaeger_remote {\n  refresh_interval = \"5s\"\n }\n}"
      yield* Engine.make(settings(
        `tracing {\n sampling_fraction = 1\n write_to = []\n${sampler}\n}
         livedebugging {\n enabled = true\n}
         remotecfg {\n url = ""\n attributes = { a = "b" }\n poll_frequency = "10s"\n}`
      ))
      assert.deepStrictEqual(log.filter(({ level }) => level === "Warn").map(({ message }) => message), [
        "tracing has no effect in pyroduct, which makes no traces of itself",
        "livedebugging has no effect in pyroduct",
        "remotecfg has no effect in pyroduct"
      ])
    })))

  it.effect("say nothing where they are off in Alloy too", () =>
    withLog(Effect.fnUntraced(function*(log) {
      yield* Engine.make(settings("livedebugging { }"))
      assert.deepStrictEqual(log.filter(({ level }) => level === "Warn"), [])
    })))

  it("are refused where it would", () => {
    assert.deepStrictEqual(
      problems(`tracing {
  write_to = [1]
  sampler { jaeger_remote { max_operations = "many" } }
}
remotecfg {
  url            = "https://user:secret@config.example/"
  attributes     = { "collector.os" = "plan9" }
  poll_frequency = "5s"
  bearer_token   = "a"
  basic_auth { }
}`),
      [
        "2:14-2:16 [1] must be empty: pyroduct makes no traces of itself",
        "3:46-3:51 \"many\" should be number, got string",
        "6:20-6:56 \"https://***@config.example/\" must be empty: pyroduct gets its configuration from nowhere else",
        "7:39-7:45 \"collector\" is a reserved namespace for remotecfg attribute keys",
        "8:20-8:23 poll_frequency must be at least \"10s\", got \"5s\"",
        "9:20-9:22 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
      ]
    )
  })
})
