import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger } from "effect"
import { InvalidOptions } from "../../src/delivery/Options.ts"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Listener from "../../src/server/Listener.ts"
import * as ReceiveHttp from "../../src/server/ReceiveHttp.ts"

/** A listener that only notes what it should listen with, and finds 4321 free. */
const noting = Effect.sync(() => {
  const settings: Array<Listener.Settings> = []
  const layer = Layer.mergeAll(
    Logger.layer([]),
    Layer.succeed(Receiver.Receiver, Receiver.make(() => Effect.succeed(Receipt.none))),
    Layer.succeed(Listener.Listener, {
      listen: ({ turnedAway, ...wanted }) =>
        Effect.sync(() => {
          assert.isFunction(turnedAway)
          settings.push(wanted)
          return { host: wanted.host, port: wanted.port || 4321 }
        })
    })
  )
  return { layer, settings }
})

describe("ReceiveHttp", () => {
  it.effect("has a default for every option", () =>
    Effect.gen(function*() {
      const { layer, settings } = yield* noting
      yield* Layer.build(Layer.provide(ReceiveHttp.layerNoDeps(), layer))
      assert.deepStrictEqual(settings, [{
        owner: "",
        host: "",
        port: 8080,
        connections: 16384,
        readTimeout: Duration.seconds(30),
        writeTimeout: Duration.seconds(30),
        idleTimeout: Duration.seconds(120),
        shutdownTimeout: Duration.seconds(5)
      }])
    }))

  it.effect("listens as its options say, and tells where", () =>
    Effect.gen(function*() {
      const { layer, settings } = yield* noting
      const context = yield* Layer.build(
        ReceiveHttp.layerNoDeps({
          host: "127.0.0.1",
          port: 0,
          maxBodySize: "1 MiB",
          connections: 5,
          readTimeout: "1 seconds",
          writeTimeout: 2000,
          idleTimeout: Duration.seconds(3),
          gracefulShutdownTimeout: 0
        }).pipe(Layer.provide(layer))
      )
      assert.deepStrictEqual(Context.get(context, ReceiveHttp.ReceiveHttp).address, { host: "127.0.0.1", port: 4321 })
      assert.deepStrictEqual(settings, [{
        owner: "",
        host: "127.0.0.1",
        port: 0,
        connections: 5,
        readTimeout: Duration.seconds(1),
        writeTimeout: Duration.seconds(2),
        idleTimeout: Duration.seconds(3),
        shutdownTimeout: Duration.zero
      }])
    }))

  it.effect("refuses options that no listener can be set to, all at once", () =>
    Effect.gen(function*() {
      const { layer, settings } = yield* noting
      const problems = (options: ReceiveHttp.Options) =>
        ReceiveHttp.make(options).pipe(
          Effect.provide(layer),
          Effect.flip,
          Effect.map((error) => {
            assert(error instanceof InvalidOptions)
            return error.problems.map(({ detail, option }) => `${option} ${detail}`)
          })
        )
      assert.deepStrictEqual(
        yield* problems({
          port: 65536,
          connections: 0,
          maxBodySize: 0,
          readTimeout: 0,
          writeTimeout: "-1 seconds",
          idleTimeout: "Infinity",
          gracefulShutdownTimeout: "-1 millis"
        }),
        [
          "maxBodySize must be a size of at least 1 byte",
          "port must be between 0 and 65535",
          "connections must be at least 1",
          "readTimeout must be a duration greater than 0",
          "writeTimeout must be a duration greater than 0",
          "idleTimeout must be a duration greater than 0",
          "gracefulShutdownTimeout must be a duration of at least 0"
        ]
      )
      const port = ["port must be between 0 and 65535"]
      for (const wrong of [-1, 80.5, NaN]) assert.deepStrictEqual(yield* problems({ port: wrong }), port)
      assert.deepStrictEqual(yield* problems({ connections: 1.5 }), ["connections must be at least 1"])
      // Not TypeScript: `as` stands for what JavaScript lets through.
      assert.deepStrictEqual(yield* problems({ maxBodySize: "much" as "1 MiB" }), [
        "maxBodySize must be a size of at least 1 byte"
      ])
      assert.deepStrictEqual(yield* problems({ gracefulShutdownTimeout: "5s" as "5 seconds" }), [
        "gracefulShutdownTimeout must be a duration of at least 0"
      ])
      assert.strictEqual(
        (yield* Effect.flip(Effect.provide(ReceiveHttp.make({ port: -1 }), layer))).message,
        "receiving over HTTP: port must be between 0 and 65535"
      )
      assert.deepStrictEqual(settings, [])
      yield* Effect.provide(ReceiveHttp.make({ port: 65535, connections: 1, maxBodySize: 1 }), layer)
      assert.strictEqual(settings.length, 1)
    }))
})
