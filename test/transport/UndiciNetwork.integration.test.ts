import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Client from "../../src/transport/Client.ts"
import * as Material from "../../src/transport/Material.ts"
import { Resolver } from "../../src/transport/Resolver.ts"
import * as UndiciNetwork from "../../src/transport/UndiciNetwork.ts"
import * as Files from "../support/files.ts"
import { authority, makeHttpServer, trusted } from "../support/servers.ts"
import { push, settingsOf } from "./connecting.ts"

const file = "/run/ca.pem"

/** A client whose authorities are in a file, while it is being made. */
const making = Effect.fnUntraced(function*(files: Files.Files, url: string) {
  const platform = Layer.mergeAll(files.layer, Layer.succeed(Resolver, (address) => Effect.succeed([address])))
  const network = UndiciNetwork.layer.pipe(Layer.provideMerge(platform))
  const context = yield* Layer.build(network)
  return yield* Effect.forkScoped(
    Effect.provideContext(
      Effect.map(Client.make(settingsOf({ tls: { ca: Material.file(file) } })), (client) => Client.below(client, url)),
      context
    ),
    { startImmediately: true }
  )
})

describe("A connection whose certificates' file is not there", () => {
  it.effect("for it gives no answer, is not waited for at the start, says why nothing is sent, and is made once there is an answer", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttpServer(undefined, trusted)
      const files = Files.make({ [file]: authority.certificate })
      files.stall()
      const starting = yield* making(files, url)
      yield* TestClock.adjust("2 seconds")
      const send = yield* Fiber.join(starting)
      const error = yield* Effect.flip(send(push()))
      assert.strictEqual(error.message, `nothing can be read that stays as it is: ${file}`)
      assert.deepInclude(error, { _tag: "NoCredential", source: "credential file" })
      files.stall(false)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* send(push())).status, 200)
    }))

  it.effect("is made when there is one", () =>
    Effect.gen(function*() {
      const { url } = yield* makeHttpServer(undefined, trusted)
      const files = Files.make()
      const send = yield* Fiber.join(yield* making(files, url))
      assert.match(
        (yield* Effect.flip(send(push()))).message,
        /^unable to read CA cert: unable to read file \/run\/ca\.pem: no such file/
      )
      files.write(file, authority.certificate)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* send(push())).status, 200)
    }))
})
