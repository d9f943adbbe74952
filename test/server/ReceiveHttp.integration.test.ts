import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Address from "../../src/server/Address.ts"
import * as ReceiveHttp from "../../src/server/ReceiveHttp.ts"
import { send } from "./client.ts"
import { proto, pushPath, request } from "./profileApi.ts"

/** On a free port, in front of a receiver that keeps the names of what it gets. */
const listening = (options: ReceiveHttp.Options = {}) => {
  const names: Array<string | undefined> = []
  const receiver = Receiver.make((profile) =>
    Effect.sync(() => names.push(profile.labels.get("__name__"))).pipe(Effect.as(Receipt.none))
  )
  return ReceiveHttp.layer({ host: "127.0.0.1", port: 0, ...options }).pipe(
    Layer.provide(Layer.succeed(Receiver.Receiver, receiver)),
    Layer.build,
    Effect.provide(Logger.layer([])),
    Effect.map((context) => {
      const { address } = Context.get(context, ReceiveHttp.ReceiveHttp)
      return { names, port: address.port, url: `http://${Address.format(address)}` }
    })
  )
}

describe("ReceiveHttp", () => {
  it.live("hands what is sent in either way to the receiver", () =>
    Effect.gen(function*() {
      const { names, url } = yield* listening()
      assert.strictEqual((yield* send(url + pushPath, { headers: proto, body: request() })).status, 200)
      assert.strictEqual((yield* send(`${url}/ingest?name=app`, { body: "a 1" })).status, 200)
      assert.deepStrictEqual(names, ["process_cpu", "app"])
    }))

  it.live("takes bodies up to the size that it is given", () =>
    Effect.gen(function*() {
      const { names, url } = yield* listening({ maxBodySize: "1 KiB" })
      const statuses = yield* Effect.forEach(
        [1024, 1025],
        (bytes) => Effect.map(send(`${url}/ingest?name=app`, { body: "a".repeat(bytes) }), ({ status }) => status)
      )
      assert.deepStrictEqual(statuses, [200, 413])
      assert.strictEqual(names.length, 1)
    }))

  it.live("frees its port when its scope closes, and fails where the port is taken", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(listening(), scope)
      const error = yield* Effect.flip(listening({ port }))
      assert.strictEqual(error.message, `cannot listen on 127.0.0.1:${port}: address already in use`)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* listening({ port })).port, port)
    }))
})
