import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { buffer } from "node:stream/consumers"
import * as Write from "../../../src/components/pyroscope/Write.ts"
import * as Lanes from "../../../src/delivery/Lanes.ts"
import { Receiver } from "../../../src/delivery/Receiver.ts"
import * as StableReceiver from "../../../src/delivery/StableReceiver.ts"
import { ComponentId } from "../../../src/engine/Component.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import * as Profile from "../../../src/profile/Profile.ts"
import { Transport } from "../../../src/transport/Transport.ts"
import { makeJournal } from "../../support/journal.ts"
import * as Push from "../../support/push.ts"
import { makeHttpServer } from "../../support/servers.ts"

const labels = Labels.make({ __name__: "process_cpu", service_name: "shop" })

describe("pyroscope.write, replaced by one with another token while profiles are pushed", () => {
  it.live("delivers every profile, each once", () =>
    Effect.gen(function*() {
      const taken = makeJournal<string>((id) => id)
      const refused = makeJournal<undefined>(() => "refused")
      const { url } = yield* makeHttpServer((response, _count, request) => {
        void buffer(request).then((body) => {
          const isRight = request.headers.authorization === "Bearer right"
          if (isRight) { for (const { samples } of Push.decode(body)) for (const { id } of samples) taken.add(id) }
          else refused.add(undefined)
          response.writeHead(isRight ? 200 : 401).end()
        })
      })
      const { receiver, switchTo } = StableReceiver.make()
      const configure = Effect.fnUntraced(function*(token: string, region: string) {
        const scope = yield* Scope.make()
        const layer = Write.layer({
          endpoint: [{ url, bearer_token: Redacted.make(token) }],
          external_labels: { region }
        })
        const context = yield* Layer.buildWithScope(layer, scope).pipe(
          Effect.provideService(ComponentId, "pyroscope.write.main")
        )
        switchTo(Context.get(context, Receiver))
        return Scope.close(scope, Exit.void)
      })
      const receipts: Array<Effect.Effect<unknown>> = []
      const push = Effect.gen(function*() {
        const samples = [{ id: `${receipts.length}`, profile: new Uint8Array(1000) }]
        receipts.push((yield* receiver.push(Profile.series(labels, samples))).outcomes)
      }).pipe(Effect.uninterruptible)

      const first = yield* configure("wrong", "eu")
      yield* Effect.repeat(push, { times: 99 })
      yield* refused.atLeast(5)
      const pushing = yield* Effect.forkChild(Effect.forever(Effect.andThen(push, Effect.yieldNow)))
      const second = yield* configure("right", "eu")
      yield* Effect.forkChild(first)
      yield* taken.atLeast(50)
      const third = yield* configure("right", "us")
      yield* Effect.all([second, taken.atLeast(200)])
      pushing.interruptUnsafe()
      yield* third

      const outcomes = yield* Effect.all(receipts)
      assert.deepStrictEqual(outcomes, receipts.map(() => [{ _tag: "Delivered", endpoint: url }]))
      assert.sameMembers(taken.all.map(String), receipts.map((_, id) => `${id}`))
    }).pipe(Effect.provide(Layer.mergeAll(Transport.layer, Lanes.layer, Logger.layer([])))))
})
