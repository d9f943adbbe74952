import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, Result, Struct } from "effect"
import * as ReceiveHttp from "../../../src/components/pyroscope/ReceiveHttp.ts"
import * as Write from "../../../src/components/pyroscope/Write.ts"
import * as Engine from "../../../src/engine/Engine.ts"
import * as Plan from "../../../src/engine/Plan.ts"
import * as Registry from "../../../src/engine/Registry.ts"
import * as Listener from "../../../src/server/Listener.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { withLog } from "../../delivery/observations.ts"
import { problem } from "../../syntax/notation.ts"

const engineOf = (text: string) => ({
  sources: [Source.make("config.alloy", text)],
  registry: Registry.make(ReceiveHttp.component),
  stdlib: new Map()
})

/** What is wrong with a body; it begins in line 2. */
const problems = (body: string): ReadonlyArray<string> => {
  const engine = engineOf(`pyroscope.receive_http "r" {\n${body}\n}`)
  const checked = Plan.check({ ...engine, registry: Registry.add(engine.registry, Write.component) })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(problem) : []
}

/** A listener that only notes what it should listen with. */
const noting = Effect.sync(() => {
  const settings: Array<Listener.Settings> = []
  const listener = Layer.succeed(Listener.Listener, {
    listen: (wanted) =>
      Effect.sync(() => {
        settings.push(Struct.omit(wanted, ["turnedAway"]))
        return { host: wanted.host, port: wanted.port }
      })
  })
  return { layer: Layer.merge(Logger.layer([]), listener), listener, settings }
})

const defaults: Listener.Settings = {
  owner: "pyroscope.receive_http.r",
  host: "",
  port: 8080,
  connections: 16384,
  readTimeout: Duration.seconds(30),
  writeTimeout: Duration.seconds(30),
  idleTimeout: Duration.seconds(120),
  shutdownTimeout: Duration.seconds(5)
}

const configured = (body: string) =>
  Effect.gen(function*() {
    const { layer, settings } = yield* noting
    yield* Effect.provide(Engine.make(engineOf(`pyroscope.receive_http "r" {\nforward_to = []\n${body}\n}`)), layer)
    return settings
  })

describe("ReceiveHttp", () => {
  it.effect("listens on 8080 of every address, unless it is told otherwise", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* configured(""), [defaults])
      assert.deepStrictEqual(yield* configured("http { }"), [defaults])
      assert.deepStrictEqual(
        yield* configured(`
          graceful_shutdown_timeout = "1m"
          http {
            listen_address       = "127.0.0.1"
            listen_port          = 0
            conn_limit           = 5
            server_read_timeout  = "1s"
            server_write_timeout = "2s"
            server_idle_timeout  = "3s"
            max_body_size        = "1MiB"
          }
        `),
        [{
          owner: "pyroscope.receive_http.r",
          host: "127.0.0.1",
          port: 0,
          connections: 5,
          readTimeout: Duration.seconds(1),
          writeTimeout: Duration.seconds(2),
          idleTimeout: Duration.seconds(3),
          shutdownTimeout: Duration.minutes(1)
        }]
      )
    }))

  it("needs receivers to forward to", () => {
    assert.deepStrictEqual(problems(""), ["1:1-3:1 missing required attribute \"forward_to\""])
    assert.deepStrictEqual(problems("forward_to = pyroscope.write.w"), [
      "2:14-2:30 component \"pyroscope.write.w\" does not exist or is out of scope"
    ])
    assert.deepStrictEqual(problems("forward_to = [1, \"x\"]"), [
      "2:15 1 should be capsule, got number",
      "2:18-2:20 \"x\" should be capsule, got string"
    ])
    assert.deepStrictEqual(problems("forward_to = [pyroscope.write.w]\n}\npyroscope.write \"w\" {"), [
      "2:15-2:31 pyroscope.write.w should be capsule, got object"
    ])
    assert.deepStrictEqual(problems("forward_to = [pyroscope.write.w.receiver]\n}\npyroscope.write \"w\" {"), [])
  })

  it("takes only what a listener can be set to", () => {
    const values = [
      ["listen_port = 65536", "65536 must be between 0 and 65535"],
      ["listen_port = -1", "-1 must be between 0 and 65535"],
      ["conn_limit = 0", "0 must be at least 1"],
      ["server_read_timeout = \"0s\"", "\"0s\" must be greater than 0"],
      ["server_write_timeout = \"-1s\"", "\"-1s\" must be greater than 0"],
      ["server_idle_timeout = 0", "0 must be greater than 0"],
      ["max_body_size = 0", "0 must be at least 1"]
    ] as const
    for (const [line, message] of values) {
      const found = problems(`forward_to = []\nhttp {\n${line}\n}`)
      assert.deepStrictEqual(found.map((text) => text.replace(/^4:[-:\d]+ /, "")), [message])
    }
  })

  it("may cut requests off at once when it stops, but not before", () => {
    assert.deepStrictEqual(problems("forward_to = []\ngraceful_shutdown_timeout = \"0s\""), [])
    assert.deepStrictEqual(problems("forward_to = []\ngraceful_shutdown_timeout = \"-1s\""), [
      "3:29-3:33 \"-1s\" must be at least 0"
    ])
  })

  it.effect("takes a grpc block, and says that nothing serves it", () =>
    withLog(Effect.fnUntraced(function*(log) {
      const { listener } = yield* noting
      const body = "grpc {\n  listen_port = 9095\n  max_connection_age = \"1h\"\n}"
      const engine = engineOf(`pyroscope.receive_http "r" {\nforward_to = []\n${body}\n}`)
      yield* Effect.provide(Engine.make(engine), listener)
      assert.deepStrictEqual(log.filter(({ level }) => level === "Warn").map(({ message }) => message), [
        "profiles go nowhere",
        "grpc is not served, only http is"
      ])
      assert.deepStrictEqual(problems("forward_to = []\ngrpc {\n  listen_port = true\n}"), [
        "4:17-4:20 true should be number, got bool"
      ])
    })))

  it("says what is not supported yet", () => {
    assert.deepStrictEqual(
      problems(
        "forward_to = []\ndebug_info_upload_timeout = \"1m\"\ngrpc { tls { } }\nhttp {\n  http2 { }\n  tls { }\n}"
      ),
      [
        "3:1-3:32 attribute \"debug_info_upload_timeout\" is not supported by pyroduct yet",
        "4:8-4:14 block \"tls\" is not supported by pyroduct yet",
        "6:3-6:11 block \"http2\" is not supported by pyroduct yet",
        "7:3-7:9 block \"tls\" is not supported by pyroduct yet"
      ]
    )
  })
})
